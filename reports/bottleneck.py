"""Seconds in which the generator, not the server, may have set the latencies."""

from __future__ import annotations

from harness.record.reader import Run
from reports.series import by_worker, cpu_share, second

CPU_PERCENT = 90.0  # of one core: a worker is one thread
LAG_MS = 50.0


def busy_seconds(run: Run) -> list[int]:
    """Seconds of the run in which some worker was near its limit, in order.

    Near its limit: CPU_PERCENT of one core or more, or its event loop LAG_MS late or more.
    """
    busy: set[int] = set()
    for samples in by_worker(run).values():
        busy.update(t for t, share in cpu_share(samples) if share >= CPU_PERCENT)
        busy.update(second(sample.t) for sample in samples if sample.lag_ms >= LAG_MS)
    return sorted(busy)


def warning(run: Run) -> str | None:
    """What to say about those seconds; None when there are none."""
    busy = busy_seconds(run)
    if not busy:
        return None
    seconds = len({second(sample.t) for sample in run.generator})
    return (
        f"The generator was near its limit in {len(busy):,} of {seconds:,} seconds "
        f"(CPU {CPU_PERCENT:.0f} % of a core or loop lag {LAG_MS:.0f} ms): "
        "latencies of those seconds are not the server's."
    )
