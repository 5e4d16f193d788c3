"""`report` and `compare`: what reads records only; and `targets`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from harness import targets
from harness.cli.app import Format, Page, app, print_report
from harness.errors import HarnessError
from harness.record.conformance import is_conformance
from harness.targets import containers


@app.command("report")
def report_command(
    runs: Annotated[list[Path], typer.Argument(help="directory of a run")],
    format: Annotated[Format, typer.Option(help="what to print")] = Format.TEXT,  # noqa: A002
) -> None:
    """Print the report of a recorded run; of several conformance runs, one page as HTML."""
    if len(runs) == 1:
        print_report(runs[0], format)
        return
    if format is not Format.HTML:
        raise HarnessError("several runs make one page: add --format html")
    import reports  # late: the library does not depend on its reports

    print(reports.render_matrix(runs))


@app.command("compare")
def compare_command(
    runs: Annotated[
        list[Path],
        typer.Argument(help="directories of runs, or directories that each hold repeated runs"),
    ],
    tolerance: Annotated[
        float, typer.Option(min=0, max=10_000, help="percent; a smaller difference is no finding")
    ] = 5,
    force: Annotated[
        bool, typer.Option("--force", help="compare runs of different configurations")
    ] = False,
    format: Annotated[Page, typer.Option(help="what to print")] = Page.TEXT,  # noqa: A002
) -> None:
    """Compare recorded runs with the first one, figure by figure, with 95 % intervals.

    Of conformance runs: the cases in which the servers differ, and who meets the requirement.

    Exit codes: 0 better or no difference shown, 1 worse, 2 not comparable; of conformance runs 0.
    """
    # Late: the library does not need its reports.
    from reports import differential
    from reports.compare import compare, render

    if all((run / "manifest.json").is_file() and is_conformance(run) for run in runs):
        print(differential.render(differential.differential(runs), format.value))
        return
    comparison = compare(runs, tolerance / 100, force)
    print(render(comparison, format.value))
    raise typer.Exit({"worse": 1, "not comparable": 2}.get(comparison.verdict, 0))


_targets = typer.Typer()
app.add_typer(_targets, name="targets")


@_targets.command("compose")
def compose_command(
    name: Annotated[str, typer.Argument(help=f"one of {', '.join(sorted(containers.IMAGES))}")],
    as_json: Annotated[bool, typer.Option("--json", help="print it as JSON")] = False,
) -> None:
    """Print the compose file that --via docker runs a server by.

    Its ports are the usual ones here, and the files that it mounts are looked for in ./harness:
    a run takes free ports and writes them to a private directory.
    """
    print(containers.compose_file(name, as_json), end="")


@_targets.callback(invoke_without_command=True)
def targets_command(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """List the servers that can be started or reached, and what is missing for the others."""
    if context.invoked_subcommand is not None:
        return
    found = {name: targets.load(name).usable() for name in targets.names()}
    engine = containers.usability()
    for name in sorted(containers.IMAGES):
        found[f"{name} --via docker"] = engine
    if as_json:
        rows = {
            name: {"usable": u.usable, "version": u.version, "reason": u.reason, "remedy": u.remedy}
            for name, u in found.items()
        }
        print(json.dumps(rows, indent=2))
        return
    table = Table("target", "usable here", "version", "what to do", box=None, pad_edge=False)
    for name, usability in found.items():
        remedy = "; ".join(filter(None, [usability.reason, usability.remedy]))
        table.add_row(name, "yes" if usability.usable else "no", usability.version or "", remedy)
    Console().print(table)
