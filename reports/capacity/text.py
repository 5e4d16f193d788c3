"""A capacity search for a terminal, a log or a mail: 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from harness.record.capacity import Capacity
from reports.capacity import wording
from reports.capacity.curve import curve
from reports.wording import clean

COLUMNS = 80
LABEL = 13
_FACTS = ("Target", "TLS", "Machine", "Scenario", "Parameters", "Objective", "Search")


def render(directory: Path, capacity: Capacity) -> str:
    """Plain text. Only the quote, which is one line, and the path may be wider than 80 columns."""
    blocks = [_head(capacity), list(_table(capacity)), _tail(directory, capacity)]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _item(label: str, text: str, lines: int | None = None) -> list[str]:
    return textwrap.wrap(
        text or "-",
        COLUMNS,
        initial_indent=label.ljust(LABEL),
        subsequent_indent=" " * LABEL,
        max_lines=lines,
        placeholder=" ...",
        break_on_hyphens=False,
    )


def _head(capacity: Capacity) -> list[str]:
    facts = wording.facts(capacity)
    lines = [line for label in _FACTS if label in facts for line in _item(label, facts[label], 2)]
    for notice in wording.notices(capacity):
        lines += _item("Careful", notice)
    return lines


def _table(capacity: Capacity) -> Iterator[str]:
    points = curve(capacity)
    if not points:
        return
    load = wording.UNITS[capacity.find]
    heads = ["p50 ms", "p99 ms", "lost %", "server %", "own %", "clean %"]
    yield _row(load, heads, "objective")
    best = capacity.result.load if capacity.result else None
    for point in points:
        mark = "*" if point.load == best else " "
        yield _row(wording.number(point.load) + mark, wording.cells(point), wording.finding(point))
    note = "server %, own %: CPU of the server and of the generator's busiest process, of a core. "
    yield from textwrap.wrap(note + wording.REPEATED, COLUMNS)


def _row(load: str, cells: list[str], finding: str) -> str:
    return f"{load:>11}{''.join(f'{cell:>8}' for cell in cells[:2])}" + (
        f"{cells[2]:>8}{cells[3]:>9}{cells[4]:>7}{cells[5]:>8}  {finding}"
    )


def _tail(directory: Path, capacity: Capacity) -> list[str]:
    lines = _item(
        "Result", f"{wording.VERDICTS[wording.verdict(capacity)]}: {wording.outcome(capacity)}"
    )
    lines += _item("Because", wording.reason(capacity))
    if quote := wording.quote(capacity):
        lines += [f"{'Quote':<{LABEL}}{quote}"]
    return [*lines, f"{'Directory':<{LABEL}}{clean(str(directory))}"]
