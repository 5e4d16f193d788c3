"""The command `xmpp-harness`. Exit codes: 0 as asked, 1 the run or a gate failed, 2 our fault."""

from __future__ import annotations

import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.console import Console
from rich.table import Table

from harness import __version__, bench, targets
from harness.errors import HarnessError

app = typer.Typer(
    name="xmpp-harness",
    help="Load and conformance tests for XMPP servers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


class Client(StrEnum):
    LIGHT = "light"
    SLIXMPP = "slixmpp"
    MIX = "mix"


class Tls(StrEnum):
    ON = "on"
    DIRECT = "direct"
    OFF = "off"


class Effort(StrEnum):
    DEV = "dev"
    CI = "ci"
    NIGHTLY = "nightly"


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    HTML = "html"
    JUNIT = "junit"


class Page(StrEnum):
    TEXT = "text"
    JSON = "json"
    HTML = "html"


@app.command("bench", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench_command(
    context: typer.Context,
    scenario: Annotated[
        str, typer.Argument(help="login, presence, chat, or the path of a locustfile")
    ],
    target: Annotated[
        str, typer.Option(help="server to load; `xmpp-harness targets` lists them")
    ] = "embedded",
    users: Annotated[int, typer.Option(min=1, help="simulated clients")] = 100,
    rate: Annotated[
        Optional[str],  # noqa: UP045 - typer reads the annotation
        typer.Option(
            help="messages per second, all users together, at planned times; or a plan: "
            "poisson:R, ramp:R..R/S, steps:RxS,RxS, trace:FILE"
        ),
    ] = None,
    duration: Annotated[float, typer.Option(min=1, help="seconds of load after the logins")] = 30,
    client: Annotated[
        Client, typer.Option(help="light, complete slixmpp clients, or 2 % of these in a mix")
    ] = Client.LIGHT,
    tls: Annotated[
        Optional[Tls],  # noqa: UP045
        typer.Option(help="STARTTLS, direct TLS, or none (default: on, or as the profile says)"),
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="generator processes")] = 1,
    profile: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="TOML profile for --target external"),
    ] = None,
    allowed: Annotated[
        bool,
        typer.Option(
            "--i-am-allowed-to-load-this-host", help="needed for a server on another machine"
        ),
    ] = False,
    ui: Annotated[bool, typer.Option("--ui", help="show Locust's web UI while running")] = False,
    floor: Annotated[
        bool,
        typer.Option(
            help="show the generator's floor: the same load on the embedded target, for 8 s at "
            "most, measured once and kept"
        ),
    ] = True,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            help="directory for the record and report (default: out/TIME-SCENARIO-TARGET)"
        ),
    ] = None,
    limits: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            help="TOML file of limits, such as ci/limits.toml: exit code 1 on a breach, JUnit in "
            "limits.xml"
        ),
    ] = None,
    abort_on: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            help='end a hopeless run early, such as "errors > 10 %"; the metrics are those of a '
            "limits file, as far as they are known while it goes; may be given again"
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="print one JSON object and nothing else")
    ] = False,
) -> None:
    """Load a server: clients log in, act as the scenario says, and every message is counted.

    Further options go to Locust: --pause, --login-rate, --sasl, --drain ... as
    `locust -f scenarios/chat.py --help` explains them.
    """
    job = bench.Job(
        scenario=scenario,
        target=target,
        users=users,
        rate=rate,
        duration=duration,
        client=client,
        tls=tls,
        processes=processes,
        profile=profile,
        allowed=allowed,
        ui=ui,
        out=out,
        floor=floor and target != "embedded",
        limits=limits,
        abort_on=abort_on or [],
        extra=context.args,
    )
    directory, code = bench.run(job)
    _print_report(directory, Format.JSON if as_json else Format.TEXT)
    raise typer.Exit(code)


