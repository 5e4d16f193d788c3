"""A run over time: its windows and samples, put on one axis of seconds.

A long run is drawn with several seconds to a point. Rates become means; latencies are merged
before percentiles are taken, and maxima stay maxima, so that no outlier disappears.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

import msgspec

from harness.record.histogram import Histogram
from harness.record.model import GeneratorSample, ServerSample, Window
from harness.record.reader import Run

MAX_POINTS = 1200
STEPS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)
HOLD_S = 3  # a worker that has said nothing for longer than this is no longer counted

Values = list[float | None]
Points = list[tuple[int, float]]  # second of the run, value


class Axis(msgspec.Struct, frozen=True):
    """Points of `step` seconds each, from the start of the run to the end of its record."""

    seconds: int
    step: int

    def __len__(self) -> int:
        return -(-self.seconds // self.step)

    def times(self) -> list[int]:
        """Where each point begins, in seconds since the start of the run."""
        return [index * self.step for index in range(len(self))]

    def width(self, index: int) -> int:
        """How many seconds the point covers: the last one may be cut."""
        return min(self.step, self.seconds - index * self.step)


def axis(run: Run) -> Axis:
    """The axis that holds everything recorded, in at most MAX_POINTS points."""
    last = max((window.t for window in run.windows), default=-1)
    samples: Iterable[GeneratorSample | ServerSample] = (*run.generator, *run.server)
    last = max(last, max((second(sample.t) for sample in samples), default=-1))
    step = next((s for s in STEPS_S if (last + 1) / s <= MAX_POINTS), STEPS_S[-1])
    return Axis(last + 1, step)


def second(t: float) -> int:
    """The second that a sample taken at its end describes; tolerates half a second of jitter."""
    return max(0, int(t - 0.5))


def rate(run: Run, on: Axis, op: str, value: Callable[[Window], int]) -> Values:
    """`value` of the operation's windows per second, all workers together."""
    totals = [0] * len(on)
    for window in run.windows:
        if window.op == op:
            totals[window.t // on.step] += value(window)
    return [total / on.width(index) for index, total in enumerate(totals)]


def latencies(run: Run, on: Axis, op: str) -> list[Histogram]:
    """The planned latencies of each point, all workers together; empty where nothing arrived."""
    merged = [Histogram() for _ in range(len(on))]
    for window in run.windows:
        if window.op == op and window.planned is not None:
            merged[window.t // on.step].add(Histogram.decode(window.planned))
    return merged


def cpu_share(samples: Iterable[GeneratorSample | ServerSample]) -> Iterator[tuple[int, float]]:
    """(second, CPU in percent of one core) between samples of one process or group."""
    for t, share in per_second((sample.t, sample.cpu_s) for sample in samples):
        yield t, 100 * share


def per_second(counter: Iterable[tuple[float, float]]) -> Iterator[tuple[int, float]]:
    """(second, how fast it grew) of a counter that starts with the run, from (time, value)."""
    before_t, before = 0.0, 0.0
    for t, value in counter:
        passed = t - before_t
        if passed < 0.5:  # too short to divide by; the next sample covers it
            continue
        yield second(t), max(0.0, (value - before) / passed)
        before_t, before = t, value


def by_worker(run: Run) -> dict[int, list[GeneratorSample]]:
    """The generator's samples of each worker, in the order of the record."""
    workers = defaultdict(list)
    for sample in run.generator:
        workers[sample.worker].append(sample)
    return dict(workers)


def largest(on: Axis, points: Iterable[tuple[int, float]]) -> Values:
    """The largest value of each point; None where there is none."""
    values: Values = [None] * len(on)
    for t, value in points:
        known = values[t // on.step]
        values[t // on.step] = value if known is None else max(known, value)
    return values


def latest(on: Axis, points: Iterable[tuple[int, float]]) -> Values:
    """The last value of each point, held for HOLD_S seconds where none follows."""
    values: Values = [None] * len(on)
    for t, value in points:
        values[t // on.step] = value
    since, held = on.seconds, None
    for index, known in enumerate(values):
        if known is not None:
            since, held = 0, known
        else:
            since += on.step
            values[index] = held if since <= HOLD_S else None
    return values


def together(rows: Iterable[Values], combine: Callable[[list[float]], float] = sum) -> Values:
    """One row out of one per worker: of those known at each point, their sum, or `combine`."""
    columns = (
        [value for value in column if value is not None] for column in zip(*rows, strict=True)
    )
    return [combine(column) if column else None for column in columns]
