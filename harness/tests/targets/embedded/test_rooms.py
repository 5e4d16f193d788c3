"""Rooms (XEP-0045) of the embedded server."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from harness.tests.targets.embedded.driver import DOMAIN, Bench, Client, condition
from harness.xmpp import namespaces as ns

SERVICE = f"conference.{DOMAIN}"
ROOM = f"r@{SERVICE}"
X = f"<x xmlns='{ns.MUC}'>{{}}</x>"
OWNER = f"<query xmlns='{ns.MUC}#owner'>{{}}</query>"
ADMIN = f"<query xmlns='{ns.MUC}#admin'>{{}}</query>"
FORM = "<x xmlns='jabber:x:data' type='submit'>{}</x>"
NO_HISTORY = "<history maxstanzas='0'/>"


def fields(**values: str) -> str:
    """A form of room settings."""
    inner = "".join(
        f"<field var='muc#roomconfig_{name}'><value>{value}</value></field>"
        for name, value in values.items()
    )
    return OWNER.format(FORM.format(inner))


def told(stanza: Element) -> str:
    """A stanza of a room in few words: sender, what it is, role and affiliation, codes."""
    sender = stanza.get("from", "").partition("/")[2] or "room"
    if stanza.tag == ns.MESSAGE:
        inner = [child.tag.partition("}")[2] for child in stanza]
        return f"{sender} says {stanza.findtext(ns.BODY) or ' '.join(inner)}"
    words = [sender, stanza.get("type") or "here"]
    if stanza.get("type") == "error":
        return " ".join([*words, condition(stanza)])
    for item in stanza.iter(f"{{{ns.MUC_USER}}}item"):
        words += [item.get("affiliation", ""), item.get("role", "")]
        words += [item.get(name, "") for name in ("jid", "nick") if item.get(name)]
    codes = [s.get("code", "") for s in stanza.iter(f"{{{ns.MUC_USER}}}status")]
    return " ".join(words + sorted(codes))


async def said(client: Client) -> list[str]:
    return [told(stanza) for stanza in await client.fence()]


async def entered(client: Client, nick: str, inner: str = "", room: str = ROOM) -> list[str]:
    client.send(f"<presence to='{room}/{nick}'>{X.format(inner)}</presence>")
    return await said(client)


async def opened(bench: Bench, *others: str, **settings: str) -> list[Client]:
    """A room of a, in which are a and the others, named like their accounts; nothing waits."""
    clients = [await bench.login(name) for name in ("a", *others)]
    await entered(clients[0], "a")
    answer = await clients[0].ask(fields(**settings), kind="set", to=ROOM)
    assert answer.get("type") == "result"
    for client, nick in zip(clients[1:], others, strict=True):
        await entered(client, nick)
    for client in clients:
        await client.fence()
    return clients


async def test_creation_and_entry(bench: Bench) -> None:
    """Locked until it has settings; others first, then oneself, then the subject."""
    a, b = await bench.login("a"), await bench.login("b")
    assert await entered(a, "a") == [
        f"a here owner moderator a@{DOMAIN}/r 110 201",
        "room says subject",
    ]
    assert await entered(b, "b") == ["b error item-not-found"]
    await a.ask(fields(), kind="set", to=ROOM)
    assert await entered(b, "b") == [
        "a here owner moderator",
        "b here none participant 110",
        "room says subject",
    ]
    assert await said(a) == [f"b here none participant b@{DOMAIN}/r"]


async def test_messages_and_history(bench: Bench) -> None:
    a, b = await opened(bench, "b")
    b.send(f"<message to='{ROOM}' type='groupchat' id='m'><body>x</body></message>")
    for client in (b, a):
        (message,) = await client.fence()
        assert (message.get("from"), message.get("to"), message.get("id")) == (
            f"{ROOM}/b",
            client.jid,
            "m",
        )
    c, d = await bench.login("c"), await bench.login("d")
    assert (await entered(c, "c"))[-2:] == ["b says x", "room says subject"]
    assert (await entered(d, "d", NO_HISTORY))[-2:] == [
        "d here none participant 110",
        "room says subject",
    ]


async def test_private_messages(bench: Bench) -> None:
    a, b = await opened(bench, "b")
    a.send(f"<message to='{ROOM}/b' type='chat'><body>x</body></message>")
    (message,) = await b.fence() or await b.fence()
    assert message.get("from") == f"{ROOM}/a"
    assert message.find(f"{{{ns.MUC_USER}}}x") is not None


@pytest.mark.parametrize(
    ("who", "to", "kind", "expected"),
    [
        ("c", ROOM, "groupchat", "not-acceptable"),
        ("c", f"{ROOM}/a", "chat", "not-acceptable"),
        ("a", f"{ROOM}/b", "groupchat", "bad-request"),
        ("a", f"{ROOM}/nobody", "chat", "item-not-found"),
        ("a", f"other@{SERVICE}", "groupchat", "item-not-found"),
        ("a", ROOM, "chat", "bad-request"),
    ],
)
async def test_refused_messages(bench: Bench, who: str, to: str, kind: str, expected: str) -> None:
    a, b = await opened(bench, "b")
    sender = a if who == "a" else await bench.login("c")
    sender.send(f"<message to='{to}' type='{kind}'><body>x</body></message>")
    (error,) = await sender.fence()
    assert (condition(error), error.get("from")) == (expected, to)
    assert await said(b) == []


async def test_nicknames(bench: Bench) -> None:
    a, b = await opened(bench, "b")
    b.send(f"<presence to='{ROOM}/a'/>")
    assert await said(b) == ["a error conflict"]
    b.send(f"<presence to='{ROOM}/bee'/>")
    assert await said(b) == [
        "b unavailable none participant bee 110 303",
        "bee here none participant 110",
    ]
    assert await said(a) == [
        f"b unavailable none participant b@{DOMAIN}/r bee 303",
        f"bee here none participant b@{DOMAIN}/r",
    ]
    assert await entered(await bench.login("c"), "bee") == ["bee error conflict"]
    assert (await entered(await bench.login("b", "s"), "bee"))[1] == "bee here none participant 110"


@pytest.mark.parametrize("how", ["leave", "unavailable", "close", "abort", "error"])
async def test_going(bench: Bench, how: str) -> None:
    a, b = await opened(bench, "b")
    error = f"<error type='cancel'><gone xmlns='{ns.STANZAS}'/></error>"
    text = {
        "leave": f"<presence to='{ROOM}/b' type='unavailable'/>",
        "unavailable": "<presence type='unavailable'/>",
        "close": "</stream:stream>",
        "error": f"<message to='{ROOM}/a' type='error'>{error}</message>",
    }
    if how == "abort":
        b.writer.transport.abort()
    else:
        b.send(text[how])
    stanza = await a.next()
    codes = " 333" if how == "error" else ""
    assert told(stanza) == f"b unavailable none none b@{DOMAIN}/r{codes}"
    if how in ("leave", "unavailable", "error"):
        assert await said(b) == [f"b unavailable none none 110{codes}"]
    a.send(f"<presence to='{ROOM}/a' type='unavailable'/>")
    await a.fence()
    assert bench.domain.services[SERVICE].rooms == {}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("settings", "inner", "expected"),
    [
        ({"membersonly": "1"}, "", "registration-required"),
        ({"passwordprotectedroom": "1", "roomsecret": "s"}, "", "not-authorized"),
        ({"passwordprotectedroom": "1", "roomsecret": "s"}, "<password>t</password>", "not-auth"),
        ({"passwordprotectedroom": "1", "roomsecret": "s"}, "<password>s</password>", ""),
        ({"maxusers": "1"}, "", "service-unavailable"),
    ],
)
async def test_who_may_enter(
    bench: Bench, settings: dict[str, str], inner: str, expected: str
) -> None:
    await opened(bench, **settings)
    first = (await entered(await bench.login("c"), "c", inner))[0]
    wanted = f"c error {expected}" if expected else "a here"
    assert first.startswith(wanted)


async def test_kick_and_ban(bench: Bench) -> None:
    """Who has to go hears it before the moderator has the result, the others afterwards."""
    a, b, c = await opened(bench, "b", "c")
    answer = await a.ask(ADMIN.format("<item nick='b' role='none'/>"), kind="set", to=ROOM)
    assert answer.get("type") == "result"
    assert await said(b) == ["b unavailable none none 110 307"]
    assert await said(c) == ["b unavailable none none 307"]
    ban = ADMIN.format(f"<item jid='c@{DOMAIN}' affiliation='outcast'/>")
    assert condition(await b.ask(ban, kind="set", to=ROOM)) == "forbidden"
    await a.ask(ban, kind="set", to=ROOM)
    assert await said(c) == ["c unavailable outcast none 110 301"]
    assert await entered(c, "c") == ["c error forbidden"]
    assert (await entered(b, "b"))[-2] == "b here none participant 110"


async def test_settings_of_a_room_in_use(bench: Bench) -> None:
    a, b = await opened(bench, "b")
    assert condition(await b.ask(OWNER.format(""), to=ROOM)) == "forbidden"
    await a.ask(fields(whois="anyone", membersonly="1"), kind="set", to=ROOM)
    assert await said(b) == ["room says x", f"b unavailable none none b@{DOMAIN}/r 110 322"]
    answer = await a.ask(OWNER.format("<destroy/>"), kind="set", to=ROOM)
    assert answer.get("type") == "result"
    assert condition(await a.ask(OWNER.format(""), to=ROOM)) == "item-not-found"


async def test_discovery(bench: Bench) -> None:
    (a,) = await opened(bench, roomname="Here")
    items = f"<query xmlns='{ns.DISCO_ITEMS}'/>"
    found = [item.get("jid") for item in (await a.ask(items, to=DOMAIN))[0]]
    assert SERVICE in found
    (item,) = (await a.ask(items, to=SERVICE))[0]
    assert (item.get("jid"), item.get("name")) == (ROOM, "Here")
    assert len((await a.ask(items, to=ROOM))[0]) == 0
    for address in (SERVICE, ROOM):
        answer = await a.ask(f"<query xmlns='{ns.DISCO_INFO}'/>", to=address)
        assert ns.MUC in [feature.get("var") for feature in answer[0]]


async def test_requests_between_occupants(bench: Bench) -> None:
    """Neither side learns the other's address."""
    a, b = await opened(bench, "b")
    a.send(f"<iq type='get' id='x' to='{ROOM}/b'><q xmlns='urn:example:q'/></iq>")
    await a.fence()
    request = await b.next()
    assert (request.get("from"), request.get("to")) == (f"{ROOM}/a", b.jid)
    await b.fence()  # a client answers what it does not know with an error
    answer = await a.next()
    assert (answer.get("from"), answer.get("to"), answer.get("id")) == (f"{ROOM}/b", a.jid, "x")
    assert condition(answer) == "service-unavailable"
