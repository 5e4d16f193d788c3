"""Where a client can put an address, and what the server shows of what it made of it.

A request to an address is refused as malformed, or brings another answer: then the address is
one. A roster item shows its JID as it is kept, and the answer to bind the resource.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from conformance.player import name_of
from conformance.rfc6120.common import PING, ROSTER_GET, answers, condition_in, written
from conformance.rfc6121.recipient import removal
from conformance.suite import Case
from conformance.wire.stream import RawStream
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

_ITEM = f"{{{ns.ROSTER}}}query/{{{ns.ROSTER}}}item"
# What a server says of an address that it takes for one, but does not reach.
_UNREACHABLE = {
    "service-unavailable",
    "feature-not-implemented",
    "remote-server-not-found",
    "remote-server-timeout",
    "recipient-unavailable",
    "item-not-found",
    "forbidden",
    "not-allowed",
    "policy-violation",
    "internal-server-error",
}
OTHER_CONDITION = "refused with another condition"


async def asked(case: Case, stream: RawStream, jid: str) -> str:
    """Whether a request to this address is "accepted" or "refused"."""
    await stream.send(written("iq", jid, PING))
    found = await answers(case, stream, ["x"])
    if not found:
        return "no answer"
    condition = condition_in(found[0]) if found[0].get("type") == "error" else ""
    if condition == "jid-malformed":
        return "refused"
    return "accepted" if not condition or condition in _UNREACHABLE else OTHER_CONDITION


async def kept(case: Case, stream: RawStream, jid: str, mark: str) -> tuple[str | None, str]:
    """Put an address into the roster. The JID of the item, by which it is found: it contains
    `mark`; None if it is refused, and then how."""
    item = f"<item jid='{stanza.escape(jid).decode()}'/>"
    query = f"<query xmlns='{ns.ROSTER}'>{item}</query>"
    await stream.send(written("iq", "", query, type="set"))
    found = await answers(case, stream, ["x"])
    if not found or name_of(found[0]) != "iq result":
        malformed = bool(found) and condition_in(found[0]) in ("jid-malformed", "bad-request")
        return None, "refused" if malformed else OTHER_CONDITION
    entry = next((jid for jid in await _roster(case, stream) if mark in jid), "")
    if entry:
        await stream.send(removal(stanza.escape(entry).decode()))
        await answers(case, stream, ["remove"])
    return entry, ""


async def _roster(case: Case, stream: RawStream) -> list[str]:
    await stream.send(written("iq", "", ROSTER_GET, id="roster"))
    found: list[Element] = await answers(case, stream, ["roster"])
    return [item.get("jid", "") for element in found for item in element.findall(_ITEM)]
