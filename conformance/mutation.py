"""Mutation score: is each planted defect of the embedded server noticed by the suite, and by what?

A defect counts as killed when a case has a worse verdict than on the sound server. The
cases of the requirements that the defect breaks run first, all of them, so that the table can
say which cases noticed; only where none did, the rest of the suite runs.
"""

from __future__ import annotations

import concurrent.futures
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Optional

import msgspec
import typer
from rich.console import Console

from conformance import command
from harness.errors import HarnessError
from harness.record.conformance import ConformanceRun
from harness.record.verdicts import SEVERITY, Verdict
from harness.targets.embedded.defects import DEFECTS, Defect, chosen

TARGET = "embedded"


class Mutant(msgspec.Struct, frozen=True):
    """What became of one defect. `killed_by` are cases; empty means that it survived."""

    name: str
    breaks: list[str]
    summary: str
    killed_by: list[str]


Baseline = dict[str, Verdict]
"""What the sound server gets for each case."""


def baseline(effort: str, seed: int) -> Baseline:
    """The verdicts on the sound server. Raises HarnessError when there are none."""
    run = _run([], effort, seed, [], first_only=False)
    if isinstance(run, str):
        raise HarnessError(f"the suite does not run against the sound server: {run}")
    return {case.case: case.verdict for case in run.cases}


def hunt(
    defect: Defect, effort: str, seed: int, sound: Baseline, *, first_only: bool = False
) -> Mutant:
    """Run the suite against the defect. Raises HarnessError when the server does not start."""
    killers = _killers(defect, effort, seed, sound, list(defect.breaks), first_only=first_only)
    if not killers:
        killers = _killers(defect, effort, seed, sound, [], first_only=True)
    return Mutant(defect.name, list(defect.breaks), defect.summary, killers)


def _killers(
    defect: Defect, effort: str, seed: int, sound: Baseline, select: list[str], *, first_only: bool
) -> list[str]:
    """The cases with a worse verdict than on the sound server.

    NON-STRICT is worse only where the text tolerates the defect: no other verdict can come then.
    """
    run = _run([defect.name], effort, seed, select, first_only=first_only)
    if isinstance(run, str):
        return [run]
    enough = SEVERITY["NON-STRICT" if defect.tolerated else "UNKNOWN"]
    return [
        case.case
        for case in run.cases
        if SEVERITY[case.verdict] > SEVERITY[sound.get(case.case, "PASS")]
        and (SEVERITY[case.verdict] >= enough or case.verdict == "ABSENT")
    ]


def _run(
    defects: list[str], effort: str, seed: int, select: list[str], *, first_only: bool
) -> ConformanceRun | str:
    """One run of the suite, or in words how the server was noticed to be broken at once."""
    with tempfile.TemporaryDirectory(prefix="xh-mutant-") as folder:
        directory = Path(folder) / "run"
        job = command.Job(
            targets=[TARGET],
            effort=effort,
            select=select,
            seed=seed,
            jobs=0,
            out=directory,
            defects=defects,
            first_only=first_only,
        )
        directory.mkdir()
        done = subprocess.run(
            command.arguments(job, TARGET, directory),
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([os.getcwd(), *_path()])},
        )
        if not (directory / "outcome.json").is_file():
            # The sound server was tested before: what keeps this one from it is the defect.
            if refusal := re.search(r"_pytest\.outcomes\.Exit: (.*) !", done.stdout + done.stderr):
                return f"before the first case: {refusal[1]}"
            raise HarnessError(f"{' '.join(defects)}: {done.stdout.strip()[-300:]}")
        run = ConformanceRun(directory)
        if run.outcome is not None and run.outcome.verdict == "incomplete":
            return run.outcome.reason
        return run


def _path() -> list[str]:
    return [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]


def table(mutants: list[Mutant], as_json: bool) -> str:
    """The result, for people or as one JSON object."""
    survivors = [mutant for mutant in mutants if not mutant.killed_by]
    killed = len(mutants) - len(survivors)
    if as_json:
        return json.dumps(
            {
                "mutants": len(mutants),
                "killed": killed,
                "survivors": [mutant.name for mutant in survivors],
                "by": {mutant.name: mutant.killed_by for mutant in mutants},
            },
            indent=2,
        )
    lines = []
    for mutant in sorted(mutants, key=lambda m: (bool(m.killed_by), m.name)):
        by = mutant.killed_by
        fate = f"killed by {len(by)}: {by[0]}" if by else "SURVIVED"
        lines += [f"{mutant.name:44} {fate}"]
    share = f"{100 * killed / len(mutants):.1f} %" if mutants else "none asked for"
    return "\n".join([*lines, f"{killed} of {len(mutants)} defects killed ({share})"])


def main(
    names: Annotated[
        Optional[list[str]],  # noqa: UP045 - typer reads the annotation
        typer.Argument(help="defects to try (default: all)"),
    ] = None,
    sample: Annotated[int, typer.Option(min=0, help="only so many, always the same; 0: all")] = 0,
    effort: Annotated[str, typer.Option(help="dev, ci or nightly")] = "dev",
    seed: Annotated[int, typer.Option(help="of the generated inputs")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="defects at a time")] = os.cpu_count() or 1,
    first: Annotated[
        bool, typer.Option("--first", help="one case that notices a defect is enough")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Run the suite against each planted defect; exit code 1 when less than 95 % are noticed."""
    try:
        wanted = chosen(names) if names else list(DEFECTS.values())
        if sample:
            wanted = random.Random(0).sample(wanted, min(sample, len(wanted)))
        mutants = _hunt_all(wanted, effort, seed, jobs, first_only=first)
    except HarnessError as error:
        print(f"mutation: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    print(table(mutants, as_json))
    killed = sum(bool(mutant.killed_by) for mutant in mutants)
    raise typer.Exit(0 if killed >= 0.95 * len(mutants) else 1)


def _hunt_all(
    wanted: list[Defect], effort: str, seed: int, jobs: int, *, first_only: bool
) -> list[Mutant]:
    console = Console(stderr=True)
    sound = baseline(effort, seed)
    mutants = []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        hunts = [
            pool.submit(hunt, defect, effort, seed, sound, first_only=first_only)
            for defect in wanted
        ]
        for number, done in enumerate(concurrent.futures.as_completed(hunts), start=1):
            mutant = done.result()
            fate = "killed" if mutant.killed_by else "SURVIVED"
            console.print(f"{number}/{len(wanted)} {mutant.name}: {fate}", highlight=False)
            mutants.append(mutant)
    return mutants


if __name__ == "__main__":
    typer.run(main)