@app.command("conformance")
def conformance_command(
    target: Annotated[
        str, typer.Option(help="server to test, or several with commas, one after the other")
    ] = "embedded",
    tls: Annotated[
        Optional[Tls],  # noqa: UP045
        typer.Option(help="STARTTLS, direct TLS, or none (default: on, or as the profile says)"),
    ] = None,
    profile: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="TOML profile for --target external"),
    ] = None,
    effort: Annotated[
        Effort, typer.Option(help="how many inputs are generated for each case")
    ] = Effort.CI,
    select: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="requirement id, section or document to test; may be given again"),
    ] = None,
    seed: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="of the generated inputs (default: a new one, recorded)"),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="NON-STRICT is a finding too")] = False,
    jobs: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=0, help="processes (default: three for each core)"),
    ] = None,
    deviations: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="file of known deviations (default: the one kept for the target)"),
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="add what is unexpected to the deviations")
    ] = False,
    replay: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="replay.py of a finding: let it speak to the target, and nothing else"),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="print the requirements and end")] = False,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="print how much of each document is tested, and end")
    ] = False,
    allowed: Annotated[
        bool,
        typer.Option(
            "--i-am-allowed-to-load-this-host", help="needed for a server on another machine"
        ),
    ] = False,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="directory for record and reports (default: out/TIME-conformance-T)"),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="print one JSON object and nothing else")
    ] = False,
) -> None:
    """Test a server against the RFCs: generated cases, graded verdicts, known deviations.

    Exit codes: 0 every verdict is as expected, 1 some are not, 2 the suite could not run.
    """
    from conformance import command, inventory_text  # late: the library does not need the suite

    if list_ or coverage:
        print((inventory_text.coverage if coverage else inventory_text.listing)(as_json))
        return
    job = command.Job(
        targets=[name.strip() for name in target.split(",")],
        tls=tls.value if tls else None,
        profile=profile,
        allowed=allowed,
        effort=effort.value,
        select=select or [],
        seed=seed,
        strict=strict,
        jobs=jobs,
        deviations=deviations,
        accept=accept,
        out=out,
    )
    if replay is not None:
        raise typer.Exit(command.replay(job, replay))
    directories, code = command.run(job)
    print(command.report(directories, as_json))
    raise typer.Exit(code)


@app.command("report")
def report_command(
    runs: Annotated[list[Path], typer.Argument(help="directory of a run")],
    format: Annotated[Format, typer.Option(help="what to print")] = Format.TEXT,  # noqa: A002
) -> None:
    """Print the report of a recorded run; of several conformance runs, one page as HTML."""
    if len(runs) == 1:
        _print_report(runs[0], format)
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
        float, typer.Option(min=0, max=99, help="percent; a smaller difference is no finding")
    ] = 5,
    force: Annotated[
        bool, typer.Option("--force", help="compare runs of different configurations")
    ] = False,
    format: Annotated[Page, typer.Option(help="what to print")] = Page.TEXT,  # noqa: A002
) -> None:
    """Compare recorded runs with the first one, figure by figure, with 95 % intervals.

    Exit codes: 0 better or no difference shown, 1 worse, 2 not comparable.
    """
    from reports.compare import compare, render  # late: the library does not need its reports

    comparison = compare(runs, tolerance / 100, force)
    print(render(comparison, format.value))
    raise typer.Exit({"worse": 1, "not comparable": 2}.get(comparison.verdict, 0))


@app.command("targets")
def targets_command(
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """List the servers that can be started or reached, and what is missing for the others."""
    found = {name: targets.load(name).usable() for name in targets.names()}
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


def _print_report(run: Path, format: Format) -> None:  # noqa: A002
    import reports  # late: the library does not depend on its reports

    print(reports.render(run, format.value))


def _version(value: bool) -> None:
    if value:
        print(f"xmpp-harness {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command; whatever the user can mend is one line and exit code 2."""
    try:
        app()
    except HarnessError as error:
        print(f"xmpp-harness: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
