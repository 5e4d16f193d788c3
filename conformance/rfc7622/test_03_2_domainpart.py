"""Section 3.2: domainparts."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from conformance.generate.addresses import DOMAINPARTS, spelt
from conformance.player import describe
from conformance.rfc6120.common import after, written
from conformance.rfc6120.streams import messages
from conformance.rfc7622.profiles import LONGEST, LONGEST_NAME, acceptance, became, preparation
from conformance.rfc7622.slots import OTHER_CONDITION, asked, kept
from conformance.suite import Allowed, Case, Stage, requires
from conformance.suite.effort import fewer
from conformance.wire.negotiation import bind, header

_IDS = {
    "names": "jid-domain-labels",
    "u-labels": "jid-domain-labels",
    "addresses": "jid-domain-forms",
    "case": "jid-domain-mapped",
    "width": "jid-domain-mapped",
    "decomposed": "jid-domain-mapped",
    "wide-dot": "jid-domain-mapped",
    "final-dot": "jid-domain-final-dot",
    "a-labels": "jid-domain-a-labels",
    "sharp-s": "jid-domain-idna2008",
    "bad-a-label": "jid-domain-a-labels",
    "symbol": "jid-domain-idna2008",
    "hyphen": "jid-domain-labels",
    "not-ldh": "jid-domain-labels",
    "excluded": "jid-domain-labels",
    "empty-label": "jid-domain-labels",
    "forbidden": "jid-domain-labels",
}
_CLASSES = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.requires(_IDS[name])) for name in DOMAINPARTS]
)
_SHOWN = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.requires(_IDS[name]))
        for name in DOMAINPARTS
        if name != "addresses"
    ],
)


@fewer(5)
@_CLASSES
@requires("address-domain-prep", data=st.data())
async def test_in_to(case: Case, name: str, data: st.DataObject) -> None:
    """Of a stanza: an address, or <jid-malformed/>."""
    stream = await case.bound()
    for _ in range(3):
        domain = data.draw(DOMAINPARTS[name])
        case.judge(await asked(case, stream, f"q7@{domain}"), acceptance("domainpart", domain))


@fewer(5)
@_SHOWN
@requires("address-domain-prep", "jid-enforced-in-roster", data=st.data())
async def test_in_roster(case: Case, name: str, data: st.DataObject) -> None:
    """The item has the canonical form."""
    stream = await case.bound()
    for number in range(3):
        domain = data.draw(DOMAINPARTS[name])
        local = f"q7-{number}"
        entry, refusal = await kept(case, stream, f"{local}@{domain}", f"{local}@")
        found = None if entry is None else entry.partition("@")[2]
        seen = became("domainpart", domain, found) if found is not None else refusal
        case.judge(seen, preparation("domainpart", domain))


_SPELLINGS = {
    "case": "jid-domain-comparison",
    "width": "jid-domain-comparison",
    "wide-dot": "jid-domain-comparison",
    "final-dot": "jid-domain-final-dot",
}
_OWN = pytest.mark.parametrize(
    "how",
    [pytest.param(how, marks=pytest.mark.requires(name)) for how, name in _SPELLINGS.items()],
)


def _spelling(case: Case, how: str, data: st.DataObject) -> str:
    if how == "final-dot":
        return f"{case.domain}."
    if how == "wide-dot":
        return case.domain.replace(".", "．")
    return case.domain.upper() if how == "case" else data.draw(spelt(case.domain))


@fewer(5)
@_OWN
@requires("address-domain-prep", data=st.data())
async def test_own_domain_spelt_otherwise(case: Case, how: str, data: st.DataObject) -> None:
    """It is the same account, and the same resource of it."""
    receiver, sender = await case.bound(1, available=True), await case.bound(0)
    domain = _spelling(case, how, data)
    user, resource = case.jid(1).partition("@")[0], receiver.jid.partition("/")[2]
    for number, to in enumerate((f"{user}@{domain}", f"{user}@{domain}/{resource}")):
        text = written("message", to, "<body>x</body>", type="chat", id=f"x{number}")
        reaction = await after(case, sender, text)
        came = await messages(receiver)
        case.judge(
            "delivered" if came == [f"x{number}"] else f"not delivered; {reaction}",
            Allowed("delivered", ("delivered",)),
        )


@fewer(5)
@_OWN
@requires("address-domain-prep", data=st.data())
async def test_stream_to_own_domain_spelt_otherwise(
    case: Case, how: str, data: st.DataObject
) -> None:
    """The 'to' of a stream header is an address too (section 4)."""
    stream = await case.at(Stage.CONNECTED)
    await stream.send(header(_spelling(case, how, data)))
    reaction = await stream.react("^features ")
    case.judge(describe(reaction.elements, reaction.ending), Allowed("features", ("ignored",)))


@requires("jid-domain-extracted", resource=st.sampled_from(["a@b", "a@b.invalid/c", "a/b@c"]))
async def test_at_sign_behind_a_slash(case: Case, resource: str) -> None:
    """It belongs to the resource: the domain is what stands before the slash."""
    receiver = await case.at(Stage.UNBOUND, 1)
    if not (await bind(receiver, resource)).endswith(f"{case.domain}/{resource}"):
        raise case.unknown("the server binds another resource than was asked for")
    sender = await case.bound(0)
    reaction = await after(case, sender, written("message", f"{case.jid(1)}/{resource}"))
    came = await messages(receiver)
    case.judge(
        "delivered" if came == ["x"] else f"not delivered; {reaction}",
        Allowed("delivered", ("delivered",)),
    )


_LONG = {
    "label": ("x" * 63 + ".invalid", True),
    "longer-label": ("x" * 64 + ".invalid", False),
    "name": (".".join(["x" * 60] * 4) + ".invalid", True),
    "longer-name": (".".join(["x" * 60] * 4) + ".xx.invalid", False),
    "longest-part": (".".join(["x" * 63] * 16)[:LONGEST], False),
    "too-long": (".".join(["x" * 60] * 17), False),
    "too-long-label": ("x" * (LONGEST + 1), False),
}
assert len(_LONG["name"][0]) <= LONGEST_NAME < len(_LONG["longer-name"][0])


@pytest.mark.parametrize("name", _LONG)
@requires("address-domain-length")
async def test_length(case: Case, name: str) -> None:
    """What only the DNS forbids is tolerated."""
    domain, valid = _LONG[name]
    stream = await case.bound()
    tolerated = ("accepted",) if len(domain) <= LONGEST else ()
    case.judge(
        await asked(case, stream, f"q7@{domain}"),
        Allowed("an address", ("accepted",))
        if valid
        else Allowed("<jid-malformed/>", ("refused",), (OTHER_CONDITION, *tolerated)),
    )
