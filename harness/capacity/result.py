"""What a search comes to, in a word and in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from harness.capacity.search import Edge, Trial, so_far
from harness.record.capacity import Capacity, Factor, Find, Result

_UNITS: dict[Find, str] = {"rate": " messages/s", "users": " users"}


def words(load: float, find: Find) -> str:
    """A load with its unit."""
    return f"{load:,.10g}{_UNITS[find]}"


def concluded(end: Edge, capacity: Capacity) -> Result:
    """The result of a search that has reached its end."""
    if end.beyond is None:
        reason = "the highest load that was to be tried (--to) meets the objective"
        return Result(verdict="at least", load=end.met, beyond=None, factor=None, reason=reason)
    factor = _factor(end, capacity)
    beyond = words(end.beyond, capacity.find)
    if end.met is None:
        reason = f"not even {beyond}, the lowest load (--from): {factor.text}"
        return Result(
            verdict="unseen" if end.blind else "not met",
            load=None,
            beyond=end.beyond,
            factor=factor,
            reason=reason,
        )
    return Result(
        verdict="at least" if end.blind else "found",
        load=end.met,
        beyond=end.beyond,
        factor=factor,
        reason=f"at {beyond}{_trials(end, capacity)} {factor.text}",
    )


def _trials(end: Edge, capacity: Capacity) -> str:
    """Whose figures are quoted, where there is a choice: the curve shows medians."""
    trials = sum(step.load == end.beyond for step in capacity.steps)
    return f", in the last of {trials} trials," if trials > 1 else ""


def unfinished(trials: Iterable[Trial], reason: str) -> Result:
    """The result of a search that was stopped; `load` is the highest that was met until then."""
    found = so_far(trials)
    return Result(
        verdict="incomplete", load=found.met, beyond=found.beyond, factor=None, reason=reason
    )


def _factor(end: Edge, capacity: Capacity) -> Factor:
    """The commonest of the load beyond the edge, in the words of its last step."""
    verdict = "blind" if end.blind else "breached"
    factors = [
        step.measured.factor
        for step in capacity.steps
        if step.load == end.beyond and step.measured.verdict == verdict and step.measured.factor
    ]
    [(cause, _), *_] = Counter(factor.cause for factor in factors).most_common(1)
    return next(factor for factor in reversed(factors) if factor.cause == cause)
