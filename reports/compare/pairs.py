"""One group against another, figure by figure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.record.reader import Run
from reports.compare import intervals
from reports.compare.figures import NO_DIFFERENCE, Figure, Finding, Interval
from reports.compare.intervals import LEVEL, Blocks, Bounds
from reports.compare.measured import VALUES_MS, Array, Measured, Part, measure
from reports.compare.metrics import HEADLINES, LOST, LOST_WORDS, METRICS, Metric

REPEATS = 3  # from so many on each side their scatter is the interval
DRAWS = 1000
SEED = 6120

Words = tuple[str, str]


class Side:
    """The runs of a group, measured once; None where a run lacks what a figure needs."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self.runs = [measure(run) for run in runs]

    def parts(self, name: str) -> list[Part]:
        """A part of each run."""
        return [getattr(run, name) for run in self.runs]

    def value(self, metric: Metric) -> float | None:
        """The figure of all runs together."""
        parts = self.parts(metric.part)
        return _known(metric.value(_together(parts, [_once(part) for part in parts], metric)))
