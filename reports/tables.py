"""Markdown as merge requests and job summaries show it: escaped text, tables, details."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~@])")


def escaped(text: str) -> str:
    """Text in which nothing is markup: what a server says must not format, link or mention."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: int = 1) -> str:
    """A table; columns from number `right` on are set to the right."""
    marks = ["---" if index < right else "---:" for index in range(len(head))]
    lines = [head, marks, *([escaped(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Labels with texts."""
    return table(["", ""], rows, right=2)
