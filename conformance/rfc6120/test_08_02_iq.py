"""Sections 8.2.3 and 10.3.3: requests, and what answers them."""

from __future__ import annotations

from typing import NamedTuple
from xml.etree.ElementTree import Element

import pytest

from conformance.generate.stanzas import IDS, REQUESTS, UNKNOWN_PAYLOADS
from conformance.generate.text import CUTS, offsets
from conformance.player import name_of
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import RawStream, Reaction

_TYPES = {"auth", "cancel", "continue", "modify", "wait"}
_STANZAS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"
_FENCE = "<iq type='get' id='the-fence' to='{}'><ping xmlns='urn:xmpp:ping'/></iq>"
_ERROR = "{jabber:client}error"


async def after(
    case: Case, stream: RawStream, text: str, cuts: list[float] | None = None
) -> Reaction:
    """What comes between this text and the answer to a ping behind it."""
    await stream.send(text, offsets(cuts or [], text))
    await stream.send(_FENCE.format(case.domain))
    return await stream.react("^iq .*the-fence$")


class To(NamedTuple):
    """An address that the server itself answers for."""

    name: str
    pattern: str

    def attribute(self, case: Case) -> str:
        """It as an attribute."""
        address = self.pattern.format(domain=case.domain, bare=case.jid())
        return f" to='{address}'" if address else ""


ADDRESSES = [To("none", ""), To("server", "{domain}"), To("own-account", "{bare}")]
_EVERY = pytest.mark.parametrize("to", [pytest.param(to, id=to.name) for to in ADDRESSES])


@_EVERY
@requires(
    "stanza-iq-reply",
    "stanza-iq-id",
    "stanza-attribute-id",
    "stanza-kind-iq",
    kind=REQUESTS,
    payload=UNKNOWN_PAYLOADS,
    identifier=IDS,
    cuts=CUTS,
)
async def test_unknown_payload(
    case: Case, to: To, kind: str, payload: str, identifier: str, cuts: list[float]
) -> None:
    """One error <service-unavailable/>, with the id of the request (section 8.4)."""
    stream = await case.bound()
    text = f"<iq type='{kind}' id='{identifier}'{to.attribute(case)}>{payload}</iq>"
    reaction = await after(case, stream, text, cuts)
    case.judge(
        reaction,
        Allowed(
            "one iq error <service-unavailable/>",
            ("iq error service-unavailable",),
            ("iq error feature-not-implemented",),
        ),
    )
    check_answer(case, reaction.elements[0], identifier)


def check_answer(case: Case, answer: Element, identifier: str) -> None:
    """An error that answers a stanza is well made (sections 8.1.3 and 8.3)."""
    case.check(answer.get("id") == identifier, "the id of the request", "another id")
    errors = answer.findall(_ERROR)
    case.check(len(errors) == 1, "one <error/>", f"{len(errors)} <error/>")
    case.check(errors[0].get("type") in _TYPES, "an error type of section 8.3.2", "another type")
    conditions = [e for e in errors[0] if e.tag.startswith(_STANZAS) and e.tag != f"{_STANZAS}text"]
    case.check(len(conditions) == 1, "one defined condition", f"{len(conditions)} conditions")


@_EVERY
@requires("stanza-iq-reply", "stanza-iq-type", "stanza-error-reply", identifier=IDS)
async def test_result_and_error_are_not_answered(case: Case, to: To, identifier: str) -> None:
    stream = await case.bound()
    error = (
        "<error type='cancel'><service-unavailable "
        "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
    )
    address = to.attribute(case)
    reaction = await after(
        case,
        stream,
        f"<iq type='result' id='{identifier}'{address}/>"
        f"<iq type='error' id='{identifier}'{address}>{error}</iq>",
    )
    case.judge(reaction, Allowed("no answer", ("ignored",)))


class Bad(NamedTuple):
    """A request that is not one."""

    name: str
    text: str
    requirements: tuple[str, ...]


_QUERY = "<q xmlns='urn:example:q'/>"
BAD = [
    Bad("no-type", f"<iq id='bad'{{to}}>{_QUERY}</iq>", ("stanza-iq-type",)),
    Bad("unknown-type", f"<iq type='ask' id='bad'{{to}}>{_QUERY}</iq>", ("stanza-iq-type",)),
    Bad("no-child", "<iq type='get' id='bad'{to}/>", ("stanza-iq-child",)),
    Bad(
        "two-children", f"<iq type='get' id='bad'{{to}}>{_QUERY}{_QUERY}</iq>", ("stanza-iq-child",)
    ),
]


@pytest.mark.parametrize(
    "bad", [pytest.param(b, id=b.name, marks=pytest.mark.requires(*b.requirements)) for b in BAD]
)
@_EVERY
@requires("stanza-error-bad-request")
async def test_bad_request(case: Case, bad: Bad, to: To) -> None:
    stream = await case.bound()
    reaction = await after(case, stream, bad.text.replace("{to}", to.attribute(case)))
    children = bad.name in ("no-child", "two-children")  # the text says MUST, but not what follows
    case.judge(
        reaction,
        Allowed(
            "<bad-request/>",
            ("iq error bad-request",),
            ("iq error *", "*stream error *") if children else ("*stream error invalid-xml",),
        ),
    )


@_EVERY
@requires("stanza-iq-id", "stanza-iq-reply")
async def test_request_without_id(case: Case, to: To) -> None:
    """The id is required; where the server answers all the same, the answer's is empty."""
    stream = await case.bound()
    reaction = await after(case, stream, f"<iq type='get'{to.attribute(case)}>{_QUERY}</iq>")
    case.judge(
        reaction,
        Allowed("an error", ("iq error *", "*stream error *"), ("ignored",)),
    )
    for answer in reaction.elements:
        if name_of(answer).startswith("iq "):
            case.check(not answer.get("id"), "an empty id", "an id that the request did not have")


@requires("stanza-iq-reply", "stanza-kind-iq", payload=UNKNOWN_PAYLOADS, identifier=IDS)
async def test_between_clients(case: Case, payload: str, identifier: str) -> None:
    """Request and answer pass through; the answer comes once."""
    asked, asking = await case.pair()
    await asking.send(f"<iq type='get' id='{identifier}' to='{asked.jid}'>{payload}</iq>")
    request = await asked.element("^iq get$")
    case.check(request.get("id") == identifier, "the id of the request", "another id")
    case.check(request.get("from") == asking.jid, "from = the full JID", "another from")
    await asked.send(f"<iq type='result' id='{identifier}' to='{asking.jid}'/>")
    answer = await asking.element("^iq ")
    case.check(name_of(answer) == "iq result", "the result", name_of(answer))
    case.check(answer.get("id") == identifier, "the id of the request", "another id")
    case.judge(await after(case, asking, ""), Allowed("no second answer", ("ignored",)))
