"""Computes the figures of one run, complete or cut short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import TypeVar

from harness.record.histogram import Histogram
from harness.record.model import Clock, GeneratorSample, Window
from harness.record.reader import Run
from reports.clean import clean, share
from reports.cost import cost
from reports.figures import (
    Floor,
    Latency,
    Login,
    Messages,
    Percentiles,
    Phase,
    ServerUsage,
    Summary,
    Usage,
    Users,
    WorkerClock,
)
from reports.operations import main_op, merged, other_ops
from reports.statistics import statistics

Number = TypeVar("Number", int, float)
PHASES = ("tcp", "tls", "sasl", "bind", "roster", "presence", "whole", "planned")


def summarise(run: Run) -> Summary:
    """The figures of a run, complete or cut short."""
    last = list({sample.worker: sample for sample in run.generator}.values())
    windows = clean(run, run.windows)
    return Summary(
        run=str(run.directory),
        target=run.manifest.target.name,
        users=_users(last),
        messages=_messages(last),
        latency_ms=_latency(windows, main_op(run)),
        operations_ms={op: _latency(windows, op) for op in other_ops(run)},
        floor_ms=_floor(run),
        clean=share(run),
        login=_login(run.windows),
        errors=_errors(run.windows),
        server=_server(run),
        statistics=statistics(run),
        cost=cost(run),
        generator=_generator(run, last),
        clocks_ms=_clocks(run),
        verdict=_verdict(run),
    )


def reconcile(summary: Summary) -> list[str]:
    """One sentence for each pair of figures that contradict each other or leave a gap."""
    found = []
    steps = ("wanted", "connected", "bound", "present")
    for earlier, later in pairwise(steps):
        before, after = getattr(summary.users, earlier), getattr(summary.users, later)
        if before is not None and after is not None and after > before:
            found.append(f"{after:,} users are {later}, but only {before:,} are {earlier}.")
    ledger = summary.messages
    if None in (ledger.sent, ledger.delivered, ledger.bounced, ledger.lost):
        return found
    sent = ledger.sent or 0
    closed = (ledger.delivered or 0) + (ledger.bounced or 0) + (ledger.lost or 0)
    if closed < sent:
        found.append(
            f"{sent - closed:,} of {sent:,} sent are not accounted for: "
            "neither delivered, bounced nor lost."
        )
    elif closed > sent:
        found.append(f"{closed:,} are delivered, bounced or lost, but only {sent:,} were sent.")
    return found


def _users(last: list[GeneratorSample]) -> Users:
    if not last:
        return Users()
    names = Users.__struct_fields__
    return Users(**{name: sum(getattr(s.users, name) for s in last) for name in names})


def _messages(last: list[GeneratorSample]) -> Messages:
    if not last:
        return Messages()
    names = Messages.__struct_fields__
    return Messages(**{name: sum(getattr(s.messages, name) for s in last) for name in names})


def _latency(windows: list[Window], op: str) -> Latency:
    def percentiles(histogram: Histogram) -> Percentiles:
        return Percentiles(
            p50=histogram.percentile_ms(50),
            p90=histogram.percentile_ms(90),
            p99=histogram.percentile_ms(99),
            p999=histogram.percentile_ms(99.9),
            p9999=histogram.percentile_ms(99.99),
            max=histogram.max_ms(),
            count=len(histogram),
        )

    return Latency(
        planned=percentiles(merged(windows, op, planned=True)),
        actual=percentiles(merged(windows, op, planned=False)),
    )


def _floor(run: Run) -> Floor | None:
    floor = run.floor
    if floor is None:
        return None
    return Floor(p50=floor.p50_ms, p99=floor.p99_ms, p999=floor.p999_ms)


def _login(windows: list[Window]) -> Login:
    phases = {}
    for name in PHASES:
        op = "login" if name in ("whole", "planned") else f"login.{name}"
        histogram = merged(windows, op, planned=name == "planned")
        phases[name] = Phase(
            p50=histogram.percentile_ms(50),
            p90=histogram.percentile_ms(90),
            p99=histogram.percentile_ms(99),
            max=histogram.max_ms(),
            count=len(histogram),
        )
    done = [window for window in windows if window.op == "login" and window.count]
    if not done:
        return Login(per_s=None, phases=phases)
    # A window is a whole second, so one window alone already counts as one second.
    seconds = max(w.t for w in done) - min(w.t for w in done) + 1
    return Login(per_s=round(sum(w.count for w in done) / seconds, 2), phases=phases)


def _errors(windows: list[Window]) -> dict[str, int]:
    """Counts by condition, the most frequent first."""
    counts: Counter[str] = Counter()
    for window in windows:
        counts.update(window.errors)
    return dict(counts.most_common())


def _server(run: Run) -> ServerUsage | None:
    samples = run.server
    if not samples:
        return None
    return ServerUsage(
        cpu_s=round(max(sample.cpu_s for sample in samples), 3),
        rss_max_mb=round(max(sample.rss_mb for sample in samples), 1),
        threads_max=max(sample.threads for sample in samples),
        files_max=_most(sample.fds for sample in samples),
        switches=_most(sample.switches for sample in samples),
        loopback_mb=_most(sample.loopback_mb for sample in samples),
    )


def _most(values: Iterable[Number | None]) -> Number | None:
    return max((value for value in values if value is not None), default=None)


def _generator(run: Run, last: list[GeneratorSample]) -> Usage | None:
    """All workers together; memory is the sum of each worker's own maximum."""
    if not last:
        return None
    largest: dict[int, float] = {}
    for sample in run.generator:
        largest[sample.worker] = max(sample.rss_mb, largest.get(sample.worker, 0.0))
    return Usage(
        cpu_s=round(sum(sample.cpu_s for sample in last), 3),
        rss_max_mb=round(sum(largest.values()), 1),
    )


def _clocks(run: Run) -> list[WorkerClock]:
    """In the order of the workers."""
    least: dict[int, Clock] = {}
    for sample in run.generator:
        known, clock = least.get(sample.worker), sample.clock
        if clock is not None and (known is None or clock.bound_us > known.bound_us):
            least[sample.worker] = clock
    return [
        WorkerClock(worker=worker, offset=clock.offset_us / 1e3, bound=clock.bound_us / 1e3)
        for worker, clock in sorted(least.items())
    ]


def _verdict(run: Run) -> str:
    outcome = run.outcome
    if outcome is None:
        times = [float(window.t) for window in run.windows]
        times += [s.t for s in run.generator] + [s.t for s in run.server]
        until = f"its record ends {max(times):.0f} s after the start" if times else "it is empty"
        return f"failed: the run was cut short, {until}"
    if outcome.verdict == "ok" or not outcome.reason:
        return outcome.verdict
    return f"{outcome.verdict}: {outcome.reason}"
