"""The differences for a merge request or a job summary: counts, and each MUST not met by all."""

from __future__ import annotations

from reports import tables
from reports.differential import wording
from reports.differential.differences import Differential


def render(found: Differential) -> str:
    """Two tables."""
    counts = [(words, f"{number:,}", f"{musts:,}") for words, number, musts in wording.tally(found)]
    rows = [
        [
            f"{d.document} {d.section}",
            d.id,
            *(side.verdict if side.standing == "meets" else side.observed for side in d.sides),
        ]
        for d in found.of_kind("meets")
        if d.level == "MUST"
    ]
    blocks = [
        f"### Where {tables.escaped(' and '.join(found.servers))} differ",
        tables.escaped(wording.inputs(found)),
        tables.table(["requirements", "", "with level MUST"], counts),
    ]
    if rows:
        blocks.append(tables.table(["where", "MUST", *map(tables.escaped, found.servers)], rows, 9))
    return "\n\n".join(blocks)
