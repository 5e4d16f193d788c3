"""Section 10.1: what a stream carries is processed in its order."""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.generate.hostile import MALFORMED
from conformance.generate.text import CUTS, offsets
from conformance.rfc6120.common import (
    after,
    answers,
    bind_request,
    came,
    jid_in,
    written,
)
from conformance.rfc6120.streams import reached
from conformance.suite import Case, Stage, requires
from harness.xmpp import namespaces as ns

_TO_CLIENT = st.sampled_from(
    ["message to full", "message to bare", "presence to full", "presence to bare", "iq to full"]
)
_TO_SERVER = st.just("iq to server")
_ORDER = st.lists(_TO_CLIENT | _TO_SERVER, min_size=5, max_size=20)


@requires("in-order-delivery", kinds=_ORDER, cuts=CUTS)
async def test_delivery(case: Case, kinds: list[str], cuts: list[float]) -> None:
    """Stanzas of every kind, to bare and full JID by turns, and requests to the server between."""
    receiver, sender = await case.pair()
    await after(case, receiver, "<presence/>")
    await reached(receiver)
    addresses = {"full": receiver.jid, "bare": case.jid(1), "server": case.domain}
    text = ""
    expected: list[str] = []
    requests: list[str] = []
    for number, what in enumerate(kinds):
        kind, _, to = what.partition(" to ")
        text += written(kind, addresses[to], id=f"n{number}")
        (requests if to == "server" else expected).append(f"n{number}")
    await sender.send(text, offsets(cuts, text))
    found = await answers(case, sender, requests)
    case.check(
        {element.get("id") for element in found} == set(requests),
        "an answer to each request",
        "other answers",
    )
    elements = (await reached(receiver)).elements
    ids = [e.get("id") for e in elements if e.get("from") == sender.jid]
    case.check(ids == expected, "the stanzas in the order sent", "another order, or a loss")


def _roster(type_: str, name: str, inner: str = "") -> str:
    query = f"<query xmlns='{ns.ROSTER}'>{inner}</query>"
    return f"<iq type='{type_}' id='{name}'>{query}</iq>"


@requires("in-order-requests", cuts=CUTS)
async def test_requests(case: Case, cuts: list[float]) -> None:
    """A roster that is read, changed and read again in one write."""
    jid = f"somebody-q7@{case.domain}"
    stream = await case.bound()
    remove = _roster("set", "remove", f"<item jid='{jid}' subscription='remove'/>")
    text = (
        _roster("get", "before")
        + _roster("set", "add", f"<item jid='{jid}'/>")
        + _roster("get", "between")
        + remove
        + _roster("get", "behind")
    )
    await stream.send(text, offsets(cuts, text))
    found = await answers(case, stream, ["before", "add", "between", "remove", "behind"])
    seen = {
        element.get("id"): any(item.get("jid") == jid for item in element.iter())
        for element in found
    }
    case.check(len(seen) == 5, "an answer to each request", "a request without answer")
    case.check(
        not seen["before"] and seen["between"] and not seen["behind"],
        "each reading shows what precedes it",
        "a reading shows what follows it, or not what precedes it",
    )


@requires("in-order-negotiation", cuts=CUTS)
async def test_negotiation(case: Case, cuts: list[float]) -> None:
    """A bind request, presence and a message in one write, as if sent one by one."""
    other = await case.bound(0, available=True)
    receiver = await case.bound(1)
    stream = await case.at(Stage.UNBOUND)
    message = written("message", receiver.jid)
    text = bind_request() + written("presence", "", id="p") + message
    await stream.send(text, offsets(cuts, text))
    found = await answers(case, stream, ["b"])
    stream.jid = next(map(jid_in, found), "")
    case.check(stream.jid, "a bound resource", "no bound resource")
    arrived = {e.get("id"): e.get("from") for e in (await reached(receiver)).elements}
    case.check(arrived == {"x": stream.jid}, "the message from the JID", "no message, or another")
    presence = {e.get("from") for e in (await reached(other)).elements if e.tag == ns.PRESENCE}
    case.check(stream.jid in presence, "the presence of the JID", "no presence")


@requires("in-order-end-of-stream", count=st.integers(1, 6), malformed=MALFORMED)
async def test_end_of_stream(case: Case, count: int, malformed: str) -> None:
    """Messages in the same write as malformed XML: those before it arrive, those behind do not."""
    receiver, sender = await case.bound(1), await case.bound(0)
    before = [f"n{number}" for number in range(count)]
    text = "".join(written("message", receiver.jid, id=name) for name in before)
    text += malformed + written("message", receiver.jid, id="behind")
    reaction = await after(case, sender, text)
    case.saw_close(reaction.close)
    found = await came(receiver, "message")
    case.check("behind" not in found, "nothing of what is behind", "what is behind delivered")
    case.check(found == before, "all messages before the fault", "a message lost")
