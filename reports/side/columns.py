"""The figures by which servers are shown beside each other."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from harness.record.reader import Run
from reports import load
from reports.cost import cost
from reports.figures import Cost, Summary
from reports.summary import main_op, summarise


class Measured(msgspec.Struct):
    """One run with what is computed from it."""

    run: Run
    summary: Summary
    cost: Cost | None


class Column(msgspec.Struct):
    """One figure. `unit` is empty for plain numbers; the value is None where it is not known."""

    key: str
    title: str
    unit: str
    of: Callable[[Measured], float | None]


class Table(msgspec.Struct):
    """Columns that belong together. `note` says from where in the runs their values are."""

    id: str
    title: str
    note: str
    columns: list[Column]


def measured(run: Run) -> Measured:
    """The run with all that is computed from it."""
    return Measured(run, summarise(run), cost(run))


def _ledger(name: str) -> Column:
    return Column(name, name, "", lambda m: getattr(m.summary.messages, name))


def _latency(name: str, title: str) -> Column:
    return Column(name, title, "ms", lambda m: getattr(m.summary.latency_ms.planned, name))


def _login(name: str) -> Column:
    def of(m: Measured) -> float | None:
        value: float | None = getattr(m.summary.login.phases["whole"], name)
        return value

    return Column(f"login_{name}", f"login {name}", "ms", of)


def _server(name: str, title: str, unit: str) -> Column:
    def of(m: Measured) -> float | None:
        return getattr(m.summary.server, name) if m.summary.server else None

    return Column(name, title, unit, of)


def _cost(name: str, title: str, unit: str) -> Column:
    return Column(name, title, unit, lambda m: getattr(m.cost, name) if m.cost else None)


def _throughput(m: Measured) -> float | None:
    on, op = load.seconds(m.run), main_op(m.run)
    if not on:
        return None
    return sum(w.count for w in m.run.windows if w.op == op and w.t in on) / len(on)


def _clean(m: Measured) -> float | None:
    return None if m.summary.clean is None else 100 * m.summary.clean


TABLES = [
    Table(
        "delivered",
        "What each server delivered and lost",
        "Counts are of the whole run; deliveries a second are those of the load, between the last "
        "login and the drain.",
        [
            Column("present", "users", "", lambda m: m.summary.users.present),
            _ledger("sent"),
            _ledger("delivered"),
            Column("throughput", "delivered", "/s", _throughput),
            *map(_ledger, ("lost", "bounced", "duplicated", "reordered")),
            Column("errors", "errors", "", lambda m: sum(m.summary.errors.values())),
        ],
    ),
    Table(
        "took",
        "What it took",
        "Latency from the planned moment of sending, over the clean seconds of the run; a login is "
        "from TCP to the first presence.",
        [
            *map(_latency, ("p50", "p99", "p999", "max"), ("p50", "p99", "p99.9", "max")),
            *map(_login, ("p50", "p99")),
            Column("logins", "logins", "/s", lambda m: m.summary.login.per_s),
            Column("clean", "clean seconds", "%", _clean),
        ],
    ),
    Table(
        "cost",
        "What it cost the server",
        "CPU of all the server's processes: for a login what was spent from the start of the run "
        "until the load, for a delivery all that was spent during the load. Memory for a session "
        "is what the logins added, where there were at least 500.",
        [
            _server("cpu_s", "CPU", "s"),
            _cost("cpu_ms_per_login", "CPU for a login", "ms"),
            _cost("cpu_us_per_delivery", "CPU for a delivery", "us"),
            _server("rss_max_mb", "most memory", "MB"),
            _cost("kb_per_session", "memory for a session", "KB"),
        ],
    ),
]
