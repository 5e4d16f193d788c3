"""What a limit may be set for: each metric with its units, and how a run gives its value.

Values are in the first of a metric's units; None always means: not measured.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property

import msgspec

from harness.record.histogram import Histogram
from harness.record.reader import Run
from reports import load
from reports.clean import clean
from reports.operations import main_op, merged
from reports.summary import PHASES, summarise

Units = dict[str, float]  # by its name, how many of the first one a unit is

TIME: Units = {"ms": 1.0, "s": 1000.0, "us": 0.001}
MEMORY: Units = {"MB": 1.0, "GB": 1000.0}
SHARE: Units = {"%": 1.0}
RATE: Units = {"/s": 1.0}
COUNT: Units = {"": 1.0}

_PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9, "p9999": 99.99}
_LEDGER = ("sent", "delivered", "duplicated", "reordered", "late", "bounced")


class Measured:
    """One run, as the metrics ask it."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.summary = summarise(run)
        self.load = load.seconds(run)
        self.histogram = cache(self._histogram)

    @cached_property
    def failed(self) -> int:
        """Operations that ended with an error."""
        return sum(self.summary.errors.values())

    @cached_property
    def succeeded(self) -> int:
        """Operations that ended well; the phases of a login are no operations of their own."""
        return sum(window.count for window in self.run.windows if "." not in window.op)

    def _histogram(self, op: str, planned: bool) -> Histogram:
        """Latencies of one operation; those of deliveries are of clean seconds, as in a report."""
        windows = self.run.windows
        if op == main_op(self.run):
            windows = clean(self.run, windows)
        return merged(windows, op, planned=planned)


class Metric(msgspec.Struct, frozen=True):
    """How one metric is written and read."""

    units: Units
    value: Callable[[Measured], float | None]


def _ratio(part: float | None, whole: float | None) -> float | None:
    """The share in percent."""
    return None if part is None or not whole else 100 * part / whole


def _latencies(
    prefix: str, op: Callable[[Measured], str], *, planned: bool = False
) -> dict[str, Metric]:
    def percentile(percent: float) -> Metric:
        return Metric(TIME, lambda m: m.histogram(op(m), planned).percentile_ms(percent))

    found = {f"{prefix}.{name}": percentile(percent) for name, percent in _PERCENTILES.items()}
    return found | {f"{prefix}.max": Metric(TIME, lambda m: m.histogram(op(m), planned).max_ms())}


def _login(phase: str) -> dict[str, Metric]:
    name = "login" if phase == "whole" else f"login.{phase}"
    if phase == "planned":
        return _latencies(name, lambda _: "login", planned=True)
    return _latencies(name, lambda _: name)


def _throughput(m: Measured) -> float | None:
    """Deliveries per second of the load."""
    if not m.load:
        return None
    op = main_op(m.run)
    arrived = sum(w.count for w in m.run.windows if w.op == op and w.t in m.load)
    return arrived / len(m.load)


def _server_cpu(m: Measured) -> float | None:
    """Mean over the load, in percent of one core."""
    spent = load.server_cpu(m.run, m.load)
    return None if spent is None else 100 * sum(spent) / len(spent)


def _generator_cpu(m: Measured) -> float | None:
    """The busiest process's mean over the load, in percent of one core."""
    rows = load.worker_cpu(m.run, m.load)
    return None if rows is None else max(100 * sum(row) / len(row) for row in rows)


def _lag(m: Measured) -> float | None:
    """How late a worker's event loop was at worst during the load."""
    begin, end = m.load.start, m.load.stop
    return max((s.lag_ms for s in m.run.generator if begin < s.t < end + 1), default=None)


def _clean(m: Measured) -> float | None:
    return None if m.summary.clean is None else 100 * m.summary.clean


def _memory(m: Measured) -> float | None:
    return m.summary.server.rss_max_mb if m.summary.server else None


def _lost(m: Measured) -> float | None:
    """Not measured before the ledger is closed: then nobody knows what became of some."""
    ledger = m.summary.messages
    if ledger.sent is None or ledger.delivered is None:
        return None
    lost = ledger.lost or 0
    return lost if ledger.sent == ledger.delivered + (ledger.bounced or 0) + lost else None


def _ledger(name: str) -> Metric:
    return Metric(COUNT, lambda m: getattr(m.summary.messages, name))


METRICS: dict[str, Metric] = (
    _latencies("delivery", lambda m: main_op(m.run), planned=True)
    | _latencies("delivery.actual", lambda m: main_op(m.run))
    | {name: metric for phase in PHASES for name, metric in _login(phase).items()}
    | {name: _ledger(name) for name in _LEDGER}
    | {
        "lost": Metric(COUNT, _lost),
        "throughput": Metric(RATE, _throughput),
        "login.rate": Metric(RATE, lambda m: m.summary.login.per_s),
        "errors": Metric(SHARE, lambda m: _ratio(m.failed, m.failed + m.succeeded)),
        "errors.count": Metric(COUNT, lambda m: m.failed if m.run.windows else None),
        "users.present": Metric(
            SHARE, lambda m: _ratio(m.summary.users.present, m.summary.users.wanted)
        ),
        "server.rss": Metric(MEMORY, _memory),
        "server.cpu": Metric(SHARE, _server_cpu),
        "generator.cpu": Metric(SHARE, _generator_cpu),
        "generator.lag": Metric(TIME, _lag),
        "clean": Metric(SHARE, _clean),
    }
)
