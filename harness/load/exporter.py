"""Live figures for Prometheus, at `/metrics`: stable names, base units (seconds, bytes).

Counters begin anew with each run, as those of a process that was started again do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gevent import pywsgi
from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from harness.errors import HarnessError
from harness.load.live import Live, Snapshot
from harness.load.live.figures import Percentiles

PREFIX = "xmpp_harness_"
_OUTCOMES = ("sent", "delivered", "duplicated", "reordered", "late", "bounced", "lost")


def serve(live: Live, host: str, port: int) -> pywsgi.WSGIServer:
    """Answer scrapes until `stop` of what is returned. Raises HarnessError for an address that
    can not be had."""
    registry = CollectorRegistry()
    registry.register(_Figures(live))
    server = pywsgi.WSGIServer((host, port), make_wsgi_app(registry), log=None, error_log=None)
    try:
        server.start()
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise HarnessError(f"--prometheus cannot have port {port} of {host}: {why}") from error
    return server


class _Figures(Collector):
    def __init__(self, live: Live) -> None:
        self._live = live

    def collect(self) -> Iterator[Metric]:
        now = self._live.snapshot
        yield from _run(now)
        yield from _stanzas(now)
        yield from _latencies(now)
        yield from _operations(now)
        if now.server is not None:
            yield from _server(now.server)
        yield from _generator(now)


def _run(now: Snapshot) -> Iterator[Metric]:
    run = InfoMetricFamily(f"{PREFIX}run", "What is run on what.")
    facts = {"scenario": now.scenario, "target": now.target, "state": now.state}
    run.add_metric([], facts)
    yield run
    yield _gauge(
        "run_number", "Runs since the load generator started; 0 before the first.", now.number
    )
    yield _gauge("users_wanted", "Users that were asked for.", now.asked)
    yield _gauge("users_online", "Users who are online now.", now.users.online)
    yield _gauge(
        "load_seconds", "How long the load has lasted, without the logins.", now.load_s or 0.0
    )


def _stanzas(now: Snapshot) -> Iterator[Metric]:
    stanzas = _counter("stanzas", "Measured stanzas.", "kind", "direction")
    for kind in now.stanzas:
        stanzas.add_metric([kind.kind, "out"], kind.out)
        stanzas.add_metric([kind.kind, "in"], kind.into)
    yield stanzas
    messages = _counter("messages", "The delivery ledger: what became of messages.", "outcome")
    for outcome in _OUTCOMES:
        messages.add_metric([outcome], getattr(now.ledger, outcome))
    yield messages
    yield _gauge("messages_pending", "Messages of which nothing has been heard.", now.pending)


def _latencies(now: Snapshot) -> Iterator[Metric]:
    recent = _gauges(
        "delivery_latency_seconds",
        f"Latency of the main operation from the planned moment, over {now.latency.recent_s} s.",
        "operation",
        "quantile",
    )
    _add(recent, now.latency.op, now.latency.recent)
    yield recent
    whole = _gauges(
        "operation_latency_seconds",
        "Latency of each operation since the run began.",
        "operation",
        "quantile",
    )
    for operation in now.operations:
        _add(whole, operation.op, operation.latency)
    yield whole


def _operations(now: Snapshot) -> Iterator[Metric]:
    done = _counter("operations", "Operations that succeeded.", "operation")
    for operation in now.operations:
        done.add_metric([operation.op], operation.latency.count)
    yield done
    errors = _counter("errors", "Operations that failed.", "operation", "condition")
    for failure in now.failures:
        errors.add_metric([failure.op, failure.condition], failure.count)
    yield errors


def _server(server: Any) -> Iterator[Metric]:
    cpu = _counter("server_cpu_seconds", "Processor time of the server since the run began.")
    cpu.add_metric([], server.cpu_s)
    yield cpu
    yield _gauge("server_resident_memory_bytes", "Memory of the server.", server.rss_bytes)
    yield _gauge("server_threads", "Threads of the server.", server.threads)
    if server.fds is not None:
        yield _gauge("server_open_files", "Open files of the server.", server.fds)


def _generator(now: Snapshot) -> Iterable[Metric]:
    def of_each(family: Any, value: Any) -> Any:
        for worker in now.workers:
            family.add_metric([str(worker.worker)], value(worker))
        return family

    def gauge(name: str, text: str, value: Any) -> Any:
        return of_each(_gauges(f"generator_{name}", text, "worker"), value)

    def counter(name: str, text: str, value: Any) -> Any:
        return of_each(_counter(f"generator_{name}", text, "worker"), value)

    return [
        counter(
            "cpu_seconds", "Processor time of a worker since the run began.", lambda w: w.cpu_s
        ),
        gauge("resident_memory_bytes", "Memory of a worker.", lambda w: w.rss_bytes),
        gauge("loop_lag_seconds", "How late its loop was at worst.", lambda w: w.lag_us / 1e6),
        gauge(
            "behind_plan_seconds", "How late its plan was at worst.", lambda w: w.behind_us / 1e6
        ),
        gauge("unsent_bytes", "Written by users, not taken by sockets.", lambda w: w.backlog_bytes),
        counter(
            "measured_seconds", "Seconds that a worker has judged itself.", lambda w: w.seconds
        ),
        counter(
            "saturated_seconds",
            "Seconds in which a worker was at a limit of its own.",
            lambda w: w.saturated_seconds,
        ),
    ]


def _add(family: Any, op: str, found: Percentiles) -> None:
    for quantile, us in (("0.5", found.p50_us), ("0.99", found.p99_us), ("0.999", found.p999_us)):
        if us is not None:
            family.add_metric([op, quantile], us / 1e6)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name, text, value=value)


def _gauges(name: str, text: str, *labels: str) -> Any:
    return GaugeMetricFamily(PREFIX + name, text, labels=labels)


def _counter(name: str, text: str, *labels: str) -> Any:
    return CounterMetricFamily(PREFIX + name, text, labels=labels)
