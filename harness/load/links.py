"""How the coordinator reaches the processes with users: directly, or by Locust's messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import gevent
import msgspec
from gevent.event import Event
from locust.runners import STATE_MISSING

from harness.load import session as sessions
from harness.load.session import Session
from harness.load.worker import Tick, Worker

_SESSION, _START, _DRAIN, _TICK = "xmpp.session", "xmpp.start", "xmpp.drain", "xmpp.tick"
OnTick = Callable[[Tick], None]


class Link(Protocol):
    """The workers of a run."""

    def count(self) -> int:
        """How many workers a run that starts now would have."""
        ...

    def begin(self, shares: list[Session]) -> None:
        """Give each worker its session."""
        ...

    def start_load(self) -> None: ...

    def drain(self, seconds: float) -> None:
        """Let every worker drain; returns when all have sent their final tick or are gone."""
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

    def start_load(self) -> None:
        self._worker.start_load()

    def drain(self, seconds: float) -> None:
        self._worker.drain(seconds)

    def lost(self) -> list[int]:
        return []


class MasterLink:
    """The users run in Locust's workers."""

    def __init__(self, environment: Any, on_tick: OnTick) -> None:
        self._runner = environment.runner
        self._on_tick = on_tick
        self._clients: list[str] = []
        self._finished: set[int] = set()
        self._changed = Event()
        self._runner.register_message(_TICK, self._receive)

    def count(self) -> int:
        return len(self._active())

    def begin(self, shares: list[Session]) -> None:
        self._clients = self._active()
        self._finished = set()
        for client, share in zip(self._clients, shares, strict=True):
            self._runner.send_message(_SESSION, sessions.to_wire(share), client)

    def start_load(self) -> None:
        self._runner.send_message(_START)

    def drain(self, seconds: float) -> None:
        self._runner.send_message(_DRAIN, seconds)
        with gevent.Timeout(seconds + 30, False):
            while set(range(len(self._clients))) - self._finished - set(self.lost()):
                self._changed.clear()
                self._changed.wait(1.0)  # also to notice a worker that has died meanwhile

    def lost(self) -> list[int]:
        known = self._runner.clients
        return [
            number
            for number, client in enumerate(self._clients)
            if client not in known or known[client].state == STATE_MISSING
        ]

    def _active(self) -> list[str]:
        clients = self._runner.clients
        return [node.id for node in clients.ready + clients.running + clients.spawning]

    def _receive(self, environment: Any, msg: Any, **_kwargs: Any) -> None:
        tick = msgspec.convert(msg.data, Tick)
        self._on_tick(tick)
        if tick.final:
            self._finished.add(tick.sample.worker)
            self._changed.set()


def serve(environment: Any) -> None:
    """Make this worker process answer a MasterLink."""
    runner = environment.runner

    def send(tick: Tick) -> None:
        runner.send_message(_TICK, msgspec.to_builtins(tick))

    worker = Worker(environment, send)

    def on_session(environment: Any, msg: Any, **_kwargs: Any) -> None:
        worker.begin(sessions.from_wire(msg.data))

    def on_start(environment: Any, msg: Any, **_kwargs: Any) -> None:
        worker.start_load()

    def on_drain(environment: Any, msg: Any, **_kwargs: Any) -> None:
        worker.drain(msg.data)

    runner.register_message(_SESSION, on_session)
    runner.register_message(_START, on_start)
    runner.register_message(_DRAIN, on_drain, concurrent=True)
