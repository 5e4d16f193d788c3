"""How the coordinator reaches the processes with users: directly, or by Locust's messages."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import Any, Protocol

import gevent
import msgspec
from gevent.event import Event
from locust.runners import STATE_MISSING

from harness.errors import HarnessError
from harness.load import failures
from harness.load import session as sessions
from harness.load.clock import MasterClock, now_ns
from harness.load.session import Session
from harness.load.worker import Tick, Worker
from harness.targets.base import Account

_SESSION, _START, _DRAIN = "xmpp.session", "xmpp.start", "xmpp.drain"  # to the workers
_MORE = "xmpp.more"  # to them: accounts
_TICK, _DRAINED, _FAILED = "xmpp.tick", "xmpp.drained", "xmpp.failed"  # from them
_ASK, _TIME = "xmpp.ask", "xmpp.time"  # a worker asks for the master's time, and gets it
_READY_S = 30.0  # how long a worker may take to get ready
OnTick = Callable[[Tick], None]
OnFailure = Callable[[str], None]  # an exception that nobody foresaw, in one line


class Link(Protocol):
    """The workers of a run."""

    def count(self) -> int:
        """How many workers a run that starts now would have."""
        ...

    def begin(self, shares: list[Session]) -> None:
        """Give each worker its session; returns when all are ready. Raises HarnessError."""
        ...

    def enlarge(self, accounts: list[Account], first: int) -> None:
        """Deal out more accounts, of which the first has this number in the run."""
        ...

    def start_load(self) -> None: ...

    def drain(self, seconds: float) -> None:
        """Let every worker drain; returns when all have sent their last tick or are gone."""
        ...

    def lost(self) -> list[int]:
        """Workers of this run that are gone."""
        ...


class LocalLink:
    """The users run in this process."""

    def __init__(self, environment: Any, on_tick: OnTick) -> None:
        self._worker = Worker(environment, on_tick)

    def count(self) -> int:
        return 1

    def begin(self, shares: list[Session]) -> None:
        self._worker.begin(shares[0])

    def enlarge(self, accounts: list[Account], first: int) -> None:
        self._worker.enlarge(accounts)

    def start_load(self) -> None:
        self._worker.start_load()

    def drain(self, seconds: float) -> None:
        self._worker.drain(seconds)

    def lost(self) -> list[int]:
        return []


class MasterLink:
    """The users run in Locust's workers."""

    def __init__(self, environment: Any, on_tick: OnTick, on_failure: OnFailure) -> None:
        self._runner = environment.runner
        self._on_tick = on_tick
        self._on_failure = on_failure
        self._clients: list[str] = []
        self._ready: set[str] = set()
        self._drained: set[str] = set()
        self._beginning = False
        self._failure: str | None = None  # of a worker, while beginning
        self._heard = 0.0  # when the last tick came
        self._changed = Event()
        for name, listener in (
            (_TICK, self._ticked),
            (_DRAINED, self._has_drained),
            (_FAILED, self._has_failed),
            (_ASK, self._is_asked),
        ):
            self._runner.register_message(name, listener)

    def count(self) -> int:
        return len(self._active())

    def begin(self, shares: list[Session]) -> None:
        self._clients = self._active()
        self._ready, self._drained, self._failure = set(), set(), None
        self._beginning = True
        for client, share in zip(self._clients, shares, strict=True):
            self._runner.send_message(_SESSION, sessions.to_wire(share), client)
        try:
            self._wait_until_ready()
        finally:
            self._beginning = False

    def enlarge(self, accounts: list[Account], first: int) -> None:
        workers = len(self._clients)
        for number, client in enumerate(self._clients):
            share = accounts[(number - first) % workers :: workers]
            self._runner.send_message(_MORE, msgspec.to_builtins(share), client)

    def start_load(self) -> None:
        self._runner.send_message(_START)

    def drain(self, seconds: float) -> None:
        self._heard = monotonic()
        self._runner.send_message(_DRAIN, seconds)
        while self._missing(self._drained) - set(self.lost()):
            if monotonic() > self._heard + seconds + 30:
                return
            self._wait()

    def lost(self) -> list[int]:
        known = self._runner.clients
        return [
            number
            for number, client in enumerate(self._clients)
            if client not in known or known[client].state == STATE_MISSING
        ]

    def _active(self) -> list[str]:
        """The workers in the order in which Locust deals out users, as we deal out accounts: by
        their number on their host, then by id (`UsersDispatcher`)."""
        clients = self._runner.clients
        ids = sorted(node.id for node in clients.ready + clients.running + clients.spawning)
        on_host: Counter[str] = Counter()
        order = []
        for name in ids:
            host = name.partition("_")[0]
            order.append((on_host[host], name))
            on_host[host] += 1
        return [name for _, name in sorted(order)]

    def _wait_until_ready(self) -> None:
        deadline = monotonic() + _READY_S
        while missing := self._missing(self._ready):
            if self._failure:
                raise HarnessError(self._failure)
            if lost := self.lost():
                raise HarnessError(f"worker {lost[0]} of the load generator was lost")
            if monotonic() > deadline:
                raise HarnessError(f"worker {min(missing)} did not get ready in {_READY_S:g} s")
            self._wait()

    def _missing(self, arrived: set[str]) -> set[int]:
        return {n for n, client in enumerate(self._clients) if client not in arrived}

    def _wait(self) -> None:
        self._changed.clear()
        self._changed.wait(1.0)  # no event tells of a worker that has died

    # Messages; Locust only logs what these listeners raise.

    def _ticked(self, environment: Any, msg: Any, **_kwargs: Any) -> None:
        try:
            self._on_tick(msgspec.convert(msg.data, Tick))
        except Exception as error:
            self._on_failure(failures.in_words(error))
            raise
        self._heard = monotonic()
        self._ready.add(msg.node_id)
        self._changed.set()

    def _has_drained(self, environment: Any, msg: Any, **_kwargs: Any) -> None:
        self._drained.add(msg.node_id)
        self._changed.set()

    def _has_failed(self, environment: Any, msg: Any, **_kwargs: Any) -> None:
        if self._beginning:
            self._failure = msg.data
            self._changed.set()
        else:
            self._on_failure(msg.data)

    def _is_asked(self, environment: Any, msg: Any, **_kwargs: Any) -> None:
        heard = now_ns()
        self._runner.send_message(_TIME, [msg.data, heard, now_ns()], msg.node_id)


