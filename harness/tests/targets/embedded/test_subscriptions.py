from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from harness.targets.embedded.store import Contact, State
from harness.targets.embedded.subscriptions import INBOUND, OUTBOUND, TYPES
from harness.tests.targets.embedded.driver import DOMAIN, Bench, Client
from harness.xmpp import namespaces as ns

A, B = f"a@{DOMAIN}", f"b@{DOMAIN}"
QUERY = f"{{{ns.ROSTER}}}query"


def told(stanzas: list[Element]) -> list[str]:
    """In short: pushes as subscription (+ask, +approved), presence as type or "available"."""
    found = []
    for stanza in stanzas:
        if stanza.tag == ns.PRESENCE:
            found.append(stanza.get("type", "available"))
        elif (query := stanza.find(QUERY)) is not None:
            item = query[0]
            marks = [item.get("subscription", "")]
            marks += ["ask"] if item.get("ask") == "subscribe" else []
            marks += ["approved"] if item.get("approved") == "true" else []
            found.append("push " + "+".join(marks))
    return found


async def tell(sender: Client, kind: str, to: str) -> list[str]:
    sender.send(f"<presence to='{to}' type='{kind}' id='s1'/>")
    return told(await sender.fence())


def state(bench: Bench, user: str, contact: str) -> State | None:
    found = bench.domain.store.accounts[user].contacts.get(contact)
    return found.state if found else None


def test_tables_are_consistent() -> None:
    """Every state has a row; what does not pass changes nothing; both tables mirror."""
    for table in (OUTBOUND, INBOUND):
        assert set(table) == set(State)
        for before, cells in table.items():
            for cell in cells:
                assert cell.passes or cell.state is before
    for before, cells in OUTBOUND.items():
        after = dict(zip(TYPES, (cell.state for cell in cells), strict=True))
        assert after["subscribe"].pending_out or after["subscribe"].receives
        assert not after["unsubscribe"].pending_out
        assert not after["unsubscribe"].receives
        assert after["subscribed"].sends == (before.pending_in or before.sends)
        assert not after["unsubscribed"].pending_in
        assert not after["unsubscribed"].sends


async def test_the_whole_handshake(bench: Bench) -> None:
    a, b = await bench.online("a"), await bench.online("b")
    assert await tell(a, "subscribe", f"{B}/any") == ["push none+ask"]
    (request,) = await b.fence()
    assert (request.get("from"), request.get("to"), request.get("id")) == (A, B, "s1")
    assert await tell(b, "subscribed", A) == ["push from"]
    assert told(await a.fence()) == ["subscribed", "push to", "available"]
    assert await tell(b, "subscribe", A) == ["push from+ask"]
    assert told(await a.fence()) == ["subscribe"]
    assert await tell(a, "subscribed", B) == ["push both"]
    assert told(await b.fence()) == ["subscribed", "push both", "available"]
    assert (state(bench, "a", B), state(bench, "b", A)) == (State.BOTH, State.BOTH)
    assert await tell(a, "unsubscribe", B) == ["push from", "unavailable"]
    assert told(await b.fence()) == ["unsubscribe", "push to"]
    assert await tell(a, "unsubscribed", B) == ["push none"]
    assert told(await b.fence()) == ["unavailable", "unsubscribed", "push none"]


async def test_request_waits_for_the_user_and_is_not_in_the_roster(bench: Bench) -> None:
    a = await bench.online("a")
    a.send(f"<presence to='{B}' type='subscribe'><status>It is me</status></presence>" * 2)
    await a.fence()
    for _ in range(2):
        b = await bench.login("b")
        answer = await b.ask(f"<query xmlns='{ns.ROSTER}'/>")
        assert len(answer[0]) == 0
        assert await b.fence() == []
        b.send("<presence/>")
        requests = [s for s in await b.fence() if s.get("type") == "subscribe"]
        assert [s.findtext(f"{{{ns.CLIENT}}}status") for s in requests] == ["It is me"]
        b.send("</stream:stream>")
        await b.ended()
    b = await bench.online("b")
    assert await tell(b, "unsubscribed", A) == []
    assert told(await a.fence())[-2:] == ["unsubscribed", "push none"]
    assert state(bench, "b", A) is None
    again = await bench.login("b", "again")
    again.send("<presence/>")
    assert "subscribe" not in told(await again.fence())


