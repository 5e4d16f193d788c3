"""The target as a process: life cycle, provisioning, shutdown, and a foreign client."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import slixmpp

from harness import targets
from harness.errors import StreamError
from harness.targets.base import Account, TargetOptions
from harness.targets.embedded import Embedded
from harness.targets.probe import Stream

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def target() -> Iterator[Embedded]:
    made = Embedded(TargetOptions(tls="starttls"))
    made.start(20.0)
    yield made
    made.stop()


def test_it_is_found_by_name() -> None:
    assert targets.load("embedded") is Embedded
    assert Embedded.usable().usable


class Foreigner(slixmpp.ClientXMPP):
    """slixmpp as it comes: STARTTLS, the mechanism of its choice, roster, one message."""

    def __init__(self, account: Account, domain: str, ca: str) -> None:
        super().__init__(f"{account.user}@{domain}", account.password)
        self.ca_certs = ca
        self.arrived: asyncio.Queue[slixmpp.Message] = asyncio.Queue()
        self.ready: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        self.add_event_handler("session_start", self.begin)
        self.add_event_handler("message", self.arrived.put_nowait)
        self.add_event_handler("failed_all_auth", self.fail)

    async def begin(self, _event: object) -> None:
        await self.get_roster()
        self.send_presence()
        self.ready.set_result(sorted(self.client_roster.keys()))

    def fail(self, _event: object) -> None:
        self.ready.set_exception(AssertionError("slixmpp could not log in"))


async def test_a_complete_foreign_client(target: Embedded) -> None:
    accounts = target.provision(2, [[1], [0]])
    endpoint = target.endpoint()
    assert endpoint.ca is not None
    clients = [Foreigner(account, endpoint.domain, endpoint.ca) for account in accounts]
    for client in clients:
        client.connect(endpoint.host, endpoint.port)
    rosters = [await asyncio.wait_for(client.ready, 20) for client in clients]
    assert f"{accounts[1].user}@{endpoint.domain}" in rosters[0]
    clients[0].send_message(clients[1].boundjid.full, "hello", mtype="chat")
    message = await asyncio.wait_for(clients[1].arrived.get(), 10)
    assert (message["body"], message["from"]) == ("hello", clients[0].boundjid)
    for client in clients:
        await client.disconnect()


def test_many_accounts_are_made_at_once(target: Embedded) -> None:
    begin = time.monotonic()
    count = 2000
    rosters = [[(i + d) % count for d in (1, 2, count - 1, count - 2)] for i in range(count)]
    accounts = target.provision(count, rosters)
    assert time.monotonic() - begin < 5
    assert len({account.user for account in accounts}) == count


def test_sigterm_says_so_and_ends_quickly() -> None:
    target = Embedded(TargetOptions(tls="off"))
    target.start(20.0)
    try:
        endpoint = target.endpoint()
        with Stream(endpoint.host, endpoint.port, endpoint.domain) as stream:
            stream.open()
            begin = time.monotonic()
            os.kill(target.pids()[0], signal.SIGTERM)
            with pytest.raises(StreamError) as caught:
                stream.request(" ")
            assert caught.value.condition == "system-shutdown"
        while target.alive():
            assert time.monotonic() - begin < 3
            time.sleep(0.01)
    finally:
        target.stop()


def test_it_does_not_outlive_its_parent() -> None:
    """The parent is killed, so that nothing it does at its exit can help."""
    program = (
        "import os, sys, time\n"
        "from harness.targets.base import TargetOptions\n"
        "from harness.targets.embedded import Embedded\n"
        "target = Embedded(TargetOptions(tls='off'))\n"
        "target.start()\n"
        "print(target.pids()[0], target._directory, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    pid, directory = done.stdout.split()
    deadline = time.monotonic() + 5
    while _runs(int(pid)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    shutil.rmtree(directory, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
