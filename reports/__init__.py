"""Reports on runs, computed from their directories alone.

A new format is one module with `render(run) -> str`, and one line in the table of its kind of run.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from harness.errors import HarnessError
from harness.record.conformance import ConformanceRun, is_conformance
from harness.record.reader import Run
from reports import capacity, side
from reports.capacity import is_capacity
from reports.side import is_side

# Module names rather than modules: plain text must not wait for plotly and Jinja2 to load.
FORMATS = {
    "text": "reports.text",
    "json": "reports.jsonreport",
    "html": "reports.html",
    "markdown": "reports.markdown",
}
CONFORMANCE_FORMATS = {
    "text": "reports.conformance.text",
    "json": "reports.conformance.jsonreport",
    "junit": "reports.conformance.junit",
    "html": "reports.conformance.html",
    "markdown": "reports.conformance.markdown",
    "sarif": "reports.conformance.sarif",
    "github": "reports.conformance.annotations",
}


def render(run_dir: Path, format: str) -> str:  # noqa: A002 - the word of the command line
    """The report on a run directory in a format of its kind, without a newline at its end.

    Raises HarnessError for a format that this kind of run does not have, and for a directory that
    holds no run.
    """
    if is_capacity(run_dir):
        return capacity.render(run_dir, format)
    if is_side(run_dir):
        return side.render(run_dir, format)
    conformance = is_conformance(run_dir)
    kind, formats = ("conformance", CONFORMANCE_FORMATS) if conformance else ("load", FORMATS)
    module = formats.get(format)
    if module is None:
        raise HarnessError(
            f"a {kind} run has no report format {format!r}: choose one of {', '.join(formats)}"
        )
    run = ConformanceRun(run_dir) if conformance else Run(run_dir)
    report: str = import_module(module).render(run)
    return report


def render_matrix(run_dirs: Sequence[Path]) -> str:
    """The HTML page on several conformance runs, one column each, in this order.

    Raises HarnessError for a directory that holds no conformance run, and for no directory.
    """
    if not run_dirs:
        raise HarnessError("no run to report on: give the directory of a conformance run")
    from reports.conformance import html  # late: plain text must not wait for Jinja2 to load

    return html.render_matrix([ConformanceRun(directory) for directory in run_dirs])
