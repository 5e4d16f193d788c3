from __future__ import annotations

import pytest

from harness.targets.embedded.messages import DELAY, DELIVERY, Action, Address, Recipient
from harness.tests.targets.embedded.conftest import StartBench
from harness.tests.targets.embedded.driver import DOMAIN, Bench, Client, condition
from harness.xmpp import namespaces as ns

TYPES = ("normal", "chat", "groupchat", "headline", "error")
ERROR = "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
# What RFC 6121 section 8.5.4 allows: S ignore, E error, O store, D deliver, M, A.
ALLOWED = {
    (Recipient.NO_ACCOUNT, Address.BARE): ("SE", "SE", "E", "S", "S"),
    (Recipient.NO_ACCOUNT, Address.NO_MATCH): ("SE", "SE", "SE", "SE", "S"),
    (Recipient.NOT_AVAILABLE, Address.BARE): ("OE", "OE", "E", "S", "S"),
    (Recipient.NOT_AVAILABLE, Address.NO_MATCH): ("SE", "OE", "SE", "SE", "S"),
    (Recipient.NOT_AVAILABLE, Address.MATCH): ("D", "D", "D", "D", "D"),
    (Recipient.ONLY_NEGATIVE, Address.BARE): ("OE", "OE", "E", "S", "S"),
    (Recipient.ONLY_NEGATIVE, Address.MATCH): ("D", "D", "D", "D", "D"),
    (Recipient.ONLY_NEGATIVE, Address.NO_MATCH): ("SE", "OE", "SE", "SE", "S"),
    (Recipient.NON_NEGATIVE, Address.BARE): ("MA", "M", "E", "A", "S"),
    (Recipient.NON_NEGATIVE, Address.MATCH): ("D", "D", "D", "D", "D"),
    (Recipient.NON_NEGATIVE, Address.NO_MATCH): ("SE", "M", "SE", "SE", "S"),
}
LETTERS = {
    "S": Action.IGNORE,
    "E": Action.ERROR,
    "O": Action.STORE,
    "D": Action.DELIVER,
    "M": Action.MOST,
    "A": Action.ALL,
}


def test_the_table_keeps_to_the_rfc() -> None:
    assert DELIVERY.keys() == ALLOWED.keys()
    for key, row in DELIVERY.items():
        for action, letters in zip(row, ALLOWED[key], strict=True):
            assert action in [LETTERS[letter] for letter in letters], key


async def recipients(bench: Bench, situation: Recipient) -> tuple[str, dict[str, Client]]:
    """Bring user b into the situation: their bare JID, and their clients by resource."""
    if situation is Recipient.NO_ACCOUNT:
        return f"nobody@{DOMAIN}", {}
    clients = {}
    if situation is Recipient.NOT_AVAILABLE:
        clients["quiet"] = await bench.login("b", "quiet")
    else:
        clients["negative"] = await bench.online("b", "negative", priority=-1)
    if situation is Recipient.NON_NEGATIVE:
        clients["low"] = await bench.online("b", "low", priority=0)
        clients["high"] = await bench.online("b", "high", priority=5)
        clients["high too"] = await bench.online("b", "high too", priority=5)
    for client in clients.values():
        await client.fence()
    return f"b@{DOMAIN}", clients


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("key", DELIVERY, ids=lambda key: f"{key[0].name}-{key[1].name}")
async def test_delivery(bench: Bench, key: tuple[Recipient, Address], kind: str) -> None:
    situation, form = key
    bare, clients = await recipients(bench, situation)
    named = next(iter(clients), "") if form is Address.MATCH else "gone"
    to = bare if form is Address.BARE else f"{bare}/{named}"
    sender = await bench.login("a")
    payload = ERROR if kind == "error" else "<body>hi</body>"
    sender.send(f"<message to='{to}' type='{kind}' id='m1'>{payload}</message>")
    answers = await sender.fence()
    got = {name for name, client in clients.items() if await client.fence()}
    action = DELIVERY[key][TYPES.index(kind)]
    assert [condition(answer) for answer in answers] == (
        ["service-unavailable"] if action is Action.ERROR else []
    )
    if answers:
        assert (answers[0].get("id"), answers[0].get("from")) == ("m1", to)
    account = bench.domain.store.find("b")
    assert account is not None
    assert len(account.offline) == (action is Action.STORE)
    assert got == {
        Action.DELIVER: {named},
        Action.MOST: {"high", "high too"},
        Action.ALL: {"low", "high", "high too"},
    }.get(action, set())


