"""Servers beside each other for a terminal or a log: one table for each group of figures."""

from __future__ import annotations

import textwrap
from pathlib import Path

from harness.record.side import Side
from reports.side.columns import Column, Table
from reports.side.notices import careful, not_as_asked
from reports.side.servers import Figure, Server, all_tables, configuration, servers
from reports.wording import clean

_LABEL, _CELL, _WIDE = 33, 18, 100


def render(directory: Path, side: Side) -> str:
    """A column for each server: the median of its runs, and their range beneath."""
    known = servers(directory, side)
    blocks = [[f"Scenario {clean(side.scenario)}, {side.repeats} of each, in turn"]]
    blocks += [_table(table, known) for table in all_tables(known)]
    blocks.append(_limits(known))
    blocks.append(_configuration(known))
    blocks.append(_listed("Careful", careful(known)))
    blocks.append(_listed("Not as asked", not_as_asked(side, known)))
    blocks.append([f"Directory  {clean(str(directory))}"])
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _table(table: Table, known: list[Server]) -> list[str]:
    head = "".join(_cut(server.title).rjust(_CELL) for server in known)
    lines = [table.title, *textwrap.wrap(table.note, _WIDE), " " * _LABEL + head]
    for column in table.columns:
        lines += _rows(column, known)
    return lines


def _rows(column: Column, known: list[Server]) -> list[str]:
    figures = [server.figure(column) for server in known]
    cells = "".join(column.text(figure.median).rjust(_CELL) for figure in figures)
    ranges = "".join(_range(column, figure).rjust(_CELL) for figure in figures)
    lines = [f"  {column.heading}".ljust(_LABEL) + cells]
    return [*lines, " " * _LABEL + ranges] if ranges.strip() else lines


def _range(column: Column, figure: Figure) -> str:
    if figure.low is None or figure.low == figure.high:
        return ""
    return f"{column.text(figure.low)}-{column.text(figure.high)}"


def _limits(known: list[Server]) -> list[str]:
    """What each server measured in each run against each limit."""
    lines = [
        f"  {'kept  ' if limit.ok else 'BREACH'}  {_cut(server.title).ljust(_CELL)}  "
        f"{limit.metric} {limit.limit}: {', '.join(limit.measured)}"
        for server in known
        for limit in server.limits
    ]
    return ["Limits", *map(clean, lines)] if lines else []


def _configuration(known: list[Server]) -> list[str]:
    titles = [server.title for server in known if server.runs]
    lines = []
    for row in configuration(known):
        if not row.differs:
            lines.append(f"  {row.label}: {row.texts[0]}")
            continue
        lines.append(f"  {row.label}, which differs")
        lines += [f"    {title}: {text}" for title, text in zip(titles, row.texts, strict=True)]
    return ["Configuration", *lines]


def _listed(title: str, said: list[str]) -> list[str]:
    return [title, *(f"  {text}" for text in said)] if said else []


def _cut(title: str) -> str:
    return title if len(title) < _CELL else f"{title[: _CELL - 2]}…"
