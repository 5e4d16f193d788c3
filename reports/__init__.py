"""Reports on a run, computed from its directory alone.

A new format is one module here with `render(run: Run) -> str`, and one line in `FORMATS`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from harness.errors import HarnessError
from harness.record.reader import Run

# Module names rather than modules: plain text must not wait for plotly and Jinja2 to load.
FORMATS = {
    "text": "reports.text",
    "json": "reports.jsonreport",
    "html": "reports.html",
}


def render(run_dir: Path, format: str) -> str:  # noqa: A002 - the word of the command line
    """The report on a run directory in one of `FORMATS`, without a newline at its end.

    Raises HarnessError for an unknown format and for a directory that holds no run.
    """
    module = FORMATS.get(format)
    if module is None:
        raise HarnessError(f"unknown report format {format!r}: choose one of {', '.join(FORMATS)}")
    report: str = import_module(module).render(Run(run_dir))
    return report
