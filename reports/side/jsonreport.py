"""Servers beside each other as exactly one JSON object: target -> the object of a single run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from harness.record.side import Side
from reports.side.columns import TABLES
from reports.side.servers import Server, servers


def render(directory: Path, side: Side) -> str:
    """One run: its summary. Several: the first one's, `figures` with median and range over all,
    and `runs`. None: `{"error": ...}`, which stands beside the rest where only some failed."""
    found = {server.name: _one(server) for server in servers(directory, side)}
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()


def _one(server: Server) -> dict[str, Any]:
    error = {"error": "; ".join(server.errors)} if server.errors else {}
    if not server.runs:
        return error or {"error": "not run: stopped by the user"}
    columns = [column for table in TABLES for column in table.columns]
    summaries = [msgspec.to_builtins(m.summary) for m in server.runs]
    several = {"runs": summaries} if len(summaries) > 1 else {}
    return {
        **summaries[0],
        "figures": {column.key: server.figure(column) for column in columns},
        **several,
        **error,
    }
