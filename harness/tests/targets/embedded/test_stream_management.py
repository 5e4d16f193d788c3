"""Stream management (XEP-0198) of the embedded server."""

from __future__ import annotations

import asyncio
import re

import pytest

from harness.targets.embedded.managed import MODULUS
from harness.tests.targets.embedded.conftest import StartBench
from harness.tests.targets.embedded.defects.scenes import END, bound, online, unbound
from harness.tests.targets.embedded.driver import DOMAIN, Bench, Raw

SM = "xmlns='urn:xmpp:sm:3'"
ASK = f"<r {SM}/>"


def message(number: int, to: str = f"a@{DOMAIN}/r") -> str:
    return f"<message to='{to}' type='chat' id='m{number}'><body>{number}</body></message>"


async def managed(bench: Bench, user: str = "a", options: str = "resume='true'") -> tuple[Raw, str]:
    """An available resource with stream management, and its SM-ID."""
    raw = await online(bench, user)
    raw.send(f"<enable {SM} {options}/>")
    return raw, (await raw.until("<enabled[^>]*? id='([^']*)'"))[1]


async def resumed(bench: Bench, identifier: str, handled: int, user: str = "a") -> Raw:
    """A new stream that asks to go on as the session of this id."""
    raw = await unbound(bench, user)
    raw.send(f"<resume {SM} previd='{identifier}' h='{handled}'/>")
    return raw


async def count(raw: Raw) -> int:
    raw.send(ASK)
    return int((await raw.until(r"<a [^>]*?h='(\d+)'"))[1])


async def broken(bench: Bench, raw: Raw) -> None:
    """End the connection without the end of the stream, and wait until the server knows."""
    before = len(bench.server._connections)
    raw.writer.transport.abort()
    while len(bench.server._connections) == before:
        await asyncio.sleep(0)


async def test_the_server_counts_what_it_handles(bench: Bench) -> None:
    raw, _ = await managed(bench)
    assert await count(raw) == 0
    raw.send("<presence/>" + message(1, f"b@{DOMAIN}") + "<iq type='result' id='x'/>")
    assert await count(raw) == 3
    assert await count(raw) == 3


async def test_a_count_starts_anew_behind_the_last_number(bench: Bench) -> None:
    raw, identifier = await managed(bench)
    state = bench.domain.resumable[identifier].managed
    assert state is not None
    state.handled = state.acknowledged = MODULUS - 1
    raw.send(message(1))
    await raw.until("id='m1'")
    assert await count(raw) == 0
    raw.send(f"<a {SM} h='0'/>")
    assert await count(raw) == 0
    assert not state.waiting


async def test_what_is_acknowledged_is_not_sent_again(bench: Bench) -> None:
    raw, identifier = await managed(bench)
    raw.send("".join(map(message, range(3))))
    await raw.until("id='m2'")
    await broken(bench, raw)
    again = await resumed(bench, identifier, 1)
    found = await again.until("<resumed [^>]*h='3'[^>]*/>(.*id='m2'.*?</message>)")
    assert re.findall("id='(m.)'", found[1]) == ["m1", "m2"]
    assert await count(again) == 3


async def test_stanzas_wait_for_the_next_connection(bench: Bench) -> None:
    raw, identifier = await managed(bench)
    await broken(bench, raw)
    sender = await bench.login("b")
    sender.send(message(1))
    assert await sender.fence() == []
    again = await resumed(bench, identifier, 0)
    assert "id='m1'" in (await again.until("<resumed .*</message>"))[0]


async def test_resumption_needs_the_owner(bench: Bench) -> None:
    raw, identifier = await managed(bench)
    await broken(bench, raw)
    foreign = await resumed(bench, identifier, 0, "b")
    await foreign.until(f"<failed {SM}><item-not-found ")
    foreign.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
    await foreign.until("<jid>b@")
    own = await resumed(bench, identifier, 0)
    await own.until("<resumed ")


