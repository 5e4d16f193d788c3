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

from harness import bench, limits, targets
from harness.child import COMMAND_VARIABLE
from harness.errors import HarnessError
from harness.interrupts import Interrupts
from harness.record import side as record
from harness.record.side import Side, Trial
from harness.targets import installation

Bench = Callable[[bench.Job], tuple[Path, int]]


@dataclass(frozen=True)
class Ask:
    """What the user asked for. `job` is what all trials have in common; its `out` is the directory
    of the whole, and its target is not looked at."""

    job: bench.Job
    targets: list[str]
    repeats: int = 1


def names(text: str, via: str | None = None) -> list[str]:
    """The targets of a list with commas. Raises HarnessError for one that there is not, and for
    one that is named twice."""
    found = [name.strip() for name in text.split(",") if name.strip()]
    for name in found:
        targets.load(name, via)
    if not found or len(set(found)) < len(found):
        raise HarnessError(
            f"--target {text}: name each server once, and use --repeat for more runs"
        )
    return found


def run(ask: Ask, bench_run: Bench = bench.run) -> tuple[Path, int]:
    """Do it: the directory of the whole (with report.html in it) and the exit code.

    0: every run went as asked. 1: one did not, breached a limit or was interrupted. 2: a server
    could not be run. Raises HarnessError when not one could.

    Limits are checked on every run. What has been measured is kept, and the page written, when the
    user stops it.
    """
    scenario = bench.scenario_file(ask.job.scenario).stem
    stamp = time.strftime("%Y%m%d-%H%M%S")
    directory = ask.job.out or Path("out") / f"{stamp}-{scenario}-{'-'.join(ask.targets)}"
    if record.is_side(directory) or (directory / "manifest.json").exists():
        raise HarnessError(f"{directory} already holds a run: choose another --out")
    side = Side(
        started=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        command=_command(),
        scenario=scenario,
        targets=ask.targets,
        repeats=ask.repeats,
    )
    trial = _Trials(ask, directory, bench_run)
    with Interrupts() as interrupts:
        _go(side, directory, trial, interrupts)
        if not any(trial.directory for trial in side.trials):
            _leave_nothing(directory)
            why = dict.fromkeys(f"{trial.target}: {trial.error}" for trial in side.trials)
            raise HarnessError(f"no server could be run: {'; '.join(why) or 'stopped by the user'}")
        record.write(directory, side)
        _write_html(directory)
    return directory, _code(side)


def _go(side: Side, directory: Path, trial: _Trials, interrupts: Interrupts) -> None:
    """To the end, or until somebody stops it."""
    of = side.repeats * len(side.targets)
    for repeat in range(1, side.repeats + 1):
        for target in side.targets:
            number = len(side.trials) + 1
            _say(f"run {number} of {of}: {target}")
            done = trial(target, repeat)
            if done.error:
                _say(f"xmpp-harness: {target}: {done.error}")
            if interrupts.asked and done.error:  # the user ended it, the server is not at fault
                side.interrupted = True
                return
            side.trials.append(done)
            if any(trial.directory for trial in side.trials):
                record.write(directory, side)
            if interrupts.asked:
                side.interrupted = number < of
                return


class _Trials:
    """Makes the trials of one ask. Raises HarnessError for limits and directories that are none."""

    def __init__(self, ask: Ask, directory: Path, bench_run: Bench) -> None:
        limits.watch(ask.job.abort_on)  # a mistake in it is one of all trials: said once, and now
        self._gate = limits.gate(ask.job.limits) if ask.job.limits else None
        self._installations = installation.assign(ask.job.installation, ask.targets)
        self._job, self._directory, self._bench_run = ask.job, directory, bench_run

    def __call__(self, target: str, repeat: int) -> Trial:
        place = Path("runs") / f"{repeat}-{target}"
        floor = self._job.floor and target != "embedded"
        out = self._directory / place
        named = self._installations.get(target)
        job = replace(
            self._job,
            target=target,
            installation=[str(named)] if named else [],
            out=out,
            ui=False,
            floor=floor,
            limits=None,
        )
        trial = Trial(target=target, repeat=repeat)
        try:
            _, trial.code = self._bench_run(job)
            trial.directory = str(place)
            if self._gate:
                trial.limits = self._gate(out)
        except HarnessError as error:
            trial.code, trial.error = 2, str(error)
        if not all(check.ok for check in trial.limits):
            trial.code = trial.code or 1
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
