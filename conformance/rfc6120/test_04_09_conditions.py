"""Section 4.9.3: conditions that are about a client's session. Headers and XML bring the others."""

from __future__ import annotations

import pytest

from conformance.generate.text import NAMES
from conformance.rfc6120.common import after
from conformance.rfc6120.streams import reached
from conformance.suite import Allowed, Case, Stage, requires
from conformance.verdicts import stream_error
from conformance.wire.stream import RawStream
from harness.xmpp import namespaces as ns

_JID = f"{{{ns.BIND}}}bind/{{{ns.BIND}}}jid"


async def bound_as(case: Case, resource: str) -> tuple[RawStream, str]:
    """A stream of our account that has asked for this resource, and the JID that it got; empty
    when it was refused."""
    stream = await case.at(Stage.UNBOUND)
    wish = f"<resource>{resource}</resource>"
    await stream.send(f"<iq type='set' id='bind'><bind xmlns='{ns.BIND}'>{wish}</bind></iq>")
    return stream, (await stream.element("^iq (result|error)")).findtext(_JID) or ""


@requires("stream-error-conflict", "stream-error-generate", resource=NAMES)
async def test_conflict(case: Case, resource: str) -> None:
    """Only a stream that the server gives up gets the error: section 7.7.2.2 leaves it a choice."""
    first, jid = await bound_as(case, resource)
    if not jid:
        raise case.unknown("the resource was refused")
    _, taken = await bound_as(case, resource)
    if taken != jid:
        case.judge(await after(case, first, ""), Allowed("the first stream alive", ("ignored",)))
        return
    reaction = await first.react()
    case.judge(reaction, stream_error("conflict"))
    case.check(
        reaction.close not in ("NO-TAG", "OPEN"),
        "the closing tag and the end of the connection",
        f"close {reaction.close}",
    )


_KINDS = pytest.mark.parametrize("kind", ["message", "presence", "iq"])
_FALSE = {
    "other-account": "{other}",
    "other-resource-of-other-account": "{other}/r",
    "server": "{domain}",
    "other-domain": "somebody@elsewhere.example/r",
}


def from_(kind: str, sender: str, to: str) -> str:
    """A stanza that says who it is from."""
    request = "type='get'" if kind == "iq" else ""
    return f"<{kind} from='{sender}' to='{to}' id='m' {request}><q xmlns='urn:example:q'/></{kind}>"


@_KINDS
@pytest.mark.parametrize("false", _FALSE)
@requires("stream-error-invalid-from", "stream-error-generate")
async def test_false_from(case: Case, kind: str, false: str) -> None:
    receiver, sender = await case.pair()
    address = _FALSE[false].format(other=case.jid(2), domain=case.domain)
    refusal = await after(case, sender, from_(kind, address, receiver.jid))
    for stanza in (await reached(receiver)).elements:
        case.check(
            stanza.get("from") == sender.jid, "the true from at the addressee", "the false from"
        )
    case.judge(
        refusal,
        Allowed(
            "<invalid-from/>, or the stanza with the true from",
            ("stream error invalid-from", "ignored"),
            ("stream error *", "* error *"),
        ),
    )


@_KINDS
@pytest.mark.parametrize("form", ["bare", "full"])
@requires("stream-error-invalid-from")
async def test_own_from_is_no_error(case: Case, kind: str, form: str) -> None:
    receiver, sender = await case.pair()
    address = sender.jid if form == "full" else case.jid()
    case.judge(
        await after(case, sender, from_(kind, address, receiver.jid)),
        Allowed("no error", ("ignored",)),
    )
    came = (await reached(receiver)).elements
    case.check(
        [stanza.get("from") for stanza in came] == [sender.jid],
        "the stanza with the full JID",
        "another from" if came else "nothing delivered",
    )


@pytest.mark.parametrize("to", ["server", "client"])
@requires("stream-error-invalid-xml")
async def test_invalid_xml(case: Case, to: str) -> None:
    """A type that the schema does not have; a server need not validate (section 11.4)."""
    receiver, sender = await case.pair()
    address = receiver.jid if to == "client" else case.domain
    text = f"<iq type='subscribe' id='m' to='{address}'><ping xmlns='urn:xmpp:ping'/></iq>"
    case.judge(
        await after(case, sender, text),
        Allowed(
            "<bad-request/>", ("iq error bad-request",), ("iq error *", "stream error invalid-xml")
        ),
    )
