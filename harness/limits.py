"""Limits on a run: checked at its end, and while it goes for those that make it hopeless."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import HarnessError

if TYPE_CHECKING:
    from reports.limits import Limit, Limits

EVERY_S = 5.0  # between two looks at the record of a run that goes


def load(path: Path) -> Limits:
    """The limits in a file. Raises HarnessError for what is no file of limits."""
    from reports import limits  # late: the library does not depend on its reports

    return limits.load(path)


def kept(wanted: Limits, directory: Path) -> bool:
    """Check a run: print each limit with what was measured, write `limits.xml` beside the record
    (JUnit), say whether all are kept."""
    from harness.record.reader import Run
    from reports import limits

    run = Run(directory)
    checks = limits.evaluate(wanted, run)
    (directory / "limits.xml").write_text(limits.junit(checks, run), encoding="utf-8")
    print(limits.text(checks), file=sys.stderr)
    return all(check.ok for check in checks)


class Abort:
    """Conditions such as "errors > 10 %" that end a run early; looked at while it goes."""

    def __init__(self, conditions: Sequence[str]) -> None:
        """Raises HarnessError for what is no condition."""
        self._conditions = [_condition(text) for text in conditions]
        self._looked = time.monotonic()

    def reason(self, directory: Path) -> str | None:
        """The condition that holds by what has been recorded up to now, with the value."""
        now = time.monotonic()
        if not self._conditions or now - self._looked < EVERY_S:
            return None
        self._looked = now
        from harness.record.reader import Run
        from reports import limits

        checks = limits.evaluate(limits.Limits(self._conditions), Run(directory))
        for check in checks:
            if check.ok:
                return f"{check.metric} is {check.measured}: aborted as --abort-on asks"
        return None


def _condition(text: str) -> Limit:
    from reports import limits

    metric, gap, limit = text.strip().partition(" ")
    if not gap:
        raise HarnessError(f'--abort-on {text!r}: write a metric and a limit, "errors > 10 %"')
    return limits.parse(metric, limit)
