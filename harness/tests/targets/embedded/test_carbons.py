"""Message carbons (XEP-0280) of the embedded server."""

from __future__ import annotations

import pytest

from harness.tests.targets.embedded.driver import DOMAIN, Bench, Client, condition
from harness.xmpp import namespaces as ns

ENABLE = "<enable xmlns='urn:xmpp:carbons:2'/>"
DISABLE = "<disable xmlns='urn:xmpp:carbons:2'/>"
BODY = "<body>x</body>"
INVITATION = "<invite to='c@bench.test'/>"
ROOM = "<x xmlns='http://jabber.org/protocol/muc#user'>{}</x>"
PRIVATE = "<private xmlns='urn:xmpp:carbons:2'/>"
NO_COPY = "<no-copy xmlns='urn:xmpp:hints'/>"


async def copying(bench: Bench, user: str, resource: str) -> Client:
    client = await bench.online(user, resource)
    assert (await client.ask(ENABLE, kind="set")).get("type") == "result"
    return client


async def copies(client: Client) -> list[tuple[str, str]]:
    """Direction and id of each carbon."""
    found = [e for e in await client.fence() if e.tag == ns.MESSAGE]
    for carbon in found:
        assert (carbon.get("from"), carbon.get("to")) == (client.bare, client.jid)
    inner = [(c[0].tag.rpartition("}")[2], c[0][0][0]) for c in found]
    assert all(message.tag == ns.MESSAGE for _, message in inner)
    return [(direction, message.get("id", "")) for direction, message in inner]


async def test_both_sides(bench: Bench) -> None:
    """The resource that sends and the one that gets it have no copy; others have, if they want."""
    ours = [await copying(bench, "a", "r"), await copying(bench, "a", "s")]
    theirs = [await copying(bench, "b", "r"), await copying(bench, "b", "s")]
    plain = await bench.online("b", "plain", priority=-1)
    for client in (*ours, *theirs):
        await client.fence()
    ours[0].send(f"<message to='b@{DOMAIN}/r' type='chat' id='m'>{BODY}</message>")
    assert await copies(ours[0]) == []
    assert await copies(ours[1]) == [("sent", "m")]
    assert [e.get("id") for e in await theirs[0].fence()] == ["m"]
    assert await copies(theirs[1]) == [("received", "m")]
    assert [e for e in await plain.fence() if e.tag == ns.MESSAGE] == []


async def test_a_message_to_the_account(bench: Bench) -> None:
    """Who gets it anyway, by priority, has no copy besides."""
    high = await copying(bench, "b", "high")
    low = await bench.online("b", "low", priority=-1)
    await low.ask(ENABLE, kind="set")
    await high.fence()
    sender = await bench.login("a")
    sender.send(f"<message to='b@{DOMAIN}' type='chat' id='m'>{BODY}</message>")
    await sender.fence()
    assert [e.get("id") for e in await high.fence()] == ["m"]
    assert await copies(low) == [("received", "m")]


async def test_to_oneself(bench: Bench) -> None:
    """One copy for the third resource."""
    clients = [await copying(bench, "a", name) for name in "xyz"]
    for client in clients:
        await client.fence()
    clients[0].send(f"<message to='{clients[1].jid}' type='chat' id='m'>{BODY}</message>")
    assert await copies(clients[0]) == []
    assert [e.get("id") for e in await clients[1].fence()] == ["m"]
    assert await copies(clients[2]) == [("sent", "m")]


@pytest.mark.parametrize(
    ("kind", "inner", "copied"),
    [
        ("chat", "", True),
        ("normal", BODY, True),
        ("normal", "<x xmlns='urn:example:x'/>", False),
        ("normal", "<received xmlns='urn:xmpp:receipts' id='x'/>", True),
        ("normal", ROOM.format(INVITATION), True),
        ("normal", "<x xmlns='jabber:x:conference' jid='r@s'/>", True),
        ("headline", BODY, False),
        ("groupchat", BODY, False),
        ("error", BODY, False),
        ("chat", BODY + PRIVATE, False),
        ("chat", BODY + NO_COPY, False),
    ],
)
async def test_what_is_copied(bench: Bench, kind: str, inner: str, copied: bool) -> None:
    receiver = await bench.online("b", "r")
    other = await copying(bench, "b", "s")
    await other.fence()
    sender = await bench.login("a")
    sender.send(f"<message to='{receiver.jid}' type='{kind}' id='m'>{inner}</message>")
    await sender.fence()
    assert bool(await copies(other)) is copied


async def test_private_messages_of_rooms(bench: Bench) -> None:
    """A room sends them to each resource that is in it."""
    ours, theirs = await copying(bench, "a", "s"), await copying(bench, "b", "s")
    receiver, sender = await bench.online("b", "r"), await bench.login("a")
    for client in (ours, theirs):
        await client.fence()
    text = BODY + ROOM.format("")
    sender.send(f"<message to='{receiver.jid}' type='chat' id='m'>{text}</message>")
    await sender.fence()
    assert await copies(theirs) == []
    assert await copies(ours) == [("sent", "m")]


async def test_switching(bench: Bench) -> None:
    receiver, other = await bench.online("b", "r"), await copying(bench, "b", "s")
    sender = await bench.login("a")
    for payload, expected in ((ENABLE, 1), (DISABLE, 0), (DISABLE, 0), (ENABLE, 1)):
        assert (await other.ask(payload, kind="set")).get("type") == "result"
        await other.fence()
        sender.send(f"<message to='{receiver.jid}' type='chat' id='m'>{BODY}</message>")
        await sender.fence()
        assert len(await copies(other)) == expected
    other.send("</stream:stream>")
    await other.ended()
    sender.send(f"<message to='{receiver.jid}' type='chat' id='m'>{BODY}</message>")
    await sender.fence()
    assert not bench.domain.copying


@pytest.mark.parametrize(
    ("kind", "to", "expected"),
    [("get", "", "bad-request"), ("set", f"b@{DOMAIN}", "not-allowed")],
)
async def test_refusals(bench: Bench, kind: str, to: str, expected: str) -> None:
    client = await bench.login("a")
    assert condition(await client.ask(ENABLE, kind=kind, to=to)) == expected


async def test_an_error_in_reply(bench: Bench) -> None:
    """Copied where it answers a message that was; another error of the same sender is not."""
    receiver, sender = await bench.online("b", "r"), await bench.online("a", "r")
    other = await copying(bench, "a", "s")
    await other.fence()
    sender.send(f"<message to='{receiver.jid}' type='chat' id='m'>{BODY}</message>")
    await sender.fence()
    for identifier in ("m", "n"):
        receiver.send(f"<message to='{sender.jid}' type='error' id='{identifier}'/>")
    await receiver.fence()
    assert await copies(other) == [("sent", "m"), ("received", "m")]


@pytest.mark.parametrize(("kind", "copied"), [("normal", True), ("groupchat", False)])
async def test_an_error_of_the_server(bench: Bench, kind: str, copied: bool) -> None:
    sender, other = await bench.online("a", "r"), await copying(bench, "a", "s")
    for client in (sender, other):
        await client.fence()
    sender.send(f"<message to='nobody@{DOMAIN}/x' type='{kind}' id='m'>{BODY}</message>")
    (error,) = await sender.fence()
    assert error.get("type") == "error"
    assert await copies(other) == ([("received", "m")] if copied else [])
