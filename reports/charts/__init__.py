"""The plots of a run, each from the record, with its units and a text that stands for it.

A new plot is one function `(run, axis) -> Chart | None` and its place in `CHARTS`.
"""

from __future__ import annotations

from harness.record.reader import Run
from reports.charts.figure import Chart
from reports.charts.latency import distribution, latency
from reports.charts.load import logins, sessions, throughput
from reports.charts.processes import generator, inside, server
from reports.series import axis

CHARTS = (latency, throughput, distribution, logins, sessions, server, inside, generator)

__all__ = ["CHARTS", "Chart", "charts"]


def charts(run: Run) -> list[Chart]:
    """Every plot for which the run recorded something."""
    on = axis(run)
    if not len(on):
        return []
    return [chart for make in CHARTS if (chart := make(run, on)) is not None]
