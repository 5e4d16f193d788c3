from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from harness.targets.embedded.messages import DELAY
from harness.targets.embedded.store import State
from harness.tests.targets.embedded.driver import DOMAIN, Bench, condition
from harness.xmpp import namespaces as ns

A, B = f"a@{DOMAIN}", f"b@{DOMAIN}"


def befriend(bench: Bench, state: State = State.BOTH, back: State = State.BOTH) -> None:
    """Make a's view of b, and b's of a."""
    store = bench.domain.store
    for user, contact, how in (("a", "b", state), ("b", "a", back)):
        store.fill_roster(user, [contact])
        store.accounts[user].contacts[f"{contact}@{DOMAIN}"].state = how


def brief(stanzas: list[Element]) -> list[tuple[str | None, ...]]:
    return [(item.get("from"), item.get("to"), item.get("type")) for item in stanzas]


async def test_initial_presence_goes_both_ways(bench: Bench) -> None:
    befriend(bench)
    b = await bench.online("b")
    a = await bench.login("a")
    a.send("<presence id='p1'><show>away</show><x xmlns='urn:x'/></presence>")
    assert brief(await a.fence()) == [(f"{A}/r", A, None), (f"{B}/r", A, None)]
    (seen,) = await b.fence()
    assert (seen.get("id"), seen.findtext(f"{{{ns.CLIENT}}}show")) == ("p1", "away")
    assert seen.find("{urn:x}x") is not None
    assert brief([seen]) == [(f"{A}/r", B, None)]
    a.send("<presence><show>xa</show></presence>")
    assert brief(await a.fence()) == [(f"{A}/r", A, None)]
    assert brief(await b.fence()) == [(f"{A}/r", B, None)]


@pytest.mark.parametrize(
    ("state", "back", "a_sees", "b_sees"),
    [
        (State.TO, State.FROM, True, False),
        (State.FROM, State.TO, False, True),
        (State.NONE, State.NONE, False, False),
        (State.NONE_OUT, State.NONE_IN, False, False),
    ],
)
async def test_presence_follows_the_subscription(
    bench: Bench, state: State, back: State, a_sees: bool, b_sees: bool
) -> None:
    befriend(bench, state, back)
    b = await bench.online("b")
    a = await bench.login("a")
    a.send("<presence/>")
    assert ((f"{B}/r", A, None) in brief(await a.fence())) is a_sees
    assert ((f"{A}/r", B, None) in brief(await b.fence())) is b_sees
    for client in (a, b):
        client.send("<presence type='unavailable'/>")
        await client.fence()
    assert ((f"{A}/r", B, "unavailable") in brief(await b.fence())) is False  # b has left too


async def test_other_resources_of_the_same_user(bench: Bench) -> None:
    phone = await bench.online("a", "phone")
    desk = await bench.login("a", "desk")
    assert await phone.fence() == []
    desk.send("<presence/>")
    assert brief(await desk.fence()) == [(f"{A}/desk", A, None), (f"{A}/phone", A, None)]
    assert brief(await phone.fence()) == [(f"{A}/desk", A, None)]


@pytest.mark.parametrize("how", ["<presence type='unavailable' id='u'/>", "</stream:stream>", ""])
async def test_the_end_is_told_however_it_comes(bench: Bench, how: str) -> None:
    befriend(bench)
    a, b = await bench.online("a"), await bench.online("b")
    await a.fence()
    a.send(how)
    if not how:
        a.writer.transport.abort()
    seen = await b.next()
    assert brief([seen]) == [(f"{A}/r", B, "unavailable")]
    assert seen.get("id") == ("u" if "presence" in how else None)
    assert await b.fence() == []


async def test_no_presence_for_the_unavailable(bench: Bench) -> None:
    befriend(bench)
    b = await bench.login("b")
    await bench.online("a")
    assert await b.fence() == []


