"""Section 3.4: resourceparts, the profile OpaqueString of PRECIS."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import strategies as st

from conformance.generate.addresses import RESOURCEPARTS
from conformance.player import name_of
from conformance.rfc6120.common import after, bind_request, condition_in, jid_in, written
from conformance.rfc6120.streams import messages
from conformance.rfc7622.profiles import acceptance, became, forms, preparation
from conformance.rfc7622.slots import OTHER_CONDITION, asked
from conformance.suite import Allowed, Case, Stage, requires
from conformance.suite.effort import fewer
from conformance.wire.negotiation import bind
from conformance.wire.stream import RawStream

_IDS = {
    "letters": "jid-resource-allowed",
    "case": "jid-resource-kept",
    "punctuation": "jid-resource-opaque",
    "decomposed": "jid-resource-normalised",
    "single-space": "jid-resource-allowed",
    "other-space": "jid-resource-spaces",
    "symbol": "jid-resource-allowed",
    "sharp-s": "jid-resource-kept",
    "width": "jid-resource-kept",
    "compatible": "jid-resource-kept",
    "forbidden": "jid-resource-disallowed",
    "ignorable": "jid-resource-disallowed",
    "joiner": "jid-resource-context",
    "joiner-alone": "jid-resource-context",
    "right-to-left-digits": "jid-resource-allowed",
    "mixed-directions": "jid-resource-allowed",
    "newer": "jid-resource-allowed",
}
_CLASSES = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.requires(_IDS[name])) for name in RESOURCEPARTS]
)

_INSTEAD = "another resource instead"


@fewer(5)
@_CLASSES
@requires("address-resource-prep", data=st.data())
async def test_in_to(case: Case, name: str, data: st.DataObject) -> None:
    """Of a stanza: an address, though of no resource, or <jid-malformed/>."""
    stream = await case.bound()
    for _ in range(4):
        resource = data.draw(RESOURCEPARTS[name])
        jid = f"{case.jid(1)}/{resource}"
        case.judge(await asked(case, stream, jid), acceptance("resourcepart", resource))


@fewer(3)
@_CLASSES
@requires("address-resource-prep", "jid-enforced-in-bind", data=st.data())
async def test_in_bind(case: Case, name: str, data: st.DataObject) -> None:
    """The JID that is bound has the canonical form. A server may choose another resource."""
    stream = await case.at(Stage.UNBOUND)
    resource = data.draw(RESOURCEPARTS[name])
    allowed = preparation("resourcepart", resource)
    seen = await _bound(stream, resource)
    strict = (*allowed.strict, *([_INSTEAD] if "refused" in allowed.strict else []))
    case.judge(seen, Allowed(allowed.words, strict, (*allowed.lenient, _INSTEAD)))


async def _bound(stream: RawStream, resource: str) -> str:
    """What became of the resource that a bind request asks for."""
    await stream.send(bind_request(resource))
    answer = await stream.element("^iq ")
    if name_of(answer) != "iq result":
        malformed = condition_in(answer) in ("bad-request", "jid-malformed")
        return "refused" if malformed else OTHER_CONDITION
    stream.jid = jid_in(answer)
    found = stream.jid.partition("/")[2]
    seen = became("resourcepart", resource, found)
    return _INSTEAD if seen == "another form" else seen


@fewer(2)
@pytest.mark.parametrize("name", ["decomposed", "other-space", "letters", "punctuation"])
@requires("jid-resource-comparison", "address-resource-prep", data=st.data())
async def test_resource_spelt_otherwise(case: Case, name: str, data: st.DataObject) -> None:
    """The canonical form is bound; every other spelling of it reaches the same resource."""
    resource = data.draw(RESOURCEPARTS[name])
    canonical = forms("resourcepart", resource).precis
    assert canonical is not None
    receiver = await case.at(Stage.UNBOUND, 1)
    if (await bind(receiver, canonical)).partition("/")[2] != canonical:
        raise case.unknown("the server binds another resource than was asked for")
    sender = await case.bound(0)
    for number, text in enumerate((resource, unicodedata.normalize("NFD", canonical))):
        jid = f"{case.jid(1)}/{text}"
        reaction = await after(case, sender, written("message", jid, id=f"x{number}"))
        came = await messages(receiver)
        case.judge(
            "delivered" if came == [f"x{number}"] else f"not delivered; {reaction}",
            Allowed("delivered", ("delivered",)),
        )


@requires("jid-resource-case", "address-resource-prep")
async def test_resources_that_differ_in_case(case: Case) -> None:
    """They are two: both can be bound, and each gets its own."""
    names = ("Phone-q7", "phone-q7")
    streams = [await case.at(Stage.UNBOUND, 1) for _ in names]
    for stream, name in zip(streams, names, strict=True):
        jid = await bind(stream, name)
        case.check(jid.endswith(f"/{name}"), "the resource asked for", "another resource")
    sender = await case.bound(0)
    for name in names:
        await after(case, sender, written("message", f"{case.jid(1)}/{name}", id=name))
    for stream, name in zip(streams, names, strict=True):
        case.check(await messages(stream) == [name], "its own message", "another message, or none")
