"""What a capacity search holds each step against: a file in the language of limits."""

from __future__ import annotations

import re
from pathlib import Path

from harness.record.capacity import Line, Measured
from harness.record.reader import Run
from reports import limits
from reports.capacity.measure import ALL_IN, measure

_PERCENTILE = re.compile(r"delivery(?:\.actual)?\.p(\d\d)(\d*)")


class Objective:
    """Lines, and the verdict on a run. That all users get in goes without saying."""

    def __init__(self, given: limits.Limits) -> None:
        named = {limit.metric for limit in given.limits}
        implied = [] if ALL_IN in named else [limits.parse(ALL_IN, "== 100 %")]
        self._limits = limits.Limits([*given.limits, *implied])
        self.lines = [
            Line(metric=limit.metric, limit=str(limit), implied=limit in implied)
            for limit in self._limits.limits
        ]
        found = [_PERCENTILE.fullmatch(metric) for metric in named]
        percents = [float(f"{match[1]}.{match[2] or 0}") for match in found if match]
        self.percentile = max(percents, default=None)

    def __call__(self, directory: Path) -> Measured:
        """The run in this directory in figures, with the verdict on it."""
        return measure(Run(directory), self._limits)


def read(path: Path) -> Objective:
    """The objective in a TOML file. Raises HarnessError as `reports.limits.load` does."""
    return Objective(limits.load(path))
