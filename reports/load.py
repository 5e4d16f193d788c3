"""The measured part of a run: the whole seconds between the last login and the drain."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from harness.record.model import GeneratorSample, ServerSample
from harness.record.reader import Run
from reports.series import by_worker
from reports.summary import main_op

_EDGE_S = 0.1  # a second of which this little is missing counts as whole
_GAP_S = 0.5  # the last sample may be this far from the end of the load


def seconds(run: Run) -> range:
    """Numbers of the windows of the load, warm-up and drain left out; empty when none began.

    A run that was cut short says nothing of its load: then from its first delivery to its last.
    """
    outcome = run.outcome
    if outcome is not None:
        if outcome.load_start_t is None or outcome.load_s is None:
            return range(0)
        begin, end = outcome.load_start_t, outcome.load_start_t + outcome.load_s
        return range(math.ceil(begin - _EDGE_S), math.floor(end + _EDGE_S))
    op = main_op(run)
    times = [window.t for window in run.windows if window.op == op]
    return range(min(times), max(times) + 1) if times else range(0)


def server_cpu(run: Run, on: range) -> list[float] | None:
    """CPU seconds of the server in each of these seconds; None where it was not watched."""
    return _cpu(run.server, on)


def worker_cpu(run: Run, on: range) -> list[list[float]] | None:
    """The same of each process of the generator; None unless all were watched to the end."""
    rows = [_cpu(samples, on) for samples in by_worker(run).values()]
    known = [row for row in rows if row is not None]
    return known if known and len(known) == len(rows) else None


def _cpu(samples: Sequence[GeneratorSample | ServerSample], on: range) -> list[float] | None:
    """Between samples the CPU is taken to be spent evenly; its clock starts with the run."""
    if not samples or not on or samples[-1].t < on.stop - _GAP_S:
        return None
    times = [0.0, *(sample.t for sample in samples)]
    spent = [0.0, *(sample.cpu_s for sample in samples)]
    marks = [_at(times, spent, t) for t in (*on, on.stop)]
    return [max(0.0, after - before) for before, after in pairwise(marks)]


def _at(times: Sequence[float], values: Sequence[float], t: float) -> float:
    right = bisect_left(times, t)
    if right == len(times):
        return values[-1]
    if right == 0 or times[right] == t:
        return values[right]
    share = (t - times[right - 1]) / (times[right] - times[right - 1])
    return values[right - 1] + share * (values[right] - values[right - 1])
