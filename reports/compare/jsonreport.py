"""The comparison as exactly one JSON object."""

from __future__ import annotations

import msgspec

from reports.compare.figures import Comparison


def render(comparison: Comparison) -> str:
    """The keys of `Comparison`, indented; null means: not known, or without bound."""
    return msgspec.json.format(msgspec.json.encode(comparison), indent=2).decode()
