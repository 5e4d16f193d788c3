from __future__ import annotations

import base64

import pytest

from harness.errors import StanzaError, StreamError
from harness.tests.targets.embedded.conftest import StartBench
from harness.tests.targets.embedded.driver import DOMAIN, Bench, Raw
from harness.xmpp import namespaces as ns

BIND = f"<iq type='set' id='%s'><bind xmlns='{ns.BIND}'><resource>%s</resource></bind></iq>"


async def authenticated(bench: Bench, user: str = "a") -> Raw:
    raw = await bench.raw(direct=True)
    await raw.open()
    data = base64.b64encode(f"\0{user}\0pencil".encode()).decode()
    raw.send(f"<auth xmlns='{ns.SASL}' mechanism='PLAIN'>{data}</auth>")
    await raw.until("<success")
    await raw.open()
    return raw


async def test_the_server_makes_resources_that_nobody_guesses(bench: Bench) -> None:
    first, second = await bench.login("a", ""), await bench.login("a", "")
    assert first.jid != second.jid
    assert all(len(client.jid.partition("/")[2]) >= 16 for client in (first, second))


async def test_a_resource_is_kept_as_it_was_asked_for(bench: Bench) -> None:
    assert (await bench.login("a", "Büro & Heim")).jid == f"a@{DOMAIN}/Büro & Heim"


async def test_conflict_replaces_the_older_stream(bench: Bench) -> None:
    older = await bench.online("a", "phone")
    newer = await bench.login("a", "phone")
    error = (await older.ended()).error
    assert isinstance(error, StreamError)
    assert error.condition == "conflict"
    assert newer.jid == older.jid
    older.writer.close()
    assert await newer.fence() == []
    assert bench.domain.sessions[newer.jid].state.name == "BOUND"


async def test_conflict_renames_the_newer_one(start_bench: StartBench) -> None:
    bench = await start_bench(on_conflict="rename")
    older, newer = await bench.login("a", "phone"), await bench.login("a", "phone")
    assert newer.jid != older.jid
    assert await older.fence() == []


async def test_conflict_is_refused(start_bench: StartBench) -> None:
    bench = await start_bench(on_conflict="refuse")
    older = await bench.login("a", "phone")
    with pytest.raises(StanzaError) as caught:
        await bench.login("a", "phone")
    assert caught.value.condition == "conflict"
    assert await older.fence() == []


async def test_limit_of_resources(start_bench: StartBench) -> None:
    bench = await start_bench(resources=1)
    await bench.login("a", "phone")
    with pytest.raises(StanzaError) as caught:
        await bench.login("a", "desk")
    assert caught.value.condition == "resource-constraint"


async def test_failed_attempts_are_limited(start_bench: StartBench) -> None:
    bench = await start_bench(bind_retries=5)
    raw = await authenticated(bench)
    for attempt in range(6):
        raw.send(BIND % (attempt, "x" * 1024))
        await raw.until(f"<iq type='error' id='{attempt}'>.*bad-request.*</iq>")
    assert await raw.stream_error() == "policy-violation"


async def test_another_attempt_after_a_failed_one(bench: Bench) -> None:
    raw = await authenticated(bench)
    raw.send(f"<iq type='get' id='1'><bind xmlns='{ns.BIND}'/></iq>")
    await raw.until("id='1'.*bad-request")
    raw.send(BIND % ("2", "ok"))
    await raw.until(f"<jid>a@{DOMAIN}/ok</jid>")
    raw.send(BIND % ("3", "more"))
    await raw.until("id='3'.*not-allowed")


async def test_the_answer_is_for_the_new_jid(bench: Bench) -> None:
    """Whatever the client claims before it has an address."""
    raw = await authenticated(bench)
    raw.send((BIND % ("1", "x" * 1024)).replace("<iq ", f"<iq from='b@{DOMAIN}/r' "))
    assert " to=" not in (await raw.until("<iq [^>]*>"))[0]
    raw.send((BIND % ("2", "ok")).replace("<iq ", f"<iq from='b@{DOMAIN}/r' "))
    assert " to=" not in (await raw.until("<iq [^>]*id='2'[^>]*>"))[0]
    await raw.until(f"<jid>a@{DOMAIN}/ok</jid>")


@pytest.mark.parametrize("to", [DOMAIN, f"a@{DOMAIN}"])
async def test_bind_may_name_the_server(bench: Bench, to: str) -> None:
    raw = await authenticated(bench)
    raw.send((BIND % ("1", "ok")).replace("<iq ", f"<iq to='{to}' "))
    await raw.until(f"<jid>a@{DOMAIN}/ok</jid>")


@pytest.mark.parametrize("to", [f"b@{DOMAIN}", "elsewhere.test", f"{DOMAIN}/x"])
async def test_bind_to_somebody_else_is_a_stanza_too_early(bench: Bench, to: str) -> None:
    raw = await authenticated(bench)
    raw.send((BIND % ("1", "ok")).replace("<iq ", f"<iq to='{to}' "))
    assert await raw.stream_error() == "not-authorized"


async def test_five_retries(bench: Bench) -> None:
    raw = await authenticated(bench)
    for attempt in range(6):
        raw.send(BIND % (attempt, "x" * 1024))
        await raw.until(f"id='{attempt}'.*bad-request")
    raw.send(BIND % ("last", "ok"))
    await raw.until(f"<jid>a@{DOMAIN}/ok</jid>")
