"""What one worker measures: operations into histograms, second by second.

Hot paths append to plain lists; `fold` bins what has gathered, several times a second, so that
no single pause grows long enough to spoil the latencies that are being measured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from harness.record.histogram import Histogram
from harness.record.model import Window


class Operation:
    """One kind of operation. Latencies are whole microseconds; append to the lists freely."""

    __slots__ = ("_actual", "_planned", "actual", "errors", "planned", "started")

    def __init__(self) -> None:
        self.actual: list[int] = []
        self.planned: list[int] = []
        self.started = 0
        self.errors: Counter[str] = Counter()
        self._actual: Histogram | None = None
        self._planned: Histogram | None = None

    def fold(self) -> None:
        """Bin what has gathered."""
        if self.actual:
            self._actual = self._actual or Histogram()
            samples, self.actual = self.actual, []
            self._actual.record(samples)
        if self.planned:
            self._planned = self._planned or Histogram()
            samples, self.planned = self.planned, []
            self._planned.record(samples)

    def take(self, op: str, t: int, worker: int) -> Window | None:
        """The window since the last call; None when nothing happened."""
        self.fold()
        if self._actual is None and not self.started and not self.errors:
            return None
        window = Window(
            t=t,
            worker=worker,
            op=op,
            count=len(self._actual) if self._actual else 0,
            started=self.started,
            errors=dict(self.errors),
            actual=self._actual.encode() if self._actual else None,
            planned=self._planned.encode() if self._planned else None,
        )
        self.started = 0
        self.errors = Counter()
        self._actual = self._planned = None
        return window


class Recorder:
    """All operations of one worker, by name (see `harness.record.model.Window`)."""

    def __init__(self, worker: int) -> None:
        self._worker = worker
        self._operations: dict[str, Operation] = {}

    def operation(self, name: str) -> Operation:
        """The operation of that name; the same object each time."""
        return self._operations.setdefault(name, Operation())

    def fold(self) -> None:
        """Bin what has gathered, for every operation."""
        for operation in self._operations.values():
            operation.fold()

    def take(self, t: int) -> Iterator[Window]:
        """The windows of second `t`."""
        for name, operation in self._operations.items():
            if window := operation.take(name, t, self._worker):
                yield window
