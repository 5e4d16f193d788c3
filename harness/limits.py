"""Limits on a run: checked at its end, and while it goes for those that make it hopeless."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.errors import HarnessError
from harness.record.checks import Check
from harness.record.reader import Run

EVERY_S = 5.0  # between two looks at the record of a run that goes


def gate(path: Path) -> Callable[[Path], list[Check]]:
    """A check of run directories against the limits in a file: it prints each limit with what was
    measured, writes `limits.xml` beside the record (JUnit), and returns them in the file's order.

    Raises HarnessError for what is no file of limits.
    """
    from reports import limits  # late: the library does not depend on its reports

    wanted = limits.load(path)

    def checked(directory: Path) -> list[Check]:
        run = Run(directory)
        checks = limits.evaluate(wanted, run)
        (directory / "limits.xml").write_text(limits.junit(checks, run), encoding="utf-8")
        print(limits.text(checks), file=sys.stderr)
        return checks

    return checked


def watch(conditions: Sequence[str]) -> Callable[[Path], str | None]:
    """A look at the record of a run that goes, for conditions such as "errors > 10 %": the one
    that holds by now, with its value, or None. It looks every `EVERY_S` at most.

    Raises HarnessError for what is no condition.
    """
    if not conditions:
        return lambda _directory: None
    from reports import limits

    wanted = limits.Limits([limits.parse(*_parts(text)) for text in conditions])
    looked = time.monotonic()

    def holds(directory: Path) -> str | None:
        nonlocal looked
        if (now := time.monotonic()) - looked < EVERY_S:
            return None
        looked = now
        found = [check for check in limits.evaluate(wanted, Run(directory)) if check.ok]
        return f"{found[0].metric} is {found[0].measured}: --abort-on ends it" if found else None

    return holds


def _parts(text: str) -> tuple[str, str]:
    metric, gap, limit = text.strip().partition(" ")
    if not gap:
        raise HarnessError(f'--abort-on {text!r}: write a metric and a limit, "errors > 10 %"')
    return metric, limit
