"""Servers beside each other for a merge request or a job summary."""

from __future__ import annotations

from pathlib import Path

from harness.record.side import Side
from reports import tables
from reports.side.columns import Table
from reports.side.notices import careful, not_as_asked
from reports.side.servers import Server, all_tables, servers


def render(directory: Path, side: Side) -> str:
    """A table for each group of figures, a row for each server: medians of its runs."""
    known = servers(directory, side)
    said = [*careful(known), *not_as_asked(side, known)]
    blocks = [f"### Side by side: {tables.escaped(side.scenario)}, {side.repeats} of each, in turn"]
    blocks += [f"> {tables.escaped(text)}" for text in said]
    return "\n\n".join(blocks + [_table(table, known) for table in all_tables(known)])


def _table(table: Table, known: list[Server]) -> str:
    rows = [
        [server.title, *(column.text(server.figure(column).median) for column in table.columns)]
        for server in known
    ]
    return tables.table([table.title, *(column.heading for column in table.columns)], rows)