def serve(environment: Any) -> None:
    """Make this worker process answer a MasterLink."""
    runner = environment.runner
    clock = MasterClock(lambda t0: runner.send_message(_ASK, t0))
    worker = Worker(
        environment, lambda tick: runner.send_message(_TICK, msgspec.to_builtins(tick)), clock
    )

    def on_session(environment: Any, msg: Any, **_kwargs: Any) -> None:
        worker.begin(sessions.from_wire(msg.data))

    def on_more(environment: Any, msg: Any, **_kwargs: Any) -> None:
        worker.enlarge(msgspec.convert(msg.data, list[Account]))

    def on_start(environment: Any, msg: Any, **_kwargs: Any) -> None:
        worker.start_load()

    def on_drain(environment: Any, msg: Any, **_kwargs: Any) -> None:
        try:
            worker.drain(msg.data)
        except Exception as error:
            # Now: the record is closed as soon as everybody has drained.
            runner.send_message(_FAILED, failures.in_words(error))
            raise
        finally:
            runner.send_message(_DRAINED)

    def report(reason: str) -> None:
        gevent.spawn(runner.send_message, _FAILED, reason)  # sending may block

    runner.register_message(_TIME, lambda msg, **_kwargs: clock.answered(*msg.data))
    failures.watch(environment, report)
    for name, listener in (
        (_SESSION, on_session),
        (_MORE, on_more),
        (_START, on_start),
        (_DRAIN, on_drain),
    ):
        # In a greenlet of its own, what it raises is seen by `watch`; else Locust only logs it.
        runner.register_message(name, listener, concurrent=True)
    if environment.parsed_options.processes:
        gevent.spawn(_end_with, os.getppid())


def _end_with(parent: int) -> None:
    """End when the process that forked us does, in whatever way; Locust would wait a minute."""
    while os.getppid() == parent:
        gevent.sleep(1.0)
    os.kill(os.getpid(), signal.SIGTERM)
