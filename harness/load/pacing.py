"""Plans of arrivals: when something is due, however fast the server answers.

The pacer is a pure function from the number of earlier arrivals to the next planned time;
the pump and the gate carry a plan out on gevent's loop.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

import gevent
from gevent.lock import BoundedSemaphore

if TYPE_CHECKING:
    from harness.load.engine import Engine

_TICK = 0.001  # seconds between wake-ups of a plan: one wake-up sends for many users
_IN_FLIGHT = 64  # logins at once for each worker: keeps a server busy without drowning it
BODY = "x" * 64


def constant(rate: float, done: int) -> float:
    """Seconds after the start at which arrival number `done` (from 0) is due."""
    return done / rate


class MessagePump:
    """Sends chat messages between random online users at a constant rate, for all of them."""

    def __init__(self, engine: Engine, rate: float) -> None:
        self._engine = engine
        self._rate = rate
        self._done = 0
        self._begin = 0.0
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
        while (due := constant(self._rate, self._done)) <= elapsed:
            self._done += 1
            sender = engine.anybody()
            to = engine.peer(sender) if sender else None
            if sender is None or to is None:
                engine.unsent()
                continue
            engine.send_message(sender, to, BODY, self._begin + due)


class LoginGate:
    """Admits logins at the planned rate, and no more than a few at once.

    A context manager; entering it waits and gives the planned time of this login. Waiting for
    a slow server counts: latency from the planned time shows it.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._done = 0
        self._begin: float | None = None
        self._places = BoundedSemaphore(_IN_FLIGHT)

    def __enter__(self) -> float:
        now = monotonic()
        if self._begin is None:
            self._begin = now
        planned = self._begin + constant(self._rate, self._done)
        if planned < now - 1.0:  # a pause since the last login: the plan begins anew
            self._begin, self._done, planned = now, 0, now
        self._done += 1
        gevent.sleep(max(planned - now, 0))
        self._places.acquire()
        return planned

    def __exit__(self, *_exc: object) -> None:
        self._places.release()
