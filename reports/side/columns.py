"""The figures by which servers are shown beside each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from harness.record.reader import Run
from reports import load, wording
from reports.figures import Summary
from reports.operations import main_op
from reports.summary import summarise


class Measured(msgspec.Struct):
    """One run with what is computed from it."""

    run: Run
    summary: Summary

    @property
    def planned(self) -> bool:
        """Whether latencies count from planned moments; where nothing was planned, from sending."""
        return self.summary.latency_ms.planned.count > 0


class Column(msgspec.Struct):
    """One figure. `unit` is empty for plain numbers, and `whole` for counts; the value is None
    where it is not known."""

    key: str
    title: str
    unit: str
    of: Callable[[Measured], float | None]
    whole: bool = False

    @property
    def heading(self) -> str:
        """The title with the unit."""
        return f"{self.title}, {self.unit}" if self.unit else self.title

    def text(self, value: float | None) -> str:
        """A value without its unit: counts whole, all others in three significant digits."""
        if value is None or not self.whole:
            return wording.amount(value)
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


class Table(msgspec.Struct):
    """Columns that belong together. `note` says from where in the runs their values are."""

    id: str
    title: str
    note: str
    columns: list[Column]


def measured(run: Run) -> Measured:
    """The run with all that is computed from it."""
    return Measured(run, summarise(run))


def _ledger(name: str) -> Column:
    return Column(name, name, "", lambda m: getattr(m.summary.messages, name), whole=True)


def _latency(name: str, title: str) -> Column:
    def of(m: Measured) -> float | None:
        latency = m.summary.latency_ms
        value: float | None = getattr(latency.planned if m.planned else latency.actual, name)
        return value

    return Column(name, title, "ms", of)


def _other(op: str, name: str) -> Column:
    def of(m: Measured) -> float | None:
        known = m.summary.operations_ms.get(op)
        return getattr(known.actual, name) if known else None

    return Column(f"{op}.{name}", f"{op} {name}", "ms", of)


def _login(name: str, phase: str = "whole") -> Column:
    def of(m: Measured) -> float | None:
        value: float | None = getattr(m.summary.login.phases[phase], name)
        return value

    if phase == "planned":
        return Column(f"login_planned_{name}", f"login {name} since planned", "ms", of)
    return Column(f"login_{name}", f"login {name}", "ms", of)


def _server(name: str, title: str, unit: str = "") -> Column:
    def of(m: Measured) -> float | None:
        return getattr(m.summary.server, name) if m.summary.server else None

    return Column(name, title, unit, of, whole=not unit)


def _cost(name: str, title: str, unit: str) -> Column:
    def of(m: Measured) -> float | None:
        return getattr(m.summary.cost, name) if m.summary.cost else None

    return Column(name, title, unit, of)


def _throughput(m: Measured) -> float | None:
    on, op = load.seconds(m.run), main_op(m.run)
    if not on:
        return None
    return sum(w.count for w in m.run.windows if w.op == op and w.t in on) / len(on)


def _clean(m: Measured) -> float | None:
    return None if m.summary.clean is None else 100 * m.summary.clean


COST = Table(
    "cost",
    "What it cost the server",
    "All the server's processes together. CPU for a login is what was spent from the start of "
    "the run until the load, or to its end where logins are the load. For a delivery: all that "
    "was spent during the load, and all that went through the loopback interface, whoever sent "
    "it. Memory for a session is what the logins added, where there were at least 500. All "
    "others are of the whole run.",
    [
        _server("cpu_s", "CPU", "s"),
        _cost("cpu_ms_per_login", "CPU for a login", "ms"),
        _cost("cpu_us_per_delivery", "CPU for a delivery", "us"),
        _cost("switches_per_delivery", "context switches for a delivery", ""),
        _cost("loopback_bytes_per_delivery", "traffic for a delivery", "B"),
        _server("rss_max_mb", "most memory", "MB"),
        _cost("kb_per_session", "memory for a session", "KB"),
        _server("threads_max", "most threads"),
        _server("files_max", "most open files"),
    ],
)

TABLES = [
    Table(
        "delivered",
        "What each server delivered and lost",
        "Counts are of the whole run; deliveries a second are those of the load, between the last "
        "login and the drain.",
        [
            Column("present", "users", "", lambda m: m.summary.users.present, whole=True),
            _ledger("sent"),
            _ledger("delivered"),
            Column("throughput", "delivered", "/s", _throughput),
            *map(_ledger, ("lost", "bounced", "duplicated", "reordered")),
            Column("errors", "errors", "", lambda m: sum(m.summary.errors.values()), whole=True),
        ],
    ),
    Table(
        "took",
        "What it took",
        "Latency of deliveries from the planned moment of sending (from the actual one where "
        "nothing was planned), over the clean seconds of the run; a login is from TCP to the first "
        "presence, or from the moment for which it was planned, over the whole run.",
        [
            *map(_latency, ("p50", "p99", "p999", "max"), ("p50", "p99", "p99.9", "max")),
            *map(_login, ("p50", "p99")),
            _login("p99", "planned"),
            Column("logins", "logins", "/s", lambda m: m.summary.login.per_s),
            Column("clean", "clean seconds", "%", _clean),
        ],
    ),
    COST,
]


def tables(known: Iterable[Measured]) -> list[Table]:
    """TABLES, and one of the other operations where the scenario has some."""
    ops = list(dict.fromkeys(op for m in known for op in m.summary.operations_ms))
    if not ops:
        return TABLES
    columns = [_other(op, name) for op in ops for name in ("p50", "p99")]
    note = "From the actual moment of sending, over the clean seconds of the run."
    others = Table("others", "What other operations took", note, columns)
    at = TABLES.index(COST)
    return [*TABLES[:at], others, *TABLES[at:]]