async def test_what_is_delivered_is_what_was_sent(bench: Bench) -> None:
    sender, receiver = await bench.login("a"), await bench.online("b")
    for to in (receiver.bare, receiver.jid):
        for name in ("xh0-1", "m1"):
            sender.send(
                f"<message to='{to}' type='chat' id='{name}'><body>a &lt; b</body></message>"
                f"<message to='{to}' type='chat' id='{name}'><body>plain</body></message>"
            )
            await sender.fence()
            for text in ("a < b", "plain"):
                message = await receiver.next()
                assert message.get("from") == sender.jid
                assert (message.get("to"), message.get("id")) == (to, name)
                assert message.get("type") == "chat"
                assert message.get(ns.LANG) == "en"
                assert message.findtext(ns.BODY) == text


async def test_a_language_that_is_given_stays(bench: Bench) -> None:
    sender, receiver = await bench.login("a"), await bench.online("b")
    sender.send(f"<message to='{receiver.bare}' xml:lang='cs'><body>Ahoj</body></message>")
    assert (await receiver.next()).get(ns.LANG) == "cs"


async def test_message_to_nobody_in_particular_is_for_oneself(bench: Bench) -> None:
    client = await bench.online("a")
    client.send("<message><body>note</body></message>")
    assert (await client.next()).get("to") == client.bare


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("b@elsewhere.test", "remote-server-not-found"),
        ("@", "jid-malformed"),
        (f"b@{DOMAIN}/", "jid-malformed"),
        (f"{'x' * 1024}@{DOMAIN}", "jid-malformed"),
        (DOMAIN, "service-unavailable"),
    ],
)
async def test_addresses_that_lead_nowhere(bench: Bench, to: str, expected: str) -> None:
    client = await bench.login("a")
    client.send(f"<message to='{to}' id='m'><body>?</body></message>")
    (answer,) = await client.fence()
    assert condition(answer) == expected
    assert answer.get("id") == "m"
    client.send(f"<message to='{to}' type='error'>{ERROR}</message>")
    assert await client.fence() == []


async def test_unknown_type_is_normal(bench: Bench) -> None:
    sender, receiver = await bench.login("a"), await bench.online("b")
    sender.send(f"<message to='{receiver.bare}' type='postcard'><body>hi</body></message>")
    assert (await receiver.next()).get("type") == "postcard"


async def test_stored_messages_come_in_order_with_their_time(bench: Bench) -> None:
    sender = await bench.login("a")
    for text in ("one", "two"):
        sender.send(f"<message to='b@{DOMAIN}' type='chat'><body>{text}</body></message>")
    await sender.fence()
    receiver = await bench.online("b", "away", priority=-1)
    receiver.send("<presence/>")
    stored = [item for item in await receiver.fence() if item.tag == ns.MESSAGE]
    assert [message.findtext(ns.BODY) for message in stored] == ["one", "two"]
    delay = stored[0].find(f"{{{DELAY}}}delay")
    assert delay is not None
    assert delay.get("from") == DOMAIN
    receiver.send("<presence/>")
    assert not [item for item in await receiver.fence() if item.tag == ns.MESSAGE]


async def test_storage_is_limited(start_bench: StartBench) -> None:
    bench = await start_bench(offline_messages=1)
    sender = await bench.login("a")
    sender.send(f"<message to='b@{DOMAIN}'><body>1</body></message>" * 2)
    assert [condition(answer) for answer in await sender.fence()] == ["service-unavailable"]


async def test_order_between_two_users(bench: Bench) -> None:
    sender, receiver = await bench.login("a"), await bench.online("b")
    for number in range(500):
        to = (receiver.jid, receiver.bare)[number % 2]
        name = ("xh0-", "m")[number % 3 == 0] + f"{number:x}"
        sender.send(f"<message to='{to}' type='chat' id='{name}'><body>x</body></message>")
    await sender.fence()
    names = [message.get("id", "") for message in await receiver.fence()]
    assert [int(name.removeprefix("xh0-").removeprefix("m"), 16) for name in names] == list(
        range(500)
    )
