"""A search as a curve: what each load came to, over all its trials, from the lowest load up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from statistics import median
from typing import Literal

import msgspec

from harness.record.capacity import Capacity, Measured, Step

Finding = Literal["met", "breached", "blind", "undecided"]
_COUNTED = ("met", "breached", "blind")


class Point(msgspec.Struct, kw_only=True):
    """One load. Figures are medians over its trials, None where no trial has one; `loss` and
    `clean` are in percent, CPU in percent of one core."""

    load: float
    finding: Finding
    met: int  # of so many trials
    trials: int
    p50_ms: float | None
    p99_ms: float | None
    loss: float | None
    throughput: float | None
    server_cpu: float | None
    generator_cpu: float | None
    clean: float | None


def curve(capacity: Capacity) -> list[Point]:
    """One point for each load that was tried to its end."""
    tried: defaultdict[float, list[Step]] = defaultdict(list)
    for step in capacity.steps:
        if step.measured.verdict in _COUNTED:
            tried[step.load].append(step)
    return [_point(load, [step.measured for step in tried[load]]) for load in sorted(tried)]


def _point(load: float, trials: list[Measured]) -> Point:
    met = sum(trial.verdict == "met" for trial in trials)
    clean = _median(trial.clean for trial in trials)
    return Point(
        load=load,
        finding=_finding(trials, met),
        met=met,
        trials=len(trials),
        p50_ms=_median(trial.p50_ms for trial in trials),
        p99_ms=_median(trial.p99_ms for trial in trials),
        loss=_median(trial.loss for trial in trials),
        throughput=_median(trial.throughput for trial in trials),
        server_cpu=_median(trial.server_cpu for trial in trials),
        generator_cpu=_median(trial.generator_cpu for trial in trials),
        clean=None if clean is None else 100 * clean,
    )


def _finding(trials: list[Measured], met: int) -> Finding:
    if 2 * met == len(trials):
        return "undecided"
    if 2 * met > len(trials):
        return "met"
    blind = sum(trial.verdict == "blind" for trial in trials)
    return "blind" if blind >= len(trials) - met - blind else "breached"


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
