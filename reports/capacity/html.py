"""A capacity search as one self-contained page without scripts: the curve is drawn here."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from harness.record.capacity import Capacity
from reports import page
from reports.capacity import wording
from reports.capacity.curve import curve
from reports.capacity.plot import panels

_STATES = {"found": "ok", "not met": "failed"}  # the others are incomplete


def render(directory: Path, capacity: Capacity) -> str:
    """The page. Everything from the records is escaped: a server's version may be hostile."""
    points = curve(capacity)
    best = capacity.result.load if capacity.result else None
    return (
        page.environment()
        .get_template("capacity.html.jinja")
        .render(
            capacity=capacity,
            directory=directory,
            facts=wording.facts(capacity),
            state=_STATES.get(wording.verdict(capacity), "incomplete"),
            quote=wording.quote(capacity),
            notices=wording.notices(capacity),
            points=points,
            best=best,
            panels=panels(capacity, points),
            wording=wording,
            style=Markup(page.template("report.css") + page.template("capacity.css")),
        )
    )
