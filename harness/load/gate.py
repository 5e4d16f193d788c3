"""The generator judges itself (D6): was it, and not the server, what set a second's latencies?

A second in which a worker was near one of its limits is marked with the reasons; reports take
percentiles from the other seconds only.
"""

from __future__ import annotations

from harness.record.model import Limits

LIMITS = Limits(cpu_percent=90.0, lag_ms=50.0, backlog_bytes=1_048_576, behind_ms=100.0)


def reasons(cpu_percent: float, lag_ms: float, backlog_bytes: int, behind_ms: float) -> list[str]:
    """Which limits a worker has reached in one second; empty for a clean one.

    `cpu_percent` of one core: a worker is one thread. `lag_ms`: how late the loop was at worst.
    `backlog_bytes`: what users wrote and sockets did not take. `behind_ms`: how late the plan of
    arrivals was carried out at worst.
    """
    measured = {
        "cpu": (cpu_percent, LIMITS.cpu_percent),
        "loop lag": (lag_ms, LIMITS.lag_ms),
        "backlog": (backlog_bytes, LIMITS.backlog_bytes),
        "behind the plan": (behind_ms, LIMITS.behind_ms),
    }
    return [name for name, (value, limit) in measured.items() if value >= limit]