async def test_only_interested_or_available_resources_are_told(bench: Bench) -> None:
    await bench.online("a")
    connected = await bench.login("b", "connected")
    available = await bench.login("b", "available")
    available.send("<presence/>")
    await available.fence()
    interested = await bench.login("b", "interested")
    await interested.ask(f"<query xmlns='{ns.ROSTER}'/>")
    sender = await bench.online("a", "two")
    await tell(sender, "subscribe", B)
    assert told(await available.fence()) == ["subscribe"]
    assert told(await interested.fence()) == told(await connected.fence()) == []
    await tell(sender, "unsubscribe", B)
    assert told(await interested.fence()) == ["unsubscribe"]
    assert told(await available.fence()) == told(await connected.fence()) == []


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("view", list(State), ids=lambda view: view.name)
async def test_inbound_cell(bench: Bench, view: State, kind: str) -> None:
    """b's view of a is `view`; a stanza of that kind comes from a."""
    b = await bench.online("b")
    account = bench.domain.store.accounts["b"]
    account.contacts[A] = Contact(A, view, listed=True)
    allowed = {
        "subscribe": State.NONE,
        "unsubscribe": State.TO,
        "subscribed": State.NONE_IN,
        "unsubscribed": State.FROM,
    }
    account_a = bench.domain.store.accounts["a"]
    account_a.contacts[B] = Contact(B, allowed[kind], listed=True)
    a = await bench.online("a")
    await b.fence()
    await tell(a, kind, B)
    passes, after = INBOUND[view][TYPES.index(kind)]
    assert (kind in told(await b.fence())) is passes
    assert state(bench, "b", A) is after


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("view", list(State), ids=lambda view: view.name)
async def test_outbound_cell(bench: Bench, view: State, kind: str) -> None:
    """a's view of b is `view`, b's is the counterpart; a sends a stanza of that kind."""
    back = next(
        other
        for other in State
        if (other.receives, other.pending_out) == (view.sends, view.pending_in)
        and (other.sends, other.pending_in) == (view.receives, view.pending_out)
    )
    bench.domain.store.accounts["a"].contacts[B] = Contact(B, view, listed=True)
    bench.domain.store.accounts["b"].contacts[A] = Contact(A, back, listed=True)
    a, b = await bench.online("a"), await bench.online("b")
    await a.fence()
    await tell(a, kind, B)
    passes, after = OUTBOUND[view][TYPES.index(kind)]
    assert state(bench, "a", B) is after
    delivered, back_after = INBOUND[back][TYPES.index(kind)]
    assert (kind in told(await b.fence())) is (passes and delivered)
    assert state(bench, "b", A) is (back_after if passes else back)
    assert after.receives == (state(bench, "b", A) or State.NONE).sends


async def test_pre_approval(bench: Bench) -> None:
    a, b = await bench.online("a"), await bench.online("b")
    assert await tell(b, "subscribed", A) == ["push none+approved"]
    assert told(await a.fence()) == []
    answers = await tell(a, "subscribe", B)
    assert "subscribed" in answers
    assert answers[-1] in ("push to", "available")
    assert told(await b.fence()) == ["push from+approved"]
    assert (state(bench, "a", B), state(bench, "b", A)) == (State.TO, State.FROM)


async def test_pre_approval_can_be_taken_back(bench: Bench) -> None:
    a, b = await bench.online("a"), await bench.online("b")
    await tell(b, "subscribed", A)
    assert await tell(b, "unsubscribed", A) == ["push none"]
    await tell(a, "subscribe", B)
    assert told(await b.fence()) == ["subscribe"]


async def test_repeated_request_of_a_subscriber_is_answered_for_the_user(bench: Bench) -> None:
    bench.domain.store.accounts["a"].contacts[B] = Contact(B, State.NONE, listed=True)
    bench.domain.store.accounts["b"].contacts[A] = Contact(A, State.FROM, listed=True)
    a, b = await bench.online("a"), await bench.online("b")
    assert "subscribed" in await tell(a, "subscribe", B)
    assert await b.fence() == []


async def test_request_to_nobody_is_ignored_and_remembered(bench: Bench) -> None:
    a = await bench.online("a")
    assert await tell(a, "subscribe", f"nobody@{DOMAIN}") == ["push none+ask"]
    assert await tell(a, "subscribe", A) == []
