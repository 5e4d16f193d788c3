"""The same load on several servers, one after the other: A B C A B C, never two at once.

Each trial is a bench run of its own on a fresh instance. What has been measured is in `side.json`
after each of them, and one server that cannot be run does not lose the others.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from harness import bench, targets
from harness.child import COMMAND_VARIABLE
from harness.errors import HarnessError
from harness.interrupts import Interrupts
from harness.record import side as record
from harness.record.side import Side, Trial

Bench = Callable[[bench.Job], tuple[Path, int]]


@dataclass(frozen=True)
class Ask:
    """What the user asked for. `job` is what all trials have in common; its `out` is the directory
    of the whole, and its target is not looked at."""

    job: bench.Job
    targets: list[str]
    repeats: int = 1


def names(text: str) -> list[str]:
    """The targets of a list with commas. Raises HarnessError for one that there is not, and for
    one that is named twice."""
    found = [name.strip() for name in text.split(",") if name.strip()]
    for name in found:
        targets.load(name)
    if not found or len(set(found)) < len(found):
        raise HarnessError(
            f"--target {text}: name each server once, and use --repeat for more runs"
        )
    return found


def run(ask: Ask, bench_run: Bench = bench.run) -> tuple[Path, int]:
    """Do it: the directory of the whole (with report.html in it) and the exit code.

    0: every run went as asked. 1: one did not, breached a limit or was interrupted. 2: a server
    could not be run. Raises HarnessError when not one could.
    """
    scenario = bench.scenario_file(ask.job.scenario).stem
    stamp = time.strftime("%Y%m%d-%H%M%S")
    directory = ask.job.out or Path("out") / f"{stamp}-{scenario}-{'-'.join(ask.targets)}"
    if record.is_side(directory):
        raise HarnessError(f"{directory} already holds a side-by-side run: choose another --out")
    side = Side(
        started=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        command=_command(),
        scenario=scenario,
        targets=ask.targets,
        repeats=ask.repeats,
    )
    with Interrupts() as interrupts:
        _go(ask, side, directory, bench_run, interrupts)
    if not any(trial.directory for trial in side.trials):
        _leave_nothing(directory)
        why = "; ".join(f"{trial.target}: {trial.error}" for trial in side.trials)
        raise HarnessError(f"no server could be run: {why or 'stopped by the user'}")
    record.write(directory, side)
    _write_html(directory)
    return directory, _code(side)


def _go(ask: Ask, side: Side, directory: Path, bench_run: Bench, interrupts: Interrupts) -> None:
    """To the end, or until somebody stops it."""
    for repeat in range(1, ask.repeats + 1):
        for target in ask.targets:
            number = len(side.trials) + 1
            of = ask.repeats * len(ask.targets)
            _say(f"run {number} of {of}: {target}")
            trial = _trial(ask, target, repeat, directory, bench_run)
            side.trials.append(trial)
            if any(trial.directory for trial in side.trials):
                record.write(directory, side)
            if trial.error:
                _say(f"xmpp-harness: {target}: {trial.error}")
            if interrupts.asked:
                side.interrupted = number < of
                return


def _trial(ask: Ask, target: str, repeat: int, directory: Path, bench_run: Bench) -> Trial:
    place = Path("runs") / f"{repeat}-{target}"
    floor = ask.job.floor and target != "embedded"
    job = replace(ask.job, target=target, out=directory / place, ui=False, floor=floor)
    trial = Trial(target=target, repeat=repeat)
    try:
        _, trial.code = bench_run(job)
        trial.directory = str(place)
    except HarnessError as error:
        trial.code, trial.error = 2, str(error)
    return trial


def _code(side: Side) -> int:
    return max([1 if side.interrupted else 0, *(trial.code for trial in side.trials)])


def _leave_nothing(directory: Path) -> None:
    for place in (directory / "runs", directory):
        with contextlib.suppress(OSError):  # it was there before, or was never made
            place.rmdir()


def _write_html(directory: Path) -> None:
    import reports  # late: the library does not depend on its reports

    (directory / "report.html").write_text(reports.render(directory, "html"), encoding="utf-8")


def _command() -> list[str]:
    given: list[str] = json.loads(os.environ.get(COMMAND_VARIABLE, "null")) or []
    return given or ["xmpp-harness", *sys.argv[1:]]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
