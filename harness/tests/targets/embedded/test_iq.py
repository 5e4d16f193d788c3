from __future__ import annotations

import asyncio

import pytest

from harness.targets.embedded.disco import INFO, ITEMS
from harness.targets.embedded.store import Contact, State
from harness.tests.targets.embedded.driver import DOMAIN, Bench, condition
from harness.xmpp import namespaces as ns

A, B = f"a@{DOMAIN}", f"b@{DOMAIN}"
PING = f"<ping xmlns='{ns.PING}'/>"


@pytest.mark.parametrize("to", ["", f" to='{DOMAIN}'", f" to='{A}'", f" to='{B}/r'"])
@pytest.mark.parametrize(
    ("attributes", "payload"),
    [
        ("id='1'", PING),
        ("id='1' type='subscribe'", PING),
        ("id='1' type='get'", ""),
        ("id='1' type='set'", ""),
        ("id='1' type='get'", PING * 2),
        ("type='get'", PING),
    ],
)
async def test_faulty_iq(bench: Bench, to: str, attributes: str, payload: str) -> None:
    bystander = await bench.login("b")
    client = await bench.login("a")
    client.send(f"<iq {attributes}{to}>{payload}</iq>")
    (answer,) = await client.fence()
    assert condition(answer) == "bad-request"
    assert answer.get("id") == ("1" if "id=" in attributes else "")
    assert await bystander.fence() == []


@pytest.mark.parametrize("to", ["", DOMAIN, A, B, f"nobody@{DOMAIN}", f"{B}/r", f"{B}/gone"])
async def test_unknown_payload(bench: Bench, to: str) -> None:
    bystander = await bench.login("b")
    client = await bench.login("a")
    answer = await client.ask("<query xmlns='urn:unknown'/>", to=to)
    assert condition(answer) == "service-unavailable"
    assert answer.get("from") == (to or None)
    assert answer.get("to") == client.jid
    assert await bystander.fence() == await client.fence() == []


@pytest.mark.parametrize("kind", ["result", "error"])
@pytest.mark.parametrize("to", ["", DOMAIN, A, B, f"nobody@{DOMAIN}", f"{B}/gone", "x@y.test"])
async def test_answers_are_not_answered(bench: Bench, kind: str, to: str) -> None:
    client = await bench.login("a")
    address = f" to='{to}'" if to else ""
    client.send(f"<iq type='{kind}' id='1'{address}/>")
    assert await client.fence() == []


async def test_requests_reach_those_who_share_presence(bench: Bench) -> None:
    a, b = await bench.login("a"), await bench.online("b")
    bench.domain.store.accounts["b"].contacts[A] = Contact(A, State.FROM, listed=True)
    answer, request = await asyncio.gather(a.ask(PING, to=b.jid), b.next())
    assert answer.get("type") == "result"  # from b's stream, which answers by itself
    assert request.get("from") == a.jid
    del bench.domain.store.accounts["b"].contacts[A]
    assert condition(await a.ask(PING, to=b.jid)) == "service-unavailable"
    b.send(f"<presence to='{a.jid}'/>")
    await b.fence()
    answer, _ = await asyncio.gather(a.ask(PING, to=b.jid), b.next())
    assert answer.get("type") == "result"


async def test_results_reach_anybody(bench: Bench) -> None:
    a, b = await bench.login("a"), await bench.login("b")
    a.send(f"<iq type='result' id='7' to='{b.jid}'/>")
    answer = await b.next()
    assert (answer.get("id"), answer.get("from")) == ("7", a.jid)


@pytest.mark.parametrize("to", ["", DOMAIN, A])
async def test_ping(bench: Bench, to: str) -> None:
    client = await bench.login("a")
    answer = await client.ask(PING, to=to)
    assert (answer.get("type"), answer.get("from")) == ("result", to or None)


async def test_version_and_discovery(bench: Bench) -> None:
    client = await bench.login("a")
    answer = await client.ask(f"<query xmlns='{ns.VERSION}'/>", to=DOMAIN)
    assert "reference" in (answer[0].findtext(f"{{{ns.VERSION}}}name") or "")
    info = (await client.ask(f"<query xmlns='{INFO}'/>", to=DOMAIN))[0]
    assert info[0].attrib == {"category": "server", "type": "im"}
    assert {f.get("var") for f in info.iter(f"{{{INFO}}}feature")} >= {INFO, ITEMS, ns.PING}
    items = (await client.ask(f"<query xmlns='{ITEMS}'/>", to=DOMAIN))[0]
    listed = [item.get("jid") for item in items]
    assert listed == list(bench.domain.services)
    answer = await client.ask(f"<query xmlns='{INFO}' node='x'/>", to=DOMAIN)
    assert condition(answer) == "item-not-found"


async def test_discovery_of_accounts_is_for_subscribers(bench: Bench) -> None:
    client = await bench.login("a")
    query = f"<query xmlns='{INFO}'/>"
    assert (await client.ask(query, to=A)).get("type") == "result"
    for to in (B, f"nobody@{DOMAIN}"):
        assert condition(await client.ask(query, to=to)) == "service-unavailable"
    bench.domain.store.accounts["b"].contacts[A] = Contact(A, State.FROM, listed=True)
    answer = await client.ask(query, to=B)
    assert answer[0][0].attrib == {"category": "account", "type": "registered"}


async def test_session_request_of_old_clients(bench: Bench) -> None:
    client = await bench.login("a")
    answer = await client.ask(f"<session xmlns='{ns.SESSION}'/>", kind="set")
    assert answer.get("type") == "result"
