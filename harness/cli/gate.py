"""`gate`: what a CI job calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Optional

import msgspec
import typer

from harness import bench, gate
from harness.cli.app import Client, Effort, app
from harness.cli.options import (
    Allowed,
    AsJson,
    Deviations,
    Duration,
    Efforts,
    Installation,
    Profile,
    RunVia,
    Select,
    TlsMode,
    Users,
)


# Every option is also a variable, such as XMPP_GATE_TARGET: what the pipelines in ci/ set.
@app.command("gate", context_settings={"auto_envvar_prefix": "XMPP_GATE"})
def gate_command(
    target: Annotated[
        str, typer.Option(help="server to test; `xmpp-harness targets` lists them")
    ] = "embedded",
    profile: Profile = None,
    installation: Installation = None,
    tls: TlsMode = None,
    via: RunVia = None,
    allowed: Allowed = False,
    with_conformance: Annotated[
        bool, typer.Option("--conformance/--no-conformance", help="run the conformance suite")
    ] = True,
    effort: Efforts = Effort.CI,
    select: Select = None,
    deviations: Deviations = None,
    with_bench: Annotated[bool, typer.Option("--bench/--no-bench", help="load the server")] = True,
    scenario: Annotated[
        str,
        typer.Option(help="chat, presence, ping, login, idle, day, or the path of a locustfile"),
    ] = "chat",
    users: Users = 200,
    rate: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="messages per second, all users together, at planned times"),
    ] = "200",
    duration: Duration = 30,
    limits: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="TOML file of limits, such as ci/limits.toml"),
    ] = None,
    baseline: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="an earlier run of the same load, or a directory of several"),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0, max=10_000, help="percent; a smaller difference is no finding")
    ] = 10,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="directory for records and reports (default: out/TIME-gate-TARGET)"),
    ] = None,
    defects: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--defect", hidden=True, help="defect of the embedded server"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Gate a release: the conformance suite, a load within limits, no worse than a baseline.

    Writes summary.md, conformance.sarif, JUnit, pages and evidence to one directory; in a GitHub
    job it also annotates and adds to the job's summary. An option may be given as a variable of
    the environment too, such as XMPP_GATE_TARGET; an empty one counts as not given.

    Exit codes: 0 the gate is open, 1 it is shut, 2 a step could not be run.
    """
    from conformance import command  # late: the library does not need the suite

    def test(place: Path) -> int:
        job = command.Job(
            targets=[target],
            tls=tls.value if tls else None,
            profile=profile,
            installation=installation or [],
            via=via.value if via else None,
            allowed=allowed,
            effort=effort.value,
            select=select or [],
            deviations=deviations,
            defects=defects or [],
            out=place,
        )
        directories, code = command.run(job)
        said = command.report(directories, False)
        if not as_json:
            print(said)
        return code

    load = bench.Job(
        scenario=scenario,
        target=target,
        users=users,
        rate=rate,
        duration=duration,
        client=Client.LIGHT,
        tls=tls,
        processes=1,
        profile=profile,
        installation=installation or [],
        via=via.value if via else None,
        allowed=allowed,
        ui=False,
        out=None,
        limits=limits,
    )
    ask = gate.Ask(
        target=target,
        out=out,
        suite=test if with_conformance else None,
        load=load if with_bench else None,
        baseline=baseline,
        tolerance=tolerance / 100,
    )
    directory, steps = gate.run(ask)
    code = gate.exit_code(steps)
    if as_json:
        found = {
            "open": code == 0,
            "directory": str(directory),
            "steps": msgspec.to_builtins(steps),
        }
        print(json.dumps(found, indent=2))
    else:
        print(f"\n{(directory / gate.SUMMARY).read_text(encoding='utf-8')}")
        print(f"Directory  {directory}")
    raise typer.Exit(code)
