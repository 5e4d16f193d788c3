"""Which cells of the documents' own tables a run has been through, counted from its cases.

A case says in `covered` what it went through. That is no verdict: a cell counts when a server was
brought there and looked at, whatever it then did.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from conformance.rfc6121.delivery import CELLS, Who
from conformance.rfc6121.subscription_paths import ways
from conformance.rfc6121.subscriptions import Rules
from harness.record.verdicts import CaseResult, Coverage


class Table(NamedTuple):
    """A table of a document: the names of its cells, as cases say them."""

    document: str
    section: str
    title: str
    cells: tuple[str, ...]


TABLES = (
    Table(
        "RFC 6121",
        "8.5.4",
        "messages",
        tuple(
            f"message-{name}"
            for name, cell in CELLS["message"].items()
            if cell.who not in (Who.SERVER, Who.CONNECTED) and cell.type != "error"
        ),
    ),
    # Three of the 72 need views of two servers that contradict each other.
    Table("RFC 6121", "A", "subscription states", tuple(map(str, ways(Rules())))),
)


def coverage(cases: Iterable[CaseResult]) -> list[Coverage]:
    """The count for each table of which any cell was met."""
    seen = {cell for case in cases for cell in case.covered}
    return [
        Coverage(
            document=table.document,
            section=table.section,
            table=table.title,
            cells=len(table.cells),
            covered=len(seen.intersection(table.cells)),
            missing=[cell for cell in table.cells if cell not in seen],
        )
        for table in TABLES
        if seen.intersection(table.cells)
    ]
