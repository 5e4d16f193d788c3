"""The same cases on several servers: where they disagree, and who meets the requirement."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from harness.errors import HarnessError
from harness.record.conformance import ConformanceRun
from reports.differential import wording
from reports.differential.differences import Differential, compare

# Module names rather than modules: plain text must not wait for Jinja2 to load.
FORMATS = {
    "text": "reports.differential.text",
    "json": "reports.differential.jsonreport",
    "html": "reports.differential.html",
    "markdown": "reports.differential.markdown",
}

__all__ = ["FORMATS", "Differential", "compare", "differential", "render", "wording"]


def differential(directories: Sequence[Path]) -> Differential:
    """The runs in these directories beside each other.

    Raises HarnessError for what is no conformance run, and for runs that were not asked the same.
    """
    return compare([ConformanceRun(directory) for directory in directories])


def render(found: Differential, format: str) -> str:  # noqa: A002 - the word of the command line
    """The differences in one of FORMATS, without a newline at its end. Raises HarnessError."""
    module = FORMATS.get(format)
    if module is None:
        raise HarnessError(f"differences have no format {format!r}: choose {', '.join(FORMATS)}")
    report: str = import_module(module).render(found)
    return report
