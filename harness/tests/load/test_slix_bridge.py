"""The asyncio loop inside gevent's; each script runs in a process that locust has patched."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PRELUDE = """
import locust, asyncio, json, gevent
from time import monotonic
from harness.errors import NoReply
from harness.load.asyncio_bridge import event_loop, wait

async def after(seconds, value=None):
    await asyncio.sleep(seconds)
    return value

"""


def run(script: str) -> Any:
    """What the script leaves in `result`."""
    done = subprocess.run(
        [sys.executable, "-c", f"{PRELUDE}{script}\nprint(json.dumps(result))"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_many_greenlets_wait_at_the_same_time():
    script = """
begin = monotonic()
jobs = [gevent.spawn(wait, after(0.2, i)) for i in range(100)]
gevent.joinall(jobs)
result = [[job.value for job in jobs], monotonic() - begin]
"""
    values, seconds = run(script)
    assert values == list(range(100))
    assert 0.2 <= seconds < 1.5


def test_the_end_of_patience_cancels():
    script = """
future = event_loop().create_future()
try:
    wait(future, 0.05)
except NoReply as error:
    result = [error.condition, future.cancelled()]
"""
    assert run(script) == ["timeout", True]


def test_a_greenlet_that_is_killed_cancels():
    script = """
future = event_loop().create_future()
greenlet = gevent.spawn(wait, future)
gevent.sleep(0.05)
greenlet.kill()
result = future.cancelled()
"""
    assert run(script) is True


def test_an_exception_arrives_at_the_greenlet():
    script = """
async def broken():
    raise KeyError("x")
try:
    wait(broken())
except KeyError as error:
    result = str(error)
"""
    assert run(script) == "'x'"


@pytest.mark.parametrize("call", ["call_soon(", "call_later(0.01, ", "call_soon_threadsafe("])
def test_an_idle_loop_notices_what_a_greenlet_schedules(call):
    script = f"""
loop, done = event_loop(), gevent.event.Event()
loop.call_later(30, print)
gevent.sleep(0.1)
begin = monotonic()
loop.{call}done.set)
result = [done.wait(10), monotonic() - begin]
"""
    happened, seconds = run(script)
    assert happened
    assert seconds < 1


def test_a_busy_loop_leaves_room_for_gevent():
    script = """
async def busy():
    end = monotonic() + 0.5
    while monotonic() < end:
        await asyncio.sleep(0)
ticks = []
def tick():
    while True:
        gevent.sleep(0.01)
        ticks.append(1)
ticker = gevent.spawn(tick)
wait(busy())
result = len(ticks)
"""
    assert run(script) > 10


def test_the_default_executor_and_the_resolver_work():
    script = """
loop = event_loop()
found = wait(loop.getaddrinfo("localhost", 5222), 10)
result = [wait(loop.run_in_executor(None, sum, [1, 2]), 10), found[0][4][1]]
"""
    assert run(script) == [3, 5222]


def test_reading_and_writing_many_sockets():
    script = """
async def main():
    async def echo(reader, writer):
        writer.write(await reader.readexactly(100_000))
        await writer.drain()
        writer.close()
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async def ask(i):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(bytes([i]) * 100_000)
        answer = await reader.read(-1)
        writer.close()
        return answer == bytes([i]) * 100_000
    return await asyncio.gather(*map(ask, range(100)))
result = wait(main(), 30)
"""
    assert run(script) == [True] * 100
