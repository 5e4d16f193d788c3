"""`bench` and `capacity`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Optional

import typer

from harness import bench, capacity, side
from harness.again import job_from
from harness.cli.app import Client, Find, Format, app, print_report
from harness.cli.options import (
    Allowed,
    AsJson,
    ClientKind,
    Duration,
    Installation,
    OneTarget,
    Processes,
    Profile,
    RunVia,
    TlsMode,
    Users,
)
from harness.errors import HarnessError

_OF_THE_RECORD = (
    *("target", "users", "rate", "duration", "client", "tls", "processes"),
    *("profile", "installation", "via"),
)


def _only_without(context: typer.Context, names: tuple[str, ...]) -> None:
    for name in names:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise HarnessError(f"--{name} is in the record that --again repeats: leave it out")


@app.command("bench", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench_command(
    context: typer.Context,
    scenario: Annotated[
        Optional[str],  # noqa: UP045 - typer reads the annotation
        typer.Argument(help="chat, presence, ping, login, idle, day, or the path of a locustfile"),
    ] = None,
    target: Annotated[
        str,
        typer.Option(
            help="server to load; `xmpp-harness targets` lists them. Several, with commas, are "
            "loaded in turn, each on a fresh instance, and shown beside each other"
        ),
    ] = "embedded",
    repeat: Annotated[int, typer.Option(min=1, help="runs of each server: A B C A B C")] = 1,
    users: Users = 100,
    rate: Annotated[
        Optional[str],  # noqa: UP045 - typer reads the annotation
        typer.Option(
            help="messages per second, all users together, at planned times; or a plan: "
            "poisson:R, ramp:R..R/S, steps:RxS,RxS, trace:FILE"
        ),
    ] = None,
    duration: Duration = 30,
    client: ClientKind = Client.LIGHT,
    tls: TlsMode = None,
    processes: Processes = 1,
    profile: Profile = None,
    installation: Installation = None,
    via: RunVia = None,
    allowed: Allowed = False,
    ui: Annotated[
        bool,
        typer.Option("--ui", help="a dashboard in the browser: Locust's web UI with our figures"),
    ] = False,
    ui_host: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="address of the web UI (default: 127.0.0.1); others than those of this machine "
            "alone need --web-login"
        ),
    ] = None,
    ui_port: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="port of the web UI (default: 8089)"),
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="figures in the terminal while running")
    ] = False,
    prometheus: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="port of an exporter for Prometheus, at /metrics on 127.0.0.1"),
    ] = None,
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
    again: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="a recorded run to do once more: same load, same seed, same target"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Load a server: clients log in, act as the scenario says, and every message is counted.

    Further options go to Locust: --pause, --login-rate, --sasl, --drain ... as
    `locust -f scenarios/chat.py --help` explains them.

    Exit codes: 0 it ran as asked, 1 it did not or a limit was breached, 2 a server could not be
    run at all.
    """
    if (again is None) == (scenario is None):
        raise HarnessError("give a scenario, or --again with the directory of a run")
    if again is not None:
        _only_without(context, _OF_THE_RECORD)
        job = replace(
            job_from(again),
            allowed=allowed,
            ui=ui,
            ui_host=ui_host,
            ui_port=ui_port,
            live=live,
            prometheus=prometheus,
            out=out,
            floor=floor,
            limits=limits,
            abort_on=abort_on or [],
        )
        job.extra.extend(context.args)
    else:
        assert scenario is not None
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
            installation=installation or [],
            via=via.value if via else None,
            allowed=allowed,
            ui=ui,
            ui_host=ui_host,
            ui_port=ui_port,
            live=live,
            prometheus=prometheus,
            out=out,
            floor=floor and target != "embedded",
            limits=limits,
            abort_on=abort_on or [],
            extra=context.args,
        )
    if repeat > 1 or "," in job.target:
        shows = {"--ui": ui, "--live": live, "--prometheus": prometheus}
        for name in [name for name, given in shows.items() if given]:
            raise HarnessError(f"{name} shows one run: give one --target and no --repeat")
        directory, code = side.run(side.Ask(job, side.names(job.target, job.via), repeat))
    else:
        directory, code = bench.run(job)
    print_report(directory, Format.JSON if as_json else Format.TEXT)
    raise typer.Exit(code)


@app.command(
    "capacity", context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def capacity_command(
    context: typer.Context,
    scenario: Annotated[
        str,
        typer.Argument(help="chat, presence, ping, login, idle, day, or the path of a locustfile"),
    ],
    objective: Annotated[
        Path,
        typer.Option(
            help="TOML file in the language of limits, such as ci/objective.toml: what a load "
            "must meet"
        ),
    ],
    target: OneTarget = "embedded",
    find: Annotated[
        Find,
        typer.Option(help="messages per second by plan, or users who act as the scenario says"),
    ] = Find.RATE,
    lowest: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option("--from", help="the lowest load to try (default: 100)"),
    ] = None,
    highest: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option("--to", help="the highest load to try (default: as far as it goes)"),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(help="percent between a load that meets it and one that does not")
    ] = 5,
    repeats: Annotated[
        int, typer.Option(help="trials at the edge, of which the majority decides")
    ] = 3,
    seconds: Annotated[
        float,
        typer.Option(
            help="load of a step at least; longer where fewer than 10 deliveries are to be "
            "expected beyond the finest percentile"
        ),
    ] = 15,
    users: Annotated[int, typer.Option(min=1, help="simulated clients, with --find rate")] = 100,
    client: ClientKind = Client.LIGHT,
    tls: TlsMode = None,
    processes: Processes = 1,
    profile: Profile = None,
    installation: Installation = None,
    via: RunVia = None,
    allowed: Allowed = False,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            help="directory for the search, its steps and report "
            "(default: out/TIME-capacity-SCENARIO-TARGET)"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find the highest load that meets an objective: growing steps, bisection, repeats.

    Exit codes: 0 found (or a lower bound), 1 not met even at the lowest load, or incomplete.
    Further options go to Locust, as those of `bench` do.
    """
    job = bench.Job(
        scenario=scenario,
        target=target,
        users=users,
        rate=None,
        duration=seconds,
        client=client,
        tls=tls,
        processes=processes,
        profile=profile,
        installation=installation or [],
        via=via.value if via else None,
        allowed=allowed,
        ui=False,
        out=out,
        extra=context.args,
    )
    ask = capacity.Ask(
        job=job,
        objective=objective,
        find=find.value,
        lowest=lowest,
        highest=highest,
        tolerance=tolerance / 100,
        repeats=repeats,
        seconds=seconds,
    )
    directory, code = capacity.run(ask)
    from reports.capacity import render  # late: the library does not depend on its reports

    print(render(directory, "json" if as_json else "text"))
    raise typer.Exit(code)
