"""The differences for a terminal, a log or a mail: counts, and each MUST that not all meet."""

from __future__ import annotations

import textwrap

from reports.conformance.wording import line
from reports.differential import wording
from reports.differential.differences import Difference, Differential

COLUMNS = 80
LABEL = 13
SHOWN = 60  # words of what was observed


def render(found: Differential) -> str:
    """As plain text of 80 columns."""
    lines = _item("Servers", ", ".join(found.servers)) + _item("Asked", wording.inputs(found))
    if not found.differences:
        return "\n".join(lines + _item("Differences", "none"))
    lines += _item(
        "Differences", f"{len(found.differences):,} of {found.requirements:,} requirements"
    )
    for words, number, of_must in wording.tally(found):
        lines += _item("", f"{number:,} {words} (MUST: {of_must:,})")
    for kind in ("strictness", "behaviour"):
        if number := len(found.of_kind(kind)):
            lines += _item("", f"{number:,} {wording.KINDS[kind]}")
    musts = [d for d in found.of_kind("meets") if d.level == "MUST"]
    if musts:
        lines += ["", "MUST, and not met by all:"]
    for difference in musts:
        lines += _must(found, difference)
    return "\n".join(lines)


def _must(found: Differential, difference: Difference) -> list[str]:
    where = f"{difference.document} {difference.section}"
    lines = _wrapped(f"{where}  {difference.id}: {wording.who(found.servers, difference.sides)}", 2)
    for name, side in zip(found.servers, difference.sides, strict=True):
        if side.standing != "meets":
            seen = textwrap.shorten(line(side.observed), SHOWN, placeholder=" ...")
            lines += _wrapped(f"{name}: {seen}" if seen else name, 6)
    return lines


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(
        text, COLUMNS, initial_indent=" " * indent, subsequent_indent=" " * (indent + 4)
    )


def _item(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text, COLUMNS, initial_indent=label.ljust(LABEL), subsequent_indent=" " * LABEL
    )
