"""How far a worker's clock is from the master's, measured over Locust's connection (D10).

Wall clocks of two hosts can be compared, but may be set while a run goes on; monotonic clocks are
never set, but begin when their host does. So each process reads its wall clock once and goes on
from there by the monotonic clock.

An exchange is four times, as in NTP (RFC 5905 section 8): the worker asks at t0, the master hears
it at t1 and answers at t2, the worker hears that at t3, each by its own clock. However unequal the
two ways are, the truth lies within half of what both took together. The fewer microseconds that
is, the better: of the last exchanges the tightest counts, where each loses certainty with its age,
as clocks drift.

Every delivery is measured on one worker, with one clock at both ends, since sender and receiver are
users of the same worker. `latency_across` is for those that would not be.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic_ns, time_ns

from harness.record.model import Clock

BURST = 8  # exchanges when a session begins, while the worker has nothing else to do
_KEPT = 64  # exchanges, of about as many seconds
_DRIFT = 100e-6  # how far two clocks that nobody corrects may part: 50 ppm each


def _start() -> int:
    """The wall clock when the monotonic one stood at 0, from the reading that took least time."""
    readings = [(monotonic_ns(), time_ns(), monotonic_ns()) for _ in range(10)]
    before, wall, after = min(readings, key=lambda reading: reading[2] - reading[0])
    return wall - (before + after) // 2


_STARTED = _start()


def now_ns() -> int:
    """Nanoseconds since 1970, by a clock that is not set while this process lives."""
    return _STARTED + monotonic_ns()


class MasterClock:
    """The master's clock, as a worker knows it."""

    def __init__(self, send: Callable[[int], None], now: Callable[[], int] = now_ns) -> None:
        """`send` asks the master with our time; its answer goes to `answered`."""
        self._send = send
        self._now = now
        self._left = 0  # of a burst
        self._exchanges: deque[tuple[int, float, float]] = deque(maxlen=_KEPT)

    def begin(self) -> None:
        """Ask some times in a row, each time when the answer before is there."""
        self._left = BURST - 1
        self.ask()

    def ask(self) -> None:
        """Begin one exchange. Does not wait."""
        self._send(self._now())

    def answered(self, t0: int, t1: int, t2: int) -> None:
        """The answer has just come: our question's time, then when it was heard and answered."""
        t3 = self._now()
        master_ahead = ((t1 - t0) + (t2 - t3)) / 2
        self._exchanges.append((t3, -master_ahead, ((t3 - t0) - (t2 - t1)) / 2))
        if self._left:
            self._left -= 1
            self.ask()

    def reading(self) -> Clock | None:
        """Our clock against the master's by the tightest exchange; None before the first."""
        now = self._now()
        aged = [
            (bound + (now - heard) * _DRIFT, offset) for heard, offset, bound in self._exchanges
        ]
        if not aged:
            return None
        bound, offset = min(aged)
        return Clock(offset_us=round(offset / 1e3, 3), bound_us=round(bound / 1e3, 3))


def latency_across(
    sent_us: float, sender: Clock, received_us: float, receiver: Clock
) -> tuple[float, float]:
    """Latency of a delivery between two workers, and how far it may be from the truth, in
    microseconds: each time by the clock of its own worker, put on the master's."""
    latency = (received_us - receiver.offset_us) - (sent_us - sender.offset_us)
    return latency, sender.bound_us + receiver.bound_us