async def test_the_old_stream_ends_with_a_conflict(bench: Bench) -> None:
    raw, identifier = await managed(bench)
    again = await resumed(bench, identifier, 0)
    await again.until("<resumed ")
    assert await raw.stream_error() == "conflict"
    again.send(message(1))
    await again.until("id='m1'")


async def test_acknowledging_too_much(bench: Bench) -> None:
    raw, _ = await managed(bench)
    raw.send(f"<a {SM} h='1'/>")
    await raw.until(
        f"<undefined-condition [^>]*/><handled-count-too-high {SM} h='1' send-count='0'/>"
    )


@pytest.mark.parametrize("text", [f"<enable {SM}/>", f"<resume {SM} previd='x' h='0'/>"])
async def test_before_login(bench: Bench, text: str) -> None:
    raw = await bench.raw()
    await raw.open()
    raw.send(text)
    await raw.until(f"<failed {SM}><unexpected-request ")


async def test_before_and_after_binding(bench: Bench) -> None:
    raw = await unbound(bench)
    raw.send(f"<enable {SM}/><resume {SM} h='0'/><resume {SM} previd='x' h='0'/>")
    await raw.until("<unexpected-request .*<bad-request .*<item-not-found ")
    raw = await bound(bench)
    raw.send(f"<resume {SM} previd='x' h='0'/>{ASK}<a {SM} h='0'/>")
    await raw.until("(<failed [^>]*><unexpected-request [^>]*></failed>){3}")


async def test_enabling_twice(bench: Bench) -> None:
    raw, _ = await managed(bench)
    raw.send(f"<enable {SM}/>")
    assert await raw.stream_error() == "policy-violation"


async def test_not_resumable(bench: Bench) -> None:
    raw = await bound(bench)
    raw.send(f"<enable {SM}/>")
    await raw.until(f"<enabled {SM}/>")
    await broken(bench, raw)
    assert not bench.domain.sessions


async def test_expiry(bench: Bench) -> None:
    """The time is the client's wish; the resource leaves, its messages wait for the next one."""
    watcher = await bench.online("a", "watcher", priority=-1)
    raw, identifier = await managed(bench, options="resume='true' max='1'")
    await watcher.fence()
    raw.send(message(1))
    await raw.until("id='m1'")
    await broken(bench, raw)
    assert (await watcher.next()).get("type") == "unavailable"
    late = await resumed(bench, identifier, 0)
    await late.until(f"<failed {SM} h='1'><item-not-found ")
    stored = [text.decode() for text in bench.domain.store.accounts["a"].offline]
    assert [re.findall(" id='(.*?)'", text) for text in stored] == [["m1"]]
    assert "<delay xmlns='urn:xmpp:delay'" in stored[0]


async def test_a_clean_end_is_the_end(bench: Bench) -> None:
    raw, identifier = await managed(bench)
    raw.send(END)
    await raw.rest()
    late = await resumed(bench, identifier, 0)
    await late.until(f"<failed {SM} h='0'><item-not-found ")


async def test_requests_that_nobody_took_are_refused(bench: Bench) -> None:
    asker = await bench.online("b")
    raw, _ = await managed(bench)
    raw.send(f"<presence to='b@{DOMAIN}/r'/>")
    await asker.next()
    asker.send(f"<iq type='get' id='q' to='a@{DOMAIN}/r'><query xmlns='urn:example:q'/></iq>")
    await raw.until("id='q'")
    raw.send(END)
    answers = [await asker.next() for _ in range(2)]
    assert {(answer.get("type"), answer.get("id")) for answer in answers} >= {("error", "q")}


async def test_the_server_asks_now_and_then(bench: Bench) -> None:
    raw, _ = await managed(bench)
    raw.send("".join(map(message, range(5))))
    await raw.until(f"id='m4'.*{ASK}")


async def test_too_many_without_acknowledgement(start_bench: StartBench) -> None:
    bench = await start_bench(unacknowledged=10)
    raw, _ = await managed(bench)
    raw.send("".join(map(message, range(10))))
    assert await raw.stream_error() == "resource-constraint"
