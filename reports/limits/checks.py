"""Checks a run against limits, and says in words what came of it."""

from __future__ import annotations

from harness.record.checks import Check
from harness.record.reader import Run
from reports.limits.metrics import METRICS, Measured
from reports.limits.parsing import Limit, Limits, written

_COLUMNS = ("metric", "measured", "limit")
NOT_MEASURED = "not measured"
_MORE_DIGITS = (6, 9)


def evaluate(limits: Limits, run: Run) -> list[Check]:
    """One check for each limit, in the order of the file.

    A metric of which the run has no value is a breach: a gate must not open because nothing
    was measured.
    """
    measured = Measured(run)
    return [_check(limit, METRICS[limit.metric].value(measured)) for limit in limits.limits]


def text(checks: list[Check]) -> str:
    """One line for each check below a line that counts them, without a newline at the end."""
    kept = sum(check.ok for check in checks)
    lines = [f"Limits       {kept} of {len(checks)} kept"]
    wide = [max((len(getattr(c, name)) for c in checks), default=0) for name in _COLUMNS]
    for check in checks:
        cells = (getattr(check, name).ljust(w) for name, w in zip(_COLUMNS, wide, strict=True))
        lines.append(f"  {'kept  ' if check.ok else 'BREACH'}   {'   '.join(cells)}".rstrip())
    return "\n".join(lines)


def _check(limit: Limit, value: float | None) -> Check:
    ok = value is not None and limit.holds(value)
    shown = NOT_MEASURED if value is None else _shown(limit, value, ok)
    return Check(metric=limit.metric, limit=str(limit), measured=shown, ok=ok)


def _shown(limit: Limit, value: float, ok: bool) -> str:
    """In the limit's unit, and in as many digits as the verdict needs: no 50 ms against < 50 ms."""
    value /= limit.factor
    if value.is_integer():
        return written(value, limit.unit)
    for digits in (max(3, len(f"{value:.0f}")), *_MORE_DIGITS):
        rounded = float(f"{value:.{digits}g}")
        if limit.holds(rounded * limit.factor) is ok:
            return written(value, limit.unit, digits)
    return written(value, limit.unit)
