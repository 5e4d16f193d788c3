"""What a CI job asks of a server: the suite, a load within limits, and no worse than before."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from harness import bench, limits
from harness.errors import HarnessError

SUMMARY = "summary.md"
RECORD = "gate.json"
_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"  # a file, of which GitHub shows the Markdown with the job
_WORDS = {0: "passed", 1: "did not pass", 2: "could not be run"}


class Step(msgspec.Struct, kw_only=True):
    """One thing that was asked. `code`: 0 passed, 1 did not, 2 could not be run."""

    name: str
    code: int
    words: str
    directory: str | None = None
    complete: bool = True  # whether it was not interrupted


Suite = Callable[[Path], int]
"""Tests the target, with its record in that directory; the exit code. It is handed in, since the
library does not import the suite."""


@dataclass(frozen=True)
class Ask:
    """What the user asked for; None: that part is left out. `baseline`: a run, or a directory of
    runs, that the load is compared with; `tolerance`: a share."""

    target: str
    out: Path | None
    suite: Suite | None
    load: bench.Job | None
    baseline: Path | None
    tolerance: float


def run(ask: Ask) -> tuple[Path, list[Step]]:
    """Take the steps one after the other; a failing one does not keep the others from being taken.

    Raises HarnessError for what cannot be asked.
    """
    _check(ask)
    directory = ask.out or Path("out") / f"{time.strftime('%Y%m%d-%H%M%S')}-gate-{ask.target}"
    if (directory / RECORD).exists():
        raise HarnessError(f"{directory} already holds a gate: choose another --out")
    steps: list[Step] = []
    blocks: list[str] = []
    for take in (_conformance, _load, _comparison):
        if steps and not steps[-1].complete:
            break
        if taken := _taken(take, ask, directory):
            step, markdown = taken
            steps.append(step)
            blocks.append(markdown)
    _write(directory, steps, blocks)
    return directory, steps


def exit_code(steps: list[Step]) -> int:
    """The worst of the steps."""
    return max((step.code for step in steps), default=2)


_Taken = tuple[Step, str]  # with its Markdown


def _check(ask: Ask) -> None:
    if ask.suite is None and ask.load is None:
        raise HarnessError("nothing to do: leave out --no-conformance or --no-bench")
    if ask.baseline is not None and ask.load is None:
        raise HarnessError("--baseline is compared with the load: leave out --no-bench")
    if ask.baseline is not None and not ask.baseline.is_dir():
        raise HarnessError(
            f"there is no baseline {ask.baseline}: keep the directory of an earlier run there, or "
            "leave the option out"
        )
    if ask.load is not None and ask.load.limits is not None:
        limits.gate(ask.load.limits)  # a bad file is found before anything runs


def _begins(name: str) -> None:
    print(f"gate: {name}", file=sys.stderr)


def _taken(take: Callable[[Ask, Path], _Taken | None], ask: Ask, directory: Path) -> _Taken | None:
    try:
        return take(ask, directory)
    except HarnessError as error:
        name = take.__name__.strip("_")
        return Step(name=name, code=2, words=str(error)), f"### {name}: {error}"


def _conformance(ask: Ask, directory: Path) -> _Taken | None:
    if ask.suite is None:
        return None
    import reports  # late: the library does not depend on its reports
    from harness.record.conformance import ConformanceRun

    _begins("conformance")
    place = directory / "conformance"
    code = ask.suite(place)
    (directory / "conformance.sarif").write_text(reports.render(place, "sarif"), encoding="utf-8")
    if os.environ.get("GITHUB_ACTIONS"):
        print(reports.render(place, "github"))
    outcome = ConformanceRun(place).outcome
    step = Step(
        name="conformance",
        code=code,
        words=outcome.reason if outcome else "cut short",
        directory=str(place),
        complete=outcome is not None and outcome.verdict != "incomplete",
    )
    return step, reports.render(place, "markdown")


def _load(ask: Ask, directory: Path) -> _Taken | None:
    if ask.load is None:
        return None
    import reports  # late, as above
    from harness.record.reader import Run

    _begins("load")
    place, code = bench.run(replace(ask.load, out=directory / "load"))
    run = Run(place)
    blocks = [reports.render(place, "markdown")]
    words: str = run.outcome.verdict if run.outcome else "cut short"
    if ask.load.limits is not None:
        from reports import markdown
        from reports.limits import evaluate, load

        checks = evaluate(load(ask.load.limits), run)
        blocks.append(markdown.limits(checks))
        words += f", {sum(check.ok for check in checks)} of {len(checks)} limits kept"
    complete = run.outcome is not None and run.outcome.verdict != "incomplete"
    step = Step(name="load", code=code, words=words, directory=str(place), complete=complete)
    return step, "\n\n".join(blocks)


def _comparison(ask: Ask, directory: Path) -> _Taken | None:
    if ask.baseline is None:
        return None
    from reports import compare  # late, as above

    _begins("comparison")
    found = compare.compare([ask.baseline, directory / "load"], ask.tolerance)
    page = directory / "comparison.html"
    page.write_text(compare.render(found, "html"), encoding="utf-8")
    step = Step(
        name="comparison",
        code={"worse": 1, "not comparable": 2}.get(found.verdict, 0),
        words=found.reason,
        directory=str(page),
    )
    return step, compare.render(found, "markdown")


def _write(directory: Path, steps: list[Step], blocks: list[str]) -> None:
    from reports import tables  # late, as above

    rows = [(step.name, _WORDS[step.code], step.words) for step in steps]
    head = tables.table(["step", "", ""], rows, right=3)
    summary = "\n\n".join([f"## {verdict(steps)}", head, *blocks]) + "\n"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / SUMMARY).write_text(summary, encoding="utf-8")
    (directory / RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(steps), indent=2))
    if shown := os.environ.get(_STEP_SUMMARY):
        with open(shown, "a", encoding="utf-8") as file:
            file.write(summary)


def verdict(steps: list[Step]) -> str:
    """In one line."""
    failed = [step.name for step in steps if step.code]
    interrupted = any(not step.complete for step in steps)
    if not failed:
        return "The gate is open"
    return f"The gate is shut: {', '.join(failed)}" + (" (interrupted)" if interrupted else "")
