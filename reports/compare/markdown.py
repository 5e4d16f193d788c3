"""The comparison for a merge request or a job summary."""

from __future__ import annotations

from collections.abc import Iterator

from reports import tables
from reports.compare import wording
from reports.compare.figures import Comparison, Figure, Pair


def render(comparison: Comparison) -> str:
    """The verdict, what may stand in its way, and each figure with its interval."""
    return "\n\n".join(_blocks(comparison))


def _blocks(comparison: Comparison) -> Iterator[str]:
    names = [f"{group.name}: {wording.group(group)}" for group in comparison.groups]
    yield f"### Comparison: {tables.escaped(', '.join(names))}"
    yield f"**{wording.VERDICTS[comparison.verdict]}**: {tables.escaped(_why(comparison))}"
    yield from (f"> {tables.escaped(notice)}" for notice in comparison.notices)
    blocking = [wording.difference(d) for d in comparison.differences if d.blocks]
    if blocking:
        yield "\n".join(f"- {tables.escaped(text)}" for text in blocking)
    yield from (_table(pair) for pair in comparison.pairs)
    if comparison.pairs:
        yield tables.escaped(wording.tolerance(comparison))


def _why(comparison: Comparison) -> str:
    return wording.after(comparison.verdict, comparison.reason) or "see below"


def _table(pair: Pair) -> str:
    head = ["figure", "A", pair.group, f"{pair.group}/A", "95 % interval", "finding"]
    return tables.table(head, [_row(figure) for figure in pair.figures])


def _row(figure: Figure) -> list[str]:
    return [
        wording.title(figure),
        wording.value(figure.a, figure),
        wording.value(figure.b, figure),
        wording.ratio(figure),
        wording.interval(figure.interval),
        "-" if figure.finding == "same" else figure.change,
    ]
