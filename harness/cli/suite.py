"""`conformance`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from harness.cli.app import Effort, app
from harness.cli.options import (
    Allowed,
    AsJson,
    Deviations,
    Efforts,
    Installation,
    Profile,
    RunVia,
    Select,
    TlsMode,
)


@app.command("conformance")
def conformance_command(
    target: Annotated[
        str, typer.Option(help="server to test, or several with commas, one after the other")
    ] = "embedded",
    tls: TlsMode = None,
    profile: Profile = None,
    installation: Installation = None,
    effort: Efforts = Effort.CI,
    select: Select = None,
    suite: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="compliance suite of XEP-0479 to test, and to say whether it is reached: "
            "core, web, im, mobile, calling, or advanced for all of them at both levels"
        ),
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
    deviations: Deviations = None,
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
    via: RunVia = None,
    allowed: Allowed = False,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="directory for record and reports (default: out/TIME-conformance-T)"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Test a server against the RFCs: generated cases, graded verdicts, known deviations.

    Exit codes: 0 every verdict is as expected, 1 some are not, 2 the suite could not run.
    """
    # Late: the library does not need the suite.
    from conformance import command, compliance, inventory_text
    from harness.errors import HarnessError

    if suite is not None:
        if select or list_ or coverage or replay:
            others = "--select, --list, --coverage and --replay"
            raise HarnessError(f"--suite says what is tested: leave out {others}")
        select = compliance.documents(suite)
    if list_ or coverage:
        print((inventory_text.coverage if coverage else inventory_text.listing)(as_json))
        return
    job = command.Job(
        targets=[name.strip() for name in target.split(",")],
        tls=tls.value if tls else None,
        profile=profile,
        installation=installation or [],
        via=via.value if via else None,
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
    print(command.report(directories, as_json, suite))
    raise typer.Exit(code)
