"""One group against A, figure by figure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from reports.compare.figures import Figure, Interval
from reports.compare.intervals import LEVEL, Bounds, Counts, from_counts
from reports.compare.measured import Losses, Measured
from reports.compare.methods import Method, method
from reports.compare.metrics import HEADLINES, LOST, LOST_WORDS, METRICS

CERTAIN = 1 - (1 - LEVEL) / HEADLINES  # so that all headline figures together keep LEVEL

_Bounds = Callable[[float], Bounds | None]


def figures(
    a: Sequence[Measured], b: Sequence[Measured], tolerance: float
) -> tuple[list[Figure], str]:
    """Every figure of two groups, the losses after the throughput; where the intervals are from."""
    how = method(a, b)
    rows = []
    for metric in METRICS:
        row = Figure(metric=metric.name, unit=metric.unit, headline=metric.headline)
        if estimate := how.estimate(metric):
            row.a, row.b = estimate.a, estimate.b
            _judge(row, estimate.bounds, tolerance, metric.words, metric.larger_is_better)
        rows.append(row)
    throughput, *others = rows
    if not (
        throughput.a or throughput.b
    ):  # where nothing is delivered it is the logins that matter
        for row in rows:
            row.headline = row.metric.startswith("login.")
    return [throughput, _losses(a, b, how, tolerance), *others], how.words


def _losses(a: Sequence[Measured], b: Sequence[Measured], how: Method, tolerance: float) -> Figure:
    row = Figure(metric=LOST, unit="%", headline=True)
    known = [[run.losses for run in side if run.losses] for side in (a, b)]
    if [len(side) for side in known] != [len(a), len(b)]:
        return row
    total_a, total_b = map(_total, known)
    row.a, row.b = (100 * lost / sent for lost, sent in (total_a, total_b))
    parts = [how.losses(side) for side in known]

    def bounds(level: float) -> Bounds | None:
        return from_counts(total_a, total_b, parts, level) if all(parts) else None

    _judge(row, bounds, tolerance, LOST_WORDS, larger_is_better=False)
    return row


def _total(side: Sequence[Losses]) -> Counts:
    return sum(run.lost for run in side), sum(run.sent for run in side)


def _judge(
    row: Figure, bounds: _Bounds, tolerance: float, words: tuple[str, str], larger_is_better: bool
) -> None:
    """Fill in ratio, interval and finding of a row whose two values are known."""
    assert row.a is not None
    assert row.b is not None
    ratio = row.b / row.a if row.a else math.inf if row.b else math.nan
    row.ratio = ratio if math.isfinite(ratio) else None
    usual, wide = bounds(LEVEL), bounds(CERTAIN)
    if usual is None or wide is None:
        return
    high = usual[1] if math.isfinite(usual[1]) else None
    row.interval = Interval(low=usual[0], high=high, certain=not wide[0] <= 1 <= wide[1])
    larger = ratio > 1
    if usual[0] <= 1 <= usual[1] or 1 / (1 + tolerance) <= ratio <= 1 + tolerance:
        return
    row.change = words[0] if larger else words[1]
    row.finding = "better" if larger is larger_is_better else "worse"
