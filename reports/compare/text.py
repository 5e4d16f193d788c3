"""The comparison for a terminal, a log or a mail: 80 columns."""

from __future__ import annotations

import textwrap

from reports.compare import wording
from reports.compare.figures import Comparison, Difference, Pair

COLUMNS = 80
LABEL = 13
_DIFFERENCES = 12  # of what may differ, so many lines


def render(comparison: Comparison) -> str:
    """Plain text. Only paths may be wider than 80 columns."""
    blocks = [_head(comparison), *(_table(pair) for pair in comparison.pairs), _tail(comparison)]
    return "\n\n".join("\n".join(block) for block in blocks)


def _item(label: str, text: str, lines: int | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        COLUMNS,
        initial_indent=label.ljust(LABEL),
        subsequent_indent=" " * LABEL,
        max_lines=lines,
        placeholder=" ...",
        break_on_hyphens=False,
    )


def _head(comparison: Comparison) -> list[str]:
    lines = []
    for group in comparison.groups:
        lines += _item(group.name, wording.group(group))
        lines.append(" " * LABEL + group.path)
    first = comparison.groups[0]
    lines += _item("Scenario", f"{first.scenario}; {first.parameters}", 3)
    blocks = [difference for difference in comparison.differences if difference.blocks]
    others = [difference for difference in comparison.differences if not difference.blocks]
    lines += _differing("Not the same" if comparison.forced else "In the way", blocks)
    lines += _differing("Differs", others[:_DIFFERENCES])
    if left := len(others) - _DIFFERENCES:
        lines += _item("", f"and {left} more (see --format json)") if left > 0 else []
    for notice in comparison.notices:
        lines += _item("Careful", notice)
    return lines


def _differing(label: str, found: list[Difference]) -> list[str]:
    lines = []
    for number, difference in enumerate(found):
        lines += _item("" if number else label, wording.difference(difference), 3)
    return lines


def _table(pair: Pair) -> list[str]:
    lines = [_row("", "A", pair.group, f"{pair.group}/A", "95 % interval", "").rstrip()]
    for figure in pair.figures:
        lines.append(
            _row(
                figure.metric + ("*" if figure.headline else ""),
                wording.value(figure.a, figure),
                wording.value(figure.b, figure),
                wording.ratio(figure),
                wording.interval(figure.interval),
                "-" if figure.finding == "same" else figure.change,
            ).rstrip()
        )
    return [*lines, *textwrap.wrap(f"Intervals: {pair.method}.", COLUMNS)]


def _row(name: str, a: str, b: str, ratio: str, interval: str, change: str) -> str:
    return f"{name:<26}{a:>13}{b:>13}{ratio:>6}{interval:>14}  {change}"


def _tail(comparison: Comparison) -> list[str]:
    lines = []
    if comparison.pairs:
        lines += textwrap.wrap(f"* headline figures. {wording.tolerance(comparison)}", COLUMNS)
    verdict = wording.VERDICTS[comparison.verdict]
    if len(comparison.pairs) > 1:
        for pair in comparison.pairs:
            lines += _item(f"{pair.group} to A", _verdict(pair.verdict, pair.reason))
        return lines + _item("Verdict", verdict)
    if not comparison.pairs:
        return lines + _item("Verdict", f"{verdict} (--force compares them all the same)")
    return lines + _item("Verdict", _verdict(comparison.verdict, comparison.reason))


def _verdict(verdict: str, reason: str) -> str:
    name = wording.VERDICTS[verdict]
    return reason if reason.startswith(name) else f"{name}: {reason}"
