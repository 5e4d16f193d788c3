"""Several servers under the same load, as text, JSON and a page, from their directory alone."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from harness.errors import HarnessError
from harness.record.side import is_side, load

# Module names rather than modules: plain text must not wait for plotly and Jinja2 to load.
FORMATS = {
    "text": "reports.side.text",
    "json": "reports.side.jsonreport",
    "html": "reports.side.html",
    "markdown": "reports.side.markdown",
}

__all__ = ["FORMATS", "is_side", "render"]


def render(directory: Path, format: str) -> str:  # noqa: A002 - the word of the command line
    """The runs in one of FORMATS, without a newline at its end.

    Raises HarnessError for another format, and for a directory that holds no side-by-side run.
    """
    module = FORMATS.get(format)
    if module is None:
        raise HarnessError(
            f"a side-by-side run has no format {format!r}: choose one of {', '.join(FORMATS)}"
        )
    report: str = import_module(module).render(directory, load(directory))
    return report
