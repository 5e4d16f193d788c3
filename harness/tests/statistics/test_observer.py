"""The process that asks, against servers that run."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import cast

import psutil
import pytest

from harness import targets
from harness.statistics.observer import Observer
from harness.statistics.said import Said
from harness.targets.base import TargetOptions, statistics_of
from harness.targets.local import LocalServer
from harness.targets.login import login
from harness.targets.probe import Stream, tls_context
from harness.targets.sources import Control

SERVERS = [
    "embedded",
    *(pytest.param(name, marks=pytest.mark.server(name)) for name in ("ejabberd", "prosody")),
    *(pytest.param(n, marks=pytest.mark.installation(n)) for n in ("openfire", "tigase")),
]


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[LocalServer]:
    target = cast(LocalServer, targets.load(request.param)(TargetOptions()))
    target.start()
    yield target
    target.stop()


@pytest.fixture
def observe() -> Iterator[Callable[[LocalServer], Observer]]:
    """Starts the asking process of a server; none is left when the test is over."""
    started: list[Observer] = []

    def start(server: LocalServer) -> Observer:
        source = statistics_of(server)
        assert source is not None
        started.append(Observer(source))
        return started[-1]

    yield start
    for observer in started:
        observer.stop()
        assert observer._process.poll() is not None


def until(observer: Observer, wanted: Callable[[Said], bool], timeout_s: float = 20.0) -> Said:
    """The first thing said that is wanted."""
    deadline = time.monotonic() + timeout_s
    said: list[Said] = []
    while time.monotonic() < deadline:
        said += observer.take()
        if found := next((one for one in said if wanted(one)), None):
            return found
        time.sleep(0.05)  # polling a pipe that another process writes
    raise AssertionError(said)


def online(server: LocalServer, count: int) -> list[Stream]:
    """Sessions of the first accounts, with presence."""
    context = tls_context(server.endpoint().ca)
    streams = [
        login(server.endpoint(), context, account)
        for account in server.provision(max(count, 2))[:count]
    ]
    for stream in streams:
        stream.request("<presence/><iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>")
    return streams


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_counts_the_sessions_that_there_are(
    server: LocalServer, observe: Callable[[LocalServer], Observer]
) -> None:
    streams = online(server, 3)
    observer = observe(server)
    assert observer.first() == ""
    said = until(observer, lambda one: one.sessions == 3)
    assert said.error == ""
    assert said.took_ms > 0
    assert said.figures
    assert abs(said.t - time.monotonic()) < 30
    streams[0].close()
    until(observer, lambda one: one.sessions == 2)
    for stream in streams[1:]:
        stream.close()


@pytest.mark.parametrize("server", ["embedded"], indirect=True)
def test_once_a_second_and_cheap(
    server: LocalServer, observe: Callable[[LocalServer], Observer]
) -> None:
    server.provision(1)
    observer = observe(server)
    observer.first()
    process = psutil.Process(observer._process.pid)
    before, began, said = sum(process.cpu_times()[:2]), time.monotonic(), []
    while len(said) < 4:
        said += observer.take()
        time.sleep(0.05)  # polling a pipe that another process writes
    passed = time.monotonic() - began
    assert all(b.t - a.t > 0.9 for a, b in pairwise(said))
    assert (sum(process.cpu_times()[:2]) - before) / passed < 0.02


@pytest.mark.parametrize("server", ["embedded"], indirect=True)
def test_a_server_that_goes_and_comes(
    server: LocalServer, observe: Callable[[LocalServer], Observer]
) -> None:
    server.provision(1)
    observer = observe(server)
    assert observer.first() == ""
    server._stand_still()
    assert "refused" in until(observer, lambda one: one.error != "").error.lower()
    server._start_again()
    until(observer, lambda one: one.error == "" and one.sessions == 0)


def test_nobody_to_ask() -> None:
    observer = Observer(Control("/nowhere/control.sock"))
    assert observer.first() == "No such file or directory"
    observer.stop()
    observer.stop()
    assert observer.take() == []


def test_an_asking_process_that_dies() -> None:
    observer = Observer(Control("/nowhere/control.sock"))
    os.kill(observer._process.pid, signal.SIGKILL)
    assert observer.first() in ("the process that asks ended with code -9",)
    observer.stop()


def test_it_ends_when_nobody_listens_any_more() -> None:
    observer = Observer(Control("/nowhere/control.sock"))
    observer.first()
    process = observer._process
    os.close(observer._commands)  # as when we are killed
    assert process.wait(10) == 0
    observer._commands = os.open(os.devnull, os.O_WRONLY)
    observer.stop()


def test_servers_without_statistics() -> None:
    assert statistics_of(targets.load("jabberd2")(TargetOptions())) is None
