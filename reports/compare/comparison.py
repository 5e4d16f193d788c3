"""Compares groups of runs with the first of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import HarnessError
from reports.compare.configuration import blocking, differences
from reports.compare.figures import Comparison, Difference, Figure, Pair, Verdict
from reports.compare.groups import Runs, read
from reports.compare.measured import measure
from reports.compare.pairs import figures

TOLERANCE = 0.05
MOST_TOLERANT = 100  # a hundred and one times as slow is no finding: nothing is, about speed


def compare(groups: list[Path], tolerance: float = TOLERANCE, force: bool = False) -> Comparison:
    """The runs of each path against those of the first one.

    A path is a run directory, or holds several: repeats of one configuration. `tolerance`: a
    difference by a smaller share is no finding (1: less than twice as slow). `force`: compare runs
    of different configurations all the same. Raises HarnessError for a path that holds no load run.
    """
    if not 0 <= tolerance <= MOST_TOLERANT:
        raise HarnessError(f"the tolerance is from 0 to {MOST_TOLERANT}, not {tolerance:g}")
    given = read(groups)
    found = differences(given)
    in_the_way = [] if force else blocking(found)
    pairs = [] if in_the_way else _pairs(given, tolerance)
    verdict, reason = _overall(in_the_way, pairs)
    return Comparison(
        verdict=verdict,
        reason=reason,
        tolerance=tolerance,
        forced=force and bool(blocking(found)),
        groups=[group.about() for group in given],
        differences=found,
        notices=[notice for group in given for notice in group.notices()],
        pairs=pairs,
    )


def _pairs(given: Sequence[Runs], tolerance: float) -> list[Pair]:
    first, *others = [[measure(run) for run in group.runs] for group in given]
    found = []
    for group, other in zip(given[1:], others, strict=True):
        rows, method = figures(first, other, tolerance)
        verdict, reason = _verdict(rows)
        found.append(
            Pair(group=group.name, verdict=verdict, reason=reason, method=method, figures=rows)
        )
    return found


def _verdict(rows: Sequence[Figure]) -> tuple[Verdict, str]:
    """Of the headline figures. One that is worse outweighs any that are better."""
    headline = [row for row in rows if row.headline]
    differing = [row for row in headline if row.finding != "same"]
    certain = [row for row in differing if row.interval and row.interval.certain]
    for verdict in ("worse", "better"):
        if any(row.finding == verdict for row in certain):
            return verdict, ", ".join(f"{row.metric} {row.change}" for row in certain)
    if not any(row.interval for row in headline):
        return "not comparable", "no headline figure was measured on both sides for long enough"
    if differing:
        names = ", ".join(f"{row.metric} {row.change}" for row in differing)
        return "same", (
            f"no difference shown: {names} by itself, but one of {len(headline)} headline "
            "figures may well seem to differ by chance; repeat the runs"
        )
    return "same", "no difference shown in any headline figure"


def _overall(in_the_way: Sequence[Difference], pairs: Sequence[Pair]) -> tuple[Verdict, str]:
    if in_the_way:
        named = "; ".join(
            f"{difference.key} is "
            + ", ".join(f"{value} in {name}" for name, value in difference.values.items())
            for difference in in_the_way
        )
        return "not comparable", named
    for verdict in ("not comparable", "worse", "better"):
        found = [pair for pair in pairs if pair.verdict == verdict]
        if found:
            return verdict, "; ".join(_reason(pair, len(pairs)) for pair in found)
    return "same", "; ".join(_reason(pair, len(pairs)) for pair in pairs)


def _reason(pair: Pair, of: int) -> str:
    return pair.reason if of == 1 else f"{pair.group}: {pair.reason}"
