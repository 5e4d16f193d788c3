"""What the asking process tells."""

from __future__ import annotations

import msgspec


class Said(msgspec.Struct, omit_defaults=True):
    """What the asking process tells: figures, or the reason why there are none.

    `t` is the monotonic clock (the same for all processes) when the answer was there, `took_ms`
    how long it took.
    """

    t: float
    took_ms: float = 0.0
    sessions: int | None = None
    figures: dict[str, float] = {}
    error: str = ""
