"""How long a step must be: until its finest percentile rests on enough deliveries.

The rule: at least `BEYOND` deliveries are expected above the percentile. The 99th of 100
messages a second needs 10 s, the 99.9th of them 100 s.
"""

from __future__ import annotations

import math

BEYOND = 10
_SHORT = 0.8  # of what is needed; a step with a smaller part is measured again


def needed(percentile: float | None) -> int:
    """Deliveries that this percentile (99.0 for the 99th) rests on; 0 where there is none."""
    if percentile is None:
        return 0
    return math.ceil(round(100 * BEYOND / (100 - percentile), 6))


def seconds(percentile: float | None, per_second: float | None, shortest: float) -> float:
    """Length of a step with so many deliveries a second; None: not known yet."""
    if not per_second:
        return shortest
    return max(shortest, float(math.ceil(round(needed(percentile) / per_second, 6))))


def too_short(percentile: float | None, deliveries: int) -> bool:
    """Whether the percentile of so many deliveries says too little."""
    return deliveries < _SHORT * needed(percentile)
