"""Two ways to an interval: from the scatter of repeats, or from the seconds of single runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
import numpy as np

from reports.compare import intervals
from reports.compare.intervals import Blocks, Bounds, Counts
from reports.compare.measured import VALUES_MS, Array, Losses, Measured, Part
from reports.compare.metrics import Metric, Sums

REPEATS = 3  # from so many on each side on their scatter gives the interval
DRAWS = 1000
SEED = 6120

Side = Sequence[Measured]


class Estimate(msgspec.Struct, frozen=True):
    """A figure of two sides; `bounds` is the interval of b / a for a level, None without one."""

    a: float
    b: float
    bounds: Callable[[float], Bounds | None]


class Method(Protocol):
    """How figures and their intervals are found."""

    @property
    def words(self) -> str:
        """Where the intervals come from; after the last estimate."""
        ...

    def estimate(self, metric: Metric) -> Estimate | None:
        """The figure of both sides; None unless every run has it."""
        ...

    def losses(self, side: Sequence[Losses]) -> list[Counts]:
        """(lost, sent) in parts of a side that may be taken as independent; none: unknown."""
        ...


def method(a: Side, b: Side) -> Method:
    """The repeats where there are enough on both sides, otherwise the seconds."""
    return Repeats(a, b) if min(len(a), len(b)) >= REPEATS else Seconds(a, b)


class Repeats:
    """A figure is the geometric mean of the repeats' figures."""

    def __init__(self, a: Side, b: Side) -> None:
        self._sides = a, b
        self.words = f"from {len(a)} and {len(b)} repeats (Welch's, on logarithms)"

    def estimate(self, metric: Metric) -> Estimate | None:
        a, b = ([_figure(metric, _sums([run], metric)) for run in side] for side in self._sides)
        if not all(value > 0 for value in (*a, *b)):  # NaN is not
            return None
        return Estimate(
            _geometric_mean(a),
            _geometric_mean(b),
            lambda level: intervals.from_repeats(a, b, level),
        )

    def losses(self, side: Sequence[Losses]) -> list[Counts]:
        return [(run.lost, run.sent) for run in side]


class Seconds:
    """A figure is that of all runs of a side together; their seconds are drawn anew in blocks."""

    def __init__(self, a: Side, b: Side) -> None:
        self._sides = a, b
        self._dice = np.random.default_rng(SEED)
        self._drawn: dict[tuple[str, ...], tuple[Blocks, list[Sums]] | None] = {}

    @property
    def words(self) -> str:
        a, b = (sum(len(run.load) for run in side) for side in self._sides)
        known = {key: drawn[0].length for key, drawn in self._drawn.items() if drawn}
        of_load = {length for (part, *_), length in known.items() if part == "load"}
        lengths = sorted(of_load or known.values())
        if not lengths:
            return f"none, as {a:,} and {b:,} s of load are too short for any"
        blocks = " to ".join(map(str, dict.fromkeys((lengths[0], lengths[-1]))))
        return (
            f"from {DRAWS:,} draws of blocks of {blocks} s out of {a:,} and {b:,} s of load "
            "(moving-block bootstrap); none for what took less than 4 s"
        )

    def estimate(self, metric: Metric) -> Estimate | None:
        a, b = (_figure(metric, _sums(side, metric)) for side in self._sides)
        if not (math.isfinite(a) and math.isfinite(b)):
            return None
        drawn = self._draw(metric) if a > 0 else None
        if drawn is None:
            return Estimate(a, b, lambda level: None)
        of, sums = drawn
        below, above = map(metric.value, sums)
        ratios = above / np.where(below > 0, below, np.nan)
        return Estimate(a, b, lambda level: intervals.from_draws(b / a, ratios, of, level))

    def losses(self, side: Sequence[Losses]) -> list[Counts]:
        return [unit for run in side for unit in intervals.units(run.lost_in, run.sent_in)]

    def _draw(self, metric: Metric) -> tuple[Blocks, list[Sums]] | None:
        """The sums of each side in each draw, once for all figures of the same columns."""
        key = (metric.part, *metric.needs)
        if key not in self._drawn:
            of = intervals.blocks([_series(side, metric) for side in self._sides])
            self._drawn[key] = None
            if of is not None:
                sums = [_sums(side, metric, of, self._dice) for side in self._sides]
                self._drawn[key] = of, sums
        return self._drawn[key]


def _parts(side: Side, metric: Metric) -> list[Part]:
    parts: list[Part] = [getattr(run, metric.part) for run in side]
    return parts


def _sums(
    side: Side,
    metric: Metric,
    of: Blocks | None = None,
    dice: np.random.Generator | None = None,
) -> Sums:
    """Sums over the seconds of all runs of a side, or over draws of blocks of them.

    Empty where a run lacks a column that the metric needs.
    """
    parts = _parts(side, metric)
    if any(name not in part.columns for part in parts for name in metric.needs):
        return {}
    rows = []
    for part in parts:
        weights = np.ones((1, len(part)))
        if of is not None and dice is not None:
            weights = intervals.draws(len(part), of.length, DRAWS, dice)
        rows.append(part.sums(weights, metric.needs))
    return {name: np.sum([row[name] for row in rows], axis=0) for name in metric.needs}


def _figure(metric: Metric, sums: Sums) -> float:
    """NaN where there is nothing to compute it from."""
    return float(metric.value(sums)[0]) if sums else math.nan


def _geometric_mean(values: Sequence[float]) -> float:
    return math.exp(math.fsum(map(math.log, values)) / len(values))


def _series(side: Side, metric: Metric) -> list[list[Array]]:
    """One value a second of each column, for each run; of a histogram, the mean logarithm."""
    return [
        [
            _mean_log(part.columns[name]) if name == "latency" else part.columns[name][:, 0]
            for name in metric.needs
        ]
        for part in _parts(side, metric)
    ]


def _mean_log(buckets: Array) -> Array:
    total = buckets.sum(axis=1)
    logs = np.log(np.maximum(VALUES_MS, VALUES_MS[1]))
    mean: Array = (buckets @ logs) / np.where(total > 0, total, np.nan)
    return mean
