"""The measured part of a run: the whole seconds between the last login and the drain."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise

from harness.record.model import GeneratorSample, ServerSample
from harness.record.reader import Run
from reports.operations import main_op
from reports.series import by_worker

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
    return _spent(run.server, on, [sample.cpu_s for sample in run.server])


def server_spent(
    run: Run, on: range, counter: Callable[[ServerSample], float | None]
) -> float | None:
    """How far a counter that starts with the run went on in these seconds; None: not known."""
    known = [(s, value) for s in run.server if (value := counter(s)) is not None]
    spent = _spent([sample for sample, _ in known], on, [value for _, value in known])
    return None if spent is None else sum(spent)


def server_cpu_until(run: Run, t: float) -> float | None:
    """CPU seconds of the server from the start of the run to `t`; None where it was not watched."""
    samples = run.server
    if not samples or samples[-1].t < t - _GAP_S:
        return None
    return _at([0.0, *(s.t for s in samples)], [0.0, *(s.cpu_s for s in samples)], t)


def worker_cpu(run: Run, on: range) -> list[list[float]] | None:
    """The same of each process of the generator; None unless all were watched to the end."""
    rows = [_spent(s, on, [sample.cpu_s for sample in s]) for s in by_worker(run).values()]
    known = [row for row in rows if row is not None]
    return known if known and len(known) == len(rows) else None


def _spent(
    samples: Sequence[GeneratorSample | ServerSample], on: range, counter: Sequence[float]
) -> list[float] | None:
    """Between samples it is taken to be spent evenly; the counter starts with the run."""
    if not samples or not on or samples[-1].t < on.stop - _GAP_S:
        return None
    times = [0.0, *(sample.t for sample in samples)]
    spent = [0.0, *counter]
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
