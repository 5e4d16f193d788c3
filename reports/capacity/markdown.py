"""A capacity search for a merge request or a job summary."""

from __future__ import annotations

from pathlib import Path

from harness.record.capacity import Capacity
from reports import tables
from reports.capacity import wording
from reports.capacity.curve import curve

_CELLS = ["p50, ms", "p99, ms", "lost, %", "server CPU, %", "generator CPU, %", "clean seconds, %"]


def render(_directory: Path, capacity: Capacity) -> str:
    """The line to quote, and the curve."""
    words = wording.VERDICTS[wording.verdict(capacity)]
    said = wording.quote(capacity) or f"{wording.outcome(capacity)}: {wording.reason(capacity)}"
    blocks = [f"### Capacity: {words}", tables.escaped(said)]
    blocks += [f"> {tables.escaped(notice)}" for notice in wording.notices(capacity)]
    rows = [
        [wording.number(point.load), *wording.cells(point), wording.finding(point)]
        for point in curve(capacity)
    ]
    if rows:
        blocks.append(tables.table([wording.UNITS[capacity.find], *_CELLS, "objective"], rows, 0))
    return "\n\n".join(blocks)
