"""Two or more sets of recorded runs, figure by figure, with intervals for what differs."""

from __future__ import annotations

from importlib import import_module

from harness.errors import HarnessError
from reports.compare.comparison import compare
from reports.compare.figures import Comparison

# Module names rather than modules: plain text must not wait for Jinja2 to load.
FORMATS = {
    "text": "reports.compare.text",
    "json": "reports.compare.jsonreport",
    "html": "reports.compare.html",
    "markdown": "reports.compare.markdown",
}

__all__ = ["FORMATS", "Comparison", "compare", "render"]


def render(comparison: Comparison, format: str) -> str:  # noqa: A002 - the word of the command line
    """The comparison in one of FORMATS, without a newline at its end.

    Raises HarnessError for another format.
    """
    module = FORMATS.get(format)
    if module is None:
        raise HarnessError(
            f"a comparison has no format {format!r}: choose one of {', '.join(FORMATS)}"
        )
    report: str = import_module(module).render(comparison)
    return report