async def test_directed_presence_and_its_end(bench: Bench) -> None:
    a, b, c = await bench.online("a"), await bench.online("b"), await bench.online("c")
    a.send(f"<presence to='{B}/r' id='d'><status>hi</status></presence>")
    a.send(f"<presence to='{c.bare}'/>")
    a.send("<presence><show>dnd</show></presence>")
    await a.fence()
    (seen,) = await b.fence()
    assert (seen.get("id"), seen.get("to")) == ("d", f"{B}/r")
    assert len(await c.fence()) == 1
    a.send(f"<presence to='{c.bare}' type='unavailable'/>")
    await a.fence()
    assert brief(await c.fence()) == [(f"{A}/r", c.bare, "unavailable")]
    a.writer.transport.abort()
    assert brief([await b.next()]) == [(f"{A}/r", f"{B}/r", "unavailable")]
    assert await c.fence() == []


async def test_directed_presence_before_initial_presence(bench: Bench) -> None:
    befriend(bench)
    b = await bench.online("b")
    a = await bench.login("a")
    a.send(f"<presence to='{B}'/><presence type='unavailable'/>")
    await a.fence()
    assert [item.get("type") for item in await b.fence()] == [None, "unavailable"]


@pytest.mark.parametrize(
    "text",
    [
        "<presence type='available'/>",
        "<presence type='foo'/>",
        "<presence><priority>high</priority></presence>",
        "<presence><priority>128</priority></presence>",
        "<presence><priority>1</priority><priority>2</priority></presence>",
    ],
)
async def test_bad_presence(bench: Bench, text: str) -> None:
    client = await bench.login("a")
    client.send(text)
    assert [condition(answer) for answer in await client.fence()] == ["bad-request"]


async def test_probe_by_a_subscriber(bench: Bench) -> None:
    befriend(bench)
    a, b = await bench.online("a"), await bench.online("b")
    await a.fence()
    b.send("<presence id='p7'><show>chat</show></presence>")
    await b.fence()
    await a.fence()
    a.send(f"<presence type='probe' to='{B}' id='probe'/>")
    (answer,) = await a.fence()
    assert (answer.get("from"), answer.get("id")) == (f"{B}/r", "p7")
    assert answer.findtext(f"{{{ns.CLIENT}}}show") == "chat"
    a.send(f"<presence type='probe' to='{B}/r'/>")
    (answer,) = await a.fence()
    assert (answer.get("from"), len(answer)) == (f"{B}/r", 0)
    b.send("<presence type='unavailable'/>")
    await b.fence()
    await a.fence()
    a.send(f"<presence type='probe' to='{B}' id='probe'/>")
    (answer,) = await a.fence()
    assert (answer.get("from"), answer.get("type")) == (B, "unavailable")
    assert answer.get("id") == "probe"
    assert answer.find(f"{{{DELAY}}}delay") is not None


async def test_probe_by_a_stranger_learns_nothing(bench: Bench) -> None:
    a, b = await bench.online("a"), await bench.online("b")
    for to in (B, f"{B}/r", f"nobody@{DOMAIN}"):
        a.send(f"<presence type='probe' to='{to}'/>")
    assert await a.fence() == []
    b.send(f"<presence to='{A}'/>")
    await b.fence()
    await a.fence()
    a.send(f"<presence type='probe' to='{B}/r'/>")
    assert brief(await a.fence()) == [(f"{B}/r", f"{A}/r", None)]


async def test_presence_to_nobody_is_ignored(bench: Bench) -> None:
    client = await bench.online("a")
    for to in (f"nobody@{DOMAIN}", f"{B}/gone", B, DOMAIN):
        client.send(f"<presence to='{to}'/><presence to='{to}' type='unavailable'/>")
    assert await client.fence() == []


async def test_directed_presence_keeps_its_address_as_it_was_written(bench: Bench) -> None:
    """RFC 6120 section 8.1.1.1."""
    receiver = await bench.online("b")
    sender = await bench.login("a")
    for written in (f"B@{DOMAIN}", f"b@{DOMAIN.upper()}", f"B@{DOMAIN}/r"):
        sender.send(f"<presence to='{written}'/>")
        await sender.fence()
        assert [stanza.get("to") for stanza in await receiver.fence()] == [written]
