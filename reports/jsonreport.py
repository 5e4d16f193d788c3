"""The summary as exactly one JSON object."""

from __future__ import annotations

import msgspec

from harness.record.reader import Run
from reports.summary import summarise


def render(run: Run) -> str:
    """The keys of `Summary`, indented; null means: not known."""
    return msgspec.json.format(msgspec.json.encode(summarise(run)), indent=2).decode()
