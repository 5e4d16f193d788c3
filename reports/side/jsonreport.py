"""Servers beside each other as exactly one JSON object: target -> the object of a single run."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from harness.record.side import Side
from reports.side.columns import Table
from reports.side.servers import Server, all_tables, servers


def render(directory: Path, side: Side) -> str:
    """One run: its summary. Several: the median of each figure, and `runs`. Besides `figures`, with
    median and range of what the tables show, and `limits` where some were set. None: `{"error":
    ...}`, which stands beside the rest where only some failed."""
    known = servers(directory, side)
    tables = all_tables(known)
    found = {server.name: _one(directory, server, tables) for server in known}
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()


def _one(directory: Path, server: Server, tables: list[Table]) -> dict[str, Any]:
    error = {"error": "; ".join(server.errors)} if server.errors else {}
    if not server.runs:
        return error or {"error": "not run: it was stopped before"}
    summaries = [msgspec.to_builtins(m.summary) for m in server.runs]
    several = {"run": str(directory), "runs": summaries} if len(summaries) > 1 else {}
    limits = {"limits": server.limits} if server.limits else {}
    columns = [column for table in tables for column in table.columns]
    return {
        **medians(summaries),
        **several,
        "figures": {column.key: server.figure(column) for column in columns},
        **limits,
        **error,
    }


def medians(summaries: list[dict[str, Any]]) -> dict[str, Any]:
    """One object of the same form: the median of each figure over the runs that have it, and of
    words those of the first run, or of the first whose verdict is not ok."""
    merged: dict[str, Any] = _merged(summaries)
    # A condition that a run does not name occurred in it not once.
    names = dict.fromkeys(name for summary in summaries for name in summary["errors"])
    merged["errors"] = {n: median(s["errors"].get(n, 0) for s in summaries) for n in names}
    verdicts = [summary["verdict"] for summary in summaries]
    merged["verdict"] = next((v for v in verdicts if v != "ok"), "ok")
    return merged


def _merged(values: list[Any]) -> Any:
    known = [value for value in values if value is not None]
    if not known:
        return None
    first = known[0]
    if isinstance(first, dict):
        keys = dict.fromkeys(key for value in known for key in value)
        return {key: _merged([value.get(key) for value in known]) for key in keys}
    if isinstance(first, list):
        return [_merged(list(items)) for items in zip_longest(*known)]
    return first if isinstance(first, str) else median(known)
