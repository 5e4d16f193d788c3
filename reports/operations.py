"""The operations of a run: which one is the main one, and the latencies of each."""

from __future__ import annotations

from collections.abc import Iterable

from harness.record.histogram import Histogram
from harness.record.model import Window
from harness.record.reader import Run

MAIN = ("message", "presence", "iq", "roster")


def main_op(run: Run) -> str:
    """The operation that `latency_ms` describes: messages; without them presence, then requests."""
    ops = {window.op for window in run.windows if window.count or window.started}
    return next((op for op in MAIN if op in ops), MAIN[0])


def other_ops(run: Run) -> list[str]:
    """The other operations that were measured, but the login, by name."""
    ops = {window.op for window in run.windows if window.count} - {main_op(run)}
    return sorted(op for op in ops if op.partition(".")[0] != "login")


def merged(windows: Iterable[Window], op: str, *, planned: bool) -> Histogram:
    """Every latency of one operation, over all seconds and workers."""
    histogram = Histogram()
    for window in windows:
        text = window.planned if planned else window.actual
        if window.op == op and text is not None:
            histogram.add(Histogram.decode(text))
    return histogram
