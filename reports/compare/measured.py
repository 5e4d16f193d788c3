"""A run as rows of numbers, one row for each second, so that seconds can be drawn anew.

Whatever is compared is computed from sums over seconds: of counts, of CPU, of histogram buckets.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

from harness.record.histogram import HIGHEST_US, LOWEST_US, SIGNIFICANT_DIGITS
from harness.record.model import Window
from harness.record.reader import Run
from reports import load
from reports.clean import clean
from reports.operations import main_op

Array = NDArray[np.float64]

_hdr = HdrHistogram(LOWEST_US, HIGHEST_US, SIGNIFICANT_DIGITS)
BUCKETS: int = _hdr.counts_len
# The highest value of each bucket, in milliseconds, as the histogram's own percentiles have it.
VALUES_MS: Array = np.array(
    [_hdr.get_highest_equivalent_value(_hdr.get_value_from_index(n)) / 1000 for n in range(BUCKETS)]
)


class Part(msgspec.Struct):
    """Some seconds of a run: by name one column each, or one for each bucket of a histogram."""

    columns: dict[str, Array]  # (seconds, width)

    def __len__(self) -> int:
        return next(len(column) for column in self.columns.values())

    def sums(self, weights: Array, names: Iterable[str]) -> dict[str, Array]:
        """Sums with each second counted so many times: (draws, seconds) -> (draws, width)."""
        return {name: _sum(weights, self.columns[name]) for name in names}


def _sum(weights: Array, column: Array) -> Array:
    """`weights @ column`, without the work on buckets that are empty in all seconds."""
    total = np.zeros((len(weights), column.shape[1]))
    used = column.sum(axis=0) > 0
    total[:, used] = weights @ column[:, used]
    return total


class Losses(msgspec.Struct):
    """Messages that were sent and lost: in all, and in each second of the load."""

    sent: int
    lost: int
    sent_in: Array
    lost_in: Array


class Measured(msgspec.Struct):
    """What of a run is compared. `losses` None: the ledger was not closed, or is empty."""

    load: Part
    login: Part
    losses: Losses | None


def measure(run: Run) -> Measured:
    """The load of a run, and its logins, whenever they were."""
    on = load.seconds(run)
    logins = [window for window in run.windows if window.op == "login"]
    times = [window.t for window in logins if window.count]
    when = range(min(times), max(times) + 1) if times else range(0)
    return Measured(
        load=_load(run, on),
        login=Part(
            {
                "latency": _histograms(logins, when, planned=False),
                "planned": _histograms(logins, when, planned=True),
            }
        ),
        losses=_losses(run, on),
    )


def _load(run: Run, on: range) -> Part:
    op = main_op(run)
    deliveries = [window for window in run.windows if window.op == op and window.t >= on.start]
    columns = {
        "seconds": np.ones((len(on), 1)),
        "delivered": _column(on, ((window.t, window.count) for window in deliveries)),
        "latency": _histograms(clean(run, deliveries), on, planned=True),
    }
    server, workers = load.server_cpu(run, on), load.worker_cpu(run, on)
    if server is not None:
        columns["server_cpu"] = np.array(server)[:, None]
    if workers is not None:
        columns["generator_cpu"] = np.array(workers).sum(axis=0)[:, None]
    return Part(columns)


def _column(on: range, counts: Iterable[tuple[int, int]]) -> Array:
    """The sum of the counts of each second."""
    column = np.zeros((len(on), 1))
    for t, count in counts:
        if t in on:
            column[t - on.start] += count
    return column


def _histograms(windows: list[Window], on: range, *, planned: bool) -> Array:
    """One row for each second. What came during the drain was sent in the load, and counts with
    its last second: a server that is late must not look fast."""
    rows = np.zeros((len(on), BUCKETS))
    for window in windows:
        text = window.planned if planned else window.actual
        if text is not None and on:
            rows[min(window.t, on.stop - 1) - on.start] += _buckets(text)
    return rows


def _buckets(text: str) -> Array:
    hdr = HdrHistogram(LOWEST_US, HIGHEST_US, SIGNIFICANT_DIGITS)
    hdr.decode_and_add(text.encode("ascii"))
    return np.array(hdr.counts, dtype=np.float64)


def _losses(run: Run, on: range) -> Losses | None:
    last = {sample.worker: sample.messages for sample in run.generator}.values()
    sent, lost = sum(m.sent for m in last), sum(m.lost for m in last)
    if not sent or sent != lost + sum(m.delivered + m.bounced for m in last):
        return None
    begun = ((window.t, window.started) for window in run.windows if window.op == "message")
    missing = ((int(a.sent_t), 1) for a in run.anomalies if a.kind == "lost")
    return Losses(sent, lost, _column(on, begun)[:, 0], _column(on, missing)[:, 0])
