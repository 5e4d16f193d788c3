"""The verdicts for a merge request or a job summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from harness.record.conformance import ConformanceRun
from reports import tables
from reports.conformance import wording
from reports.conformance.results import LEVELS, VERDICTS, Result, results

SHOWN = 50  # a job summary has a limited size; the other formats have them all


def render(run: ConformanceRun) -> str:
    """Counts by level and verdict, and what is unexpected."""
    found = results(run)
    state, words = wording.outcome(run)
    known = wording.facts(run)
    asked = f"{known['Transport']}, effort {known['Effort']}, seed {known['Seed']}"
    blocks = [
        f"### Conformance: {tables.escaped(known['Target'])}",
        f"**{state}**: {tables.escaped(words)}",
        f"{tables.escaped(asked)}; {tables.escaped(known['Selected'])}",
    ]
    if run.manifest.target == "embedded":
        blocks.append(f"> {tables.escaped(wording.REFERENCE_SERVER)}")
    if run.outcome is None:
        blocks.append(f"> {tables.escaped(wording.CUT_SHORT)}")
    return "\n\n".join([*blocks, _counts(found), *_news(found)])


def _counts(found: Sequence[Result]) -> str:
    number = Counter((result.level, result.verdict) for result in found)
    rows = [
        [level, *(f"{number[level, verdict]:,}" for verdict in VERDICTS)]
        for level in LEVELS
        if any(number[level, verdict] for verdict in VERDICTS)
    ]
    return tables.table(["requirements", *VERDICTS], rows)


def _news(found: Sequence[Result]) -> list[str]:
    news = [result for result in found if result.unexpected]
    if not news:
        return []
    rows = [
        (r.verdict or "-", r.id, f"{r.level or '-'}, {r.document} {r.section}", r.observed)
        for r in news[:SHOWN]
    ]
    head = ["verdict", "requirement", "where", "observed"]
    blocks = [f"**Unexpected: {len(news):,}**", tables.table(head, rows, right=4)]
    left = len(news) - SHOWN
    return [*blocks, f"and {left:,} more: the other formats have them all"] if left > 0 else blocks
