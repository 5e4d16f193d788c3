from __future__ import annotations

import pytest

from harness.errors import SaslError, StreamError
from harness.tests.targets.embedded.driver import DOMAIN, HEADER, Bench, condition
from harness.xmpp import namespaces as ns

NEW = "<username>%s</username><password>%s</password>"
QUERY = "<query xmlns='jabber:iq:register'>%s</query>"
SET = f"<iq type='set' id='%s'>{QUERY}</iq>"


async def test_new_account(bench: Bench) -> None:
    raw = await bench.raw(HEADER)
    await raw.until("<register xmlns='http://jabber.org/features/iq-register'/>")
    raw.send("<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>")
    await raw.until("<iq type='result' id='1'>.*<username/><password/>")
    raw.send(SET % ("2", NEW % ("New", "secret")))
    await raw.until("<iq type='result' id='2'/>")
    client = await bench.login("new", password="secret")
    assert client.bare == f"new@{DOMAIN}"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (NEW % ("a", "secret"), "conflict"),
        (NEW % ("A", "secret"), "conflict"),
        (NEW % ("a b", "secret"), "not-acceptable"),
        (NEW % ("", "secret"), "not-acceptable"),
        (NEW % ("new", ""), "not-acceptable"),
        ("", "not-acceptable"),
    ],
)
async def test_refused(bench: Bench, fields: str, expected: str) -> None:
    raw = await bench.raw(HEADER)
    raw.send(SET % ("1", fields))
    await raw.until(f"<iq type='error' id='1'>.*<{expected} ")
    assert (await bench.login("a")).jid


async def test_new_password(bench: Bench) -> None:
    client = await bench.login("a")
    answer = await client.ask(QUERY % (NEW % ("b", "mine")), kind="set", to=DOMAIN)
    assert condition(answer) == "not-allowed"
    answer = await client.ask(QUERY % (NEW % ("a", "fresh")), kind="set", to=DOMAIN)
    assert answer.get("type") == "result"
    with pytest.raises(SaslError):
        await bench.login("a", "other")
    assert (await bench.login("a", "other", password="fresh")).jid


async def test_removal(bench: Bench) -> None:
    bench.domain.store.fill_roster("a", ["b"])
    bench.domain.store.fill_roster("b", ["a"])
    client, friend = await bench.online("a"), await bench.online("b")
    await client.fence()
    client.send(SET % ("1", "<remove/>"))
    error = (await client.ended()).error
    assert isinstance(error, StreamError)
    assert error.condition == "not-authorized"
    kinds = [s.get("type") for s in await friend.fence() if s.tag == ns.PRESENCE]
    assert kinds == ["unsubscribe", "unavailable", "unsubscribed"]
    with pytest.raises(SaslError):
        await bench.login("a")
