"""A capacity search as exactly one JSON object."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.record.capacity import Capacity
from reports.capacity import wording
from reports.capacity.curve import Point, curve


class Report(msgspec.Struct, kw_only=True):
    """`search` is the record itself; null always means: not known."""

    directory: str
    verdict: str
    capacity: float | None  # messages per second, or users; a lower bound with "at least"
    unit: str
    limit: str | None  # the cause that stood in the way of more
    reason: str
    quote: str | None
    curve: list[Point]
    search: Capacity


def render(directory: Path, capacity: Capacity) -> str:
    """The keys of `Report`, indented."""
    result = capacity.result
    report = Report(
        directory=str(directory),
        verdict=wording.verdict(capacity),
        capacity=result.load if result else None,
        unit=wording.UNITS[capacity.find],
        limit=result.factor.cause if result and result.factor else None,
        reason=wording.reason(capacity),
        quote=wording.quote(capacity),
        curve=curve(capacity),
        search=capacity,
    )
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()
