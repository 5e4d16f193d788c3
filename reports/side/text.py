"""Servers beside each other for a terminal or a log: one table for each group of figures."""

from __future__ import annotations

from pathlib import Path

from harness.record.side import Side
from reports.side.columns import TABLES, Column
from reports.side.servers import Figure, Server, configuration, servers
from reports.wording import amount, clean

_LABEL, _CELL = 26, 18


def render(directory: Path, side: Side) -> str:
    """A column for each server: the median of its runs, and their range beneath."""
    known = servers(directory, side)
    blocks = [[f"Scenario {clean(side.scenario)}, {side.repeats} of each, in turn"]]
    for table in TABLES:
        head = "".join(server.title.rjust(_CELL) for server in known)
        lines = [table.title, " " * _LABEL + head]
        for column in table.columns:
            lines += _rows(column, known)
        blocks.append(lines)
    for label, texts in configuration(known).items():
        blocks.append([label, *(f"  {s.title}: {t}" for s, t in zip(known, texts, strict=True))])
    said = [f"  {s.title}: {text}" for s in known for text in [*s.errors, *s.verdicts]]
    if side.interrupted:
        said.append("  stopped by the user before all runs were done")
    if said:
        blocks.append(["Not as asked", *said])
    blocks.append([f"Directory  {clean(str(directory))}"])
    return "\n\n".join("\n".join(block) for block in blocks)


def _rows(column: Column, known: list[Server]) -> list[str]:
    title = f"  {column.title}, {column.unit}" if column.unit else f"  {column.title}"
    figures = [server.figure(column) for server in known]
    lines = [title.ljust(_LABEL) + "".join(amount(f.median).rjust(_CELL) for f in figures)]
    ranges = "".join(_range(figure).rjust(_CELL) for figure in figures)
    return [*lines, " " * _LABEL + ranges] if ranges.strip() else lines


def _range(figure: Figure) -> str:
    if figure.low is None or figure.low == figure.high:
        return ""
    return f"{amount(figure.low)}-{amount(figure.high)}"
