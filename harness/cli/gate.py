"""`gate`: what a CI job calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Optional

import msgspec
import typer

from harness import bench, gate
from harness.cli.app import Client, Effort, Tls, Via, app


# Every option is also a variable, such as XMPP_GATE_TARGET: what the pipelines in ci/ set.
@app.command("gate", context_settings={"auto_envvar_prefix": "XMPP_GATE"})
def gate_command(
    target: Annotated[
        str, typer.Option(help="server to test; `xmpp-harness targets` lists them")
    ] = "embedded",
    profile: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads the annotation
        typer.Option(help="TOML profile of --target external, or one that names an installation"),
    ] = None,
    installation: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            help="where a server that has no package was unpacked (openfire, tigase): DIR, or "
            "NAME=DIR; may be given again"
        ),
    ] = None,
    tls: Annotated[
        Optional[Tls],  # noqa: UP045
        typer.Option(help="STARTTLS, direct TLS, or none (default: on, or as the profile says)"),
    ] = None,
    via: Annotated[
        Optional[Via],  # noqa: UP045
        typer.Option(help="docker: run the server from its public image, in a container"),
    ] = None,
    allowed: Annotated[
        bool,
        typer.Option(
            "--i-am-allowed-to-load-this-host", help="needed for a server on another machine"
        ),
    ] = False,
    with_conformance: Annotated[
        bool, typer.Option("--conformance/--no-conformance", help="run the conformance suite")
    ] = True,
    effort: Annotated[
        Effort, typer.Option(help="how many inputs are generated for each case")
    ] = Effort.CI,
    select: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="requirement id, section or document to test; may be given again"),
    ] = None,
    deviations: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="file of known deviations (default: the one kept for the target)"),
    ] = None,
    with_bench: Annotated[bool, typer.Option("--bench/--no-bench", help="load the server")] = True,
    scenario: Annotated[
        str, typer.Option(help="chat, presence, ping, login, day, or the path of a locustfile")
    ] = "chat",
    users: Annotated[int, typer.Option(min=1, help="simulated clients")] = 200,
    rate: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="messages per second, all users together, at planned times"),
    ] = "200",
    duration: Annotated[float, typer.Option(min=1, help="seconds of load after the logins")] = 30,
    limits: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="TOML file of limits, such as ci/limits.toml"),
    ] = None,
    baseline: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="an earlier run of the same load, or a directory of several"),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0, max=99, help="percent; a smaller difference is no finding")
    ] = 10,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="directory for records and reports (default: out/TIME-gate-TARGET)"),
    ] = None,
    defects: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--defect", hidden=True, help="defect of the embedded server"),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="print one JSON object and nothing else")
    ] = False,
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
