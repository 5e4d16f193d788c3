"""What is compared. A new figure is one line in `METRICS`.

Values are computed from sums over seconds (see `measured`), for many draws at once; NaN where a
draw has nothing to compute from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec
import numpy as np

from reports.compare.measured import VALUES_MS, Array

Sums = Mapping[str, Array]  # by column: (draws, width)
PartName = Literal["load", "login"]
MICROSECONDS = 1e6


class Metric(msgspec.Struct, frozen=True):
    """One figure. `words` say that it is larger, and that it is smaller."""

    name: str
    unit: str
    part: PartName
    needs: tuple[str, ...]  # columns of the part
    value: Callable[[Sums], Array]
    words: tuple[str, str]
    larger_is_better: bool = False
    headline: bool = False


LOST = "lost"  # from the ledger, and not from sums
LOST_WORDS = ("more", "fewer")


def _percentile(percent: float, column: str) -> Callable[[Sums], Array]:
    def value(sums: Sums) -> Array:
        """Nearest rank, as the histogram has it: the bucket in which that share is reached."""
        used = sums[column].sum(axis=0) > 0
        if not used.any():
            return np.full(len(sums[column]), np.nan)
        below = sums[column][:, used].cumsum(axis=1)
        total = below[:, -1]
        wanted = np.maximum(np.ceil(np.round(percent * total / 100, 6)), 1)
        reached = (below < wanted[:, None]).sum(axis=1)
        return np.where(total > 0, VALUES_MS[used][np.minimum(reached, used.sum() - 1)], np.nan)

    return value


def _ratio(part: str, whole: str, factor: float = 1.0) -> Callable[[Sums], Array]:
    def value(sums: Sums) -> Array:
        size = sums[whole][:, 0]
        return factor * sums[part][:, 0] / np.where(size > 0, size, np.nan)

    return value


def _latency(
    name: str,
    percent: float,
    part: PartName = "load",
    *,
    column: str = "latency",
    headline: bool = False,
) -> Metric:
    value, words = _percentile(percent, column), ("slower", "faster")
    return Metric(name, "ms", part, (column,), value, words, headline=headline)


def _cost(name: str, column: str) -> Metric:
    value = _ratio(column, "delivered", MICROSECONDS)
    return Metric(name, "us", "load", (column, "delivered"), value, ("higher", "lower"))


METRICS = (
    Metric(
        "throughput",
        "/s",
        "load",
        ("delivered", "seconds"),
        _ratio("delivered", "seconds"),
        ("higher", "lower"),
        larger_is_better=True,
        headline=True,
    ),
    _latency("delivery.p50", 50, headline=True),
    _latency("delivery.p90", 90),
    _latency("delivery.p99", 99, headline=True),
    _latency("delivery.p999", 99.9),
    _latency("login.p50", 50, "login"),
    _latency("login.p99", 99, "login"),
    _latency("login.planned.p99", 99, "login", column="planned"),
    _cost("server.cpu_per_message", "server_cpu"),
    _cost("generator.cpu_per_message", "generator_cpu"),
)
HEADLINES = 1 + sum(metric.headline for metric in METRICS)  # and the losses
