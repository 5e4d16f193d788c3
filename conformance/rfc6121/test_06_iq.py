"""Section 6: requests, about the roster and about anything."""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.generate.stanzas import EXTENSIONS, PAYLOADS, REQUESTS, UNKNOWN_PAYLOADS
from conformance.generate.text import CUTS, offsets
from conformance.player import name_of
from conformance.rfc6120.common import UNAVAILABLE, after, answers, delivered, written
from conformance.rfc6121.presences import whole
from conformance.rfc6121.rosters import Client, clients, contact, item, query, removal
from conformance.suite import Case, requires
from harness.xmpp import namespaces as ns

_ROSTER = st.sampled_from(
    [
        ("get", query()),
        ("get", query(ver="")),
        ("set", query()),
        ("set", query(item("{jid}", "Nurse"))),
        ("set", query(item("{jid}", "Other", ["Servants"]))),
        ("set", query(item("{jid}") + item("{other}"))),
        ("set", query(removal("{jid}"))),
        ("set", query("<item/>")),
    ]
)
_REQUESTS = st.lists(_ROSTER | st.tuples(REQUESTS, PAYLOADS), min_size=2, max_size=12)


@requires("iq-semantics", "roster-get", "roster-set", requests=_REQUESTS, cuts=CUTS)
async def test_each_is_answered_once(
    case: Case, requests: list[tuple[str, str]], cuts: list[float]
) -> None:
    """Many at once, right and wrong ones, with and without the server as their address."""
    async with clients(case, True) as [one]:
        text = ""
        for number, (type_, payload) in enumerate(requests):
            inner = payload.replace("{jid}", contact(case)).replace("{other}", contact(case, 1))
            address = case.domain if number % 2 and ns.ROSTER not in payload else ""
            text += written("iq", address, inner, type=type_, id=f"r{number}")
        await one.stream.send(text, offsets(cuts, text))
        expected = [f"r{number}" for number in range(len(requests))]
        found = await answers(case, one.stream, expected)
        ids = [element.get("id", "") for element in found]
        case.check(sorted(ids) == sorted(expected), "one answer to each", "none, or too many")
        for element in found:
            to = element.get("to")
            case.check(to in (None, one.stream.jid), "to = who asked", "another to")
        await _agrees(case, one)


async def _agrees(case: Case, one: Client) -> None:
    """What went wrong has left nothing behind: one contact at most."""
    await one.get()
    case.check(set(one.roster) <= {contact(case)}, "what the right sets made", "another roster")


@requires("iq-any-namespace", type_=REQUESTS, payload=EXTENSIONS, reply=EXTENSIONS, cuts=CUTS)
async def test_between_clients(
    case: Case, type_: str, payload: str, reply: str, cuts: list[float]
) -> None:
    """Who share presence: the request whole, its answer whole, and nobody else's answer."""
    receiver, sender = await case.pair()
    text = written("iq", receiver.jid, payload, type=type_, id="ask")
    found = await delivered(case, sender, receiver, text, "iq", cuts)
    case.check(found.get("type") == type_, "its type", "another type")
    case.check(whole(found, payload), "the request as it is", "another one")
    text = written("iq", sender.jid, reply, type="result", id=found.get("id"))
    back = await delivered(case, receiver, sender, text, "iq", cuts)
    case.check(name_of(back) == "iq result", "the answer", "another one")
    case.check(back.get("id") == "ask", "the id of the request", "another id")
    case.check(whole(back, reply), "the answer as it is", "another one")
    more = (await after(case, sender, "")).elements
    case.check(not more, "one answer", "more than one")


@requires("iq-any-namespace", type_=REQUESTS, payload=UNKNOWN_PAYLOADS)
async def test_what_the_server_does_not_know(case: Case, type_: str, payload: str) -> None:
    """At each of its addresses; the answer has the id."""
    stream = await case.bound()
    for to in ("", case.domain, case.jid(0)):
        text = written("iq", to, payload, type=type_, id="unknown")
        reaction = await after(case, stream, text)
        case.judge(reaction, UNAVAILABLE)
        ids = [element.get("id") for element in reaction.elements]
        case.check(ids == ["unknown"], "the id of the request", "another id")
