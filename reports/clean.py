"""Clean windows: the seconds of each worker in which the generator was no bottleneck itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from harness.record.model import GeneratorSample, Window
from harness.record.reader import Run
from reports.series import second

ENOUGH = 0.5  # with a smaller share of clean seconds the latencies are not the server's


def saturated(run: Run) -> dict[tuple[int, int], list[str]]:
    """(worker, second) -> the limits of the generator that were reached then."""
    return {
        (sample.worker, second(sample.t)): sample.saturated
        for sample in run.generator
        if sample.saturated
    }


def busy_seconds(run: Run) -> list[int]:
    """Seconds of the run in which some worker was at a limit, in order."""
    return sorted({t for _, t in saturated(run)})


def clean(run: Run, windows: Iterable[Window]) -> list[Window]:
    """Those of the windows whose latencies are the server's; all where too few are."""
    windows = list(windows)
    if (share(run) or 0.0) < ENOUGH:
        return windows
    marked = saturated(run)
    return [window for window in windows if (window.worker, window.t) not in marked]


def share(run: Run) -> float | None:
    """The share of clean seconds of the load, over all workers, from 0 to 1; None without any."""
    samples = _under_load(run)
    if not samples:
        return None
    return sum(not sample.saturated for sample in samples) / len(samples)


def _under_load(run: Run) -> list[GeneratorSample]:
    """The samples of the measured part; of the whole run where it is not known."""
    workers = [sample for sample in run.generator if sample.worker >= 0]
    outcome = run.outcome
    if outcome is None or outcome.load_start_t is None or outcome.load_s is None:
        return workers
    begin, end = outcome.load_start_t, outcome.load_start_t + outcome.load_s
    return [sample for sample in workers if begin < sample.t <= end + 1] or workers


def warning(run: Run) -> str | None:
    """What to say about seconds that are not clean; None when all are."""
    marked = saturated(run)
    if not marked:
        return None
    counts = Counter(reason for reasons in marked.values() for reason in reasons)
    why = ", ".join(f"{reason} {number:,}" for reason, number in counts.most_common())
    percent = 100 * (share(run) or 0.0)
    said = f"{percent:.1f} % of the load's seconds are clean of the generator's own limits ({why})"
    if percent < 100 * ENOUGH:
        return f"{said}: too few, so the latencies are not the server's."
    return f"{said}; percentiles are of clean seconds."
