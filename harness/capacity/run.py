"""Runs a search: one step after the other, each a bench run, until the edge is known.

What is measured is in `capacity.json` after each step, so that a search that was killed can be
reported as well.
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
from typing import Protocol

from harness import bench, targets
from harness.capacity import length
from harness.capacity.result import concluded, unfinished, words
from harness.capacity.search import Bounds, Edge, Trial, following
from harness.child import COMMAND_VARIABLE
from harness.errors import HarnessError
from harness.interrupts import Interrupts
from harness.record import capacity as record
from harness.record.capacity import Capacity, Find, Line, Measured, Result, Step
from harness.record.files import LOAD, read_manifest
from harness.record.model import FORMAT, Manifest

LOWEST: dict[Find, float] = {"rate": 100.0, "users": 100.0}
SECONDS = 15.0
_TOLERANCES = (0.01, 0.5)
_OURS = ("--rate", "--duration", "--run-dir")


@dataclass(frozen=True)
class Ask:
    """What the user asked for.

    `job` is what every step has in common; its `out` is the directory of the whole search, and
    its rate and duration are not looked at. Loads are messages per second, or users.
    """

    job: bench.Job
    objective: Path
    find: Find = "rate"
    lowest: float | None = None
    highest: float | None = None
    tolerance: float = 0.05
    repeats: int = 3
    seconds: float = SECONDS  # of a step, at least


class Objective(Protocol):
    """What a step is held against."""

    lines: list[Line]
    percentile: float | None  # the finest of deliveries, such as 99.0

    def __call__(self, directory: Path) -> Measured:
        """The run in this directory in figures, with the verdict on it."""
        ...


Bench = Callable[[bench.Job], tuple[Path, int]]


def run(
    ask: Ask, bench_run: Bench = bench.run, objective: Objective | None = None
) -> tuple[Path, int]:
    """Do it: the directory of the search (with report.html in it) and the exit code.

    0: a load was found (or a lower bound of it), 1: not even the lowest meets the objective, or
    the search did not reach its end. Raises HarnessError when not one step came about.
    """
    bounds = _bounds(ask)
    bench.scenario_file(ask.job.scenario)
    targets.load(ask.job.target, ask.job.via)
    against = objective or _objective(ask.objective)
    directory = ask.job.out or _directory(ask)
    if (directory / record.NAME).exists():
        raise HarnessError(f"{directory} already holds a capacity search: choose another --out")
    search = _Search(ask, bounds, directory, against, bench_run)
    with Interrupts() as interrupts:
        search.go(interrupts)
    _write_html(directory)
    return directory, 0 if search.found else 1


class _Search:
    """One search under way."""

    def __init__(
        self, ask: Ask, bounds: Bounds, directory: Path, objective: Objective, bench_run: Bench
    ) -> None:
        self._ask = ask
        self._bounds = bounds
        self._directory = directory
        self._objective = objective
        self._bench_run = bench_run
        self._again: float | None = None  # the load of a step that was too short
        # Deliveries per second for each unit of load; of users it is not known beforehand.
        self._per_load = 1.0 if ask.find == "rate" else None
        self.capacity = Capacity(
            started=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            command=_command(),
            scenario=bench.scenario_file(ask.job.scenario).stem,
            find=ask.find,
            parameters={},
            objective=objective.lines,
            tolerance=bounds.tolerance,
            repeats=bounds.repeats,
            lowest=bounds.lowest,
            highest=bounds.highest,
        )

    @property
    def found(self) -> bool:
        """Whether there is a load to quote."""
        result = self.capacity.result
        return result is not None and result.verdict in ("found", "at least")

    def go(self, interrupts: Interrupts) -> None:
        """To the end, or until somebody or something stops it."""
        self.capacity.result = self._result(interrupts)
        record.write(self._directory, self.capacity)

    def _result(self, interrupts: Interrupts) -> Result:
        steps = self.capacity.steps
        while not isinstance(load := self._next(), Edge):
            try:
                step = self._step(load)
            except HarnessError as error:
                if not steps:
                    self._leave_nothing()
                    raise
                tried = words(load, self._ask.find)
                return unfinished(self._trials(), f"{tried} could not be tried: {error}")
            steps.append(step)
            self._learn(step)
            record.write(self._directory, self.capacity)
            _say(f"  {step.measured.verdict}{_why(step)}")
            if interrupts.asked or step.measured.verdict == "interrupted":
                reason = f"stopped by the user after {len(steps)} steps"
                return unfinished(self._trials(), reason)
        return concluded(load, self.capacity)

    def _next(self) -> float | Edge:
        again, self._again = self._again, None
        return again if again is not None else following(self._bounds, self._trials())

    def _trials(self) -> list[Trial]:
        """The steps that count: not those that were too short or interrupted."""
        found = []
        for step in self.capacity.steps:
            verdict = step.measured.verdict
            if verdict == "met" or verdict == "breached" or verdict == "blind":
                found.append(Trial(step.load, verdict))
        return found

    def _step(self, load: float) -> Step:
        number = len(self.capacity.steps) + 1
        per_second = self._per_load and self._per_load * load
        seconds = length.seconds(self._objective.percentile, per_second, self._ask.seconds)
        _say(f"step {number}: {words(load, self._ask.find)} for {seconds:g} s")
        place = Path("steps") / f"{number:02d}-{load:.10g}"
        directory, _code = self._bench_run(self._job(load, seconds, self._directory / place))
        measured = self._objective(directory)
        return Step(
            number=number, load=load, seconds=seconds, directory=str(place), measured=measured
        )

    def _job(self, load: float, seconds: float, out: Path) -> bench.Job:
        sought = {"rate": f"{load:.10g}"} if self._ask.find == "rate" else {"users": int(load)}
        given = replace(self._ask.job, rate=None, duration=seconds, ui=False, floor=False, out=out)
        return replace(given, limits=None, abort_on=[], **sought)

    def _learn(self, step: Step) -> None:
        """What a step says beyond its verdict."""
        measured, find = step.measured, self._ask.find
        if self.capacity.target is None:
            manifest = read_manifest(self._directory / step.directory, LOAD, Manifest, FORMAT)
            unset = {"duration", "rate"} | ({"users"} if find == "users" else set())
            kept = {k: v for k, v in manifest.parameters.items() if k not in unset}
            self.capacity.parameters = kept
            self.capacity.target, self.capacity.machine = manifest.target, manifest.machine
        if find == "users" and measured.deliveries:
            self._per_load = measured.deliveries / step.seconds / step.load
        short = length.too_short(self._objective.percentile, measured.deliveries)
        if measured.verdict == "met" and short and measured.deliveries and not self._tried(step):
            measured.verdict = "short"
            self._per_load = measured.deliveries / step.seconds / step.load
            self._again = step.load

    def _tried(self, step: Step) -> bool:
        """Whether an earlier step of the same load was too short already."""
        steps = self.capacity.steps
        return any(s.load == step.load and s.measured.verdict == "short" for s in steps)

    def _leave_nothing(self) -> None:
        for place in (self._directory / "steps", self._directory):
            with contextlib.suppress(OSError):  # it was there before, or was never made
                place.rmdir()


def _bounds(ask: Ask) -> Bounds:
    lowest = LOWEST[ask.find] if ask.lowest is None else ask.lowest
    if not lowest > 0 or (ask.highest is not None and ask.highest < lowest):
        raise HarnessError(
            f"there is nothing to search from {lowest:g} to "
            f"{'the top' if ask.highest is None else f'{ask.highest:g}'}: --from must be more "
            "than 0, and --to not less than --from"
        )
    if not _TOLERANCES[0] <= ask.tolerance <= _TOLERANCES[1]:
        low, high = (f"{100 * share:g}" for share in _TOLERANCES)
        raise HarnessError(f"--tolerance must be from {low} to {high} percent")
    if ask.repeats < 1 or ask.seconds < 1:
        raise HarnessError("--repeats and --seconds must be 1 or more")
    for argument in ask.job.extra:
        if argument.partition("=")[0] in _OURS:
            raise HarnessError(
                f"the search sets {argument.partition('=')[0]} itself: bound it by --from and "
                "--to, and its steps by --seconds"
            )
    if ask.find == "users" and any(load % 1 for load in (lowest, ask.highest or 0)):
        raise HarnessError("users are whole numbers: so must --from and --to be")
    return Bounds(
        lowest=float(lowest),
        highest=None if ask.highest is None else float(ask.highest),
        tolerance=ask.tolerance,
        repeats=ask.repeats,
        whole=ask.find == "users",
    )


def _objective(path: Path) -> Objective:
    from reports.capacity.objective import read  # late: the library does not need its reports

    return read(path)


def _write_html(directory: Path) -> None:
    from reports.capacity import render

    (directory / "report.html").write_text(render(directory, "html"), encoding="utf-8")


def _directory(ask: Ask) -> Path:
    scenario = bench.scenario_file(ask.job.scenario).stem
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return Path("out") / f"{stamp}-capacity-{scenario}-{ask.job.target}"


def _command() -> list[str]:
    given: list[str] = json.loads(os.environ.get(COMMAND_VARIABLE, "null")) or []
    return given or ["xmpp-harness", *sys.argv[1:]]


def _why(step: Step) -> str:
    factor = step.measured.factor
    return f": {factor.text}" if factor else ""


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
