"""The differences as exactly one JSON object: the fields of `Differential`."""

from __future__ import annotations

import msgspec

from reports.differential.differences import Differential


def render(found: Differential) -> str:
    """Indented."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
