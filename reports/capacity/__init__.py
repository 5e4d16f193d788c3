"""A capacity search as text, JSON and a page, from its directory alone."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from harness.errors import HarnessError
from harness.record.capacity import NAME, load

# Module names rather than modules: plain text must not wait for Jinja2 to load.
FORMATS = {
    "text": "reports.capacity.text",
    "json": "reports.capacity.jsonreport",
    "html": "reports.capacity.html",
    "markdown": "reports.capacity.markdown",
}

__all__ = ["FORMATS", "is_capacity", "render"]


def is_capacity(directory: Path) -> bool:
    """Whether the directory holds a capacity search."""
    return (directory / NAME).is_file()


def render(directory: Path, format: str) -> str:  # noqa: A002 - the word of the command line
    """The search in one of FORMATS, without a newline at its end.

    Raises HarnessError for another format, and for a directory that holds no search.
    """
    module = FORMATS.get(format)
    if module is None:
        raise HarnessError(
            f"a capacity search has no format {format!r}: choose one of {', '.join(FORMATS)}"
        )
    report: str = import_module(module).render(directory, load(directory))
    return report
