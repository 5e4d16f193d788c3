"""One limit against one run, as it is shown and recorded."""

from __future__ import annotations

import msgspec


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """`limit` and `measured` are text with units: "< 50 ms", "7.78 ms", "not measured"."""

    metric: str
    limit: str
    measured: str
    ok: bool

    @property
    def sentence(self) -> str:
        """What was measured, and what the limit is."""
        return f"{self.metric} is {self.measured}, the limit is {self.limit}"
