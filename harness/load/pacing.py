"""Carries plans of arrivals (`harness.load.arrivals`) out on gevent's loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

import gevent
from gevent.lock import BoundedSemaphore

if TYPE_CHECKING:
    from harness.load.engine import Engine

_TICK = 0.001  # seconds between wake-ups of a plan: one wake-up sends for many users
_IN_FLIGHT = 64  # logins at once for each worker: keeps a server busy without drowning it
BODY = "x" * 64  # of a measured message


class Pump:
    """Has the engine act when the plan says so, for all users of the worker.

    What is due while the loop was held up goes out late, with its planned time; `behind_s` is
    the worst delay since it was last read and reset.
    """

    def __init__(self, engine: Engine, plan: Iterator[float]) -> None:
        self._engine = engine
        self._plan = plan
        self._due = next(plan, math.inf)
        self._begin = 0.0
        self.behind_s = 0.0
        self._timer: Any = None

    def start(self) -> None:
        """Begin now."""
        self._begin = monotonic()
        self._timer = gevent.get_hub().loop.timer(_TICK, repeat=_TICK)
        self._timer.start(self._on_tick)

    def stop(self) -> None:
        """Send nothing more."""
        if self._timer is not None:
            self._timer.stop()
            self._timer.close()
            self._timer = None

    def _on_tick(self) -> None:
        engine = self._engine
        elapsed = monotonic() - self._begin
        if self._due <= elapsed:
            self.behind_s = max(self.behind_s, elapsed - self._due)
        while (due := self._due) <= elapsed:
            self._due = next(self._plan, math.inf)
            engine.act(self._begin + due)


class LoginGate:
    """Admits logins as planned, and no more than a few at once. When the plan has ended, or
    nobody came for a second, it begins anew."""

    def __init__(self, plan: Callable[[], Iterator[float]]) -> None:
        self._plan = plan
        self._times: Iterator[float] = iter(())
        self._begin = 0.0
        self._places = BoundedSemaphore(_IN_FLIGHT)

    @contextmanager
    def place(self, *, again: bool = False) -> Iterator[float]:
        """Wait for a place, and have it for the block; gives the planned time of this login.

        Waiting for a slow server counts: latency from the planned time shows it. Who comes `again`
        was online or away when a moment of the plan passed, and has not waited since.
        """
        now = monotonic()
        planned = self._begin + next(self._times, -math.inf)
        if planned < now - 1.0:
            self._begin, self._times = now, self._plan()
            planned = now + next(self._times, 0.0)
        if again:
            planned = max(planned, now)
        gevent.sleep(max(planned - now, 0))
        with self._places:
            yield planned
