"""The figures of a run in the terminal, second by second (`bench --live`); plain lines without one.

They come as the JSON form of `harness.load.live.Snapshot`.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from harness.progress import Progress

_MEGABYTE = 1024 * 1024
_PHASES = ("tcp", "tls", "sasl", "bind", "roster", "presence", "whole")
_ERRORS = 5  # lines of them
Figure = dict[str, Any]


class Figures(Progress):
    """A `Progress` that shows what is known besides."""

    def __init__(self, users: int, duration: float) -> None:
        super().__init__(users, duration)
        self._live = Live(
            self._bar.get_renderable(),
            console=self._console,
            transient=True,
            refresh_per_second=4,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._shown = sys.stderr.isatty()

    def __enter__(self) -> Figures:
        if self._shown:
            self._live.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._shown:
            self._live.stop()

    def show(self, status: dict[str, Any]) -> None:
        if "live" in status:
            self._latest = status["live"]
            if self._shown:
                self._live.update(Group(tables(self._latest), self._bar))
            self._now_and_then(line(self._latest))
        elif self._shown or "settled" not in status:  # the plain line has those figures too
            super().show(status)


def line(now: Figure) -> str:
    """Everything that matters in one line."""
    recent, generator = now["latency"]["recent"], _health(now)
    load = now["load_s"]
    parts = [
        f"{now['state']}" + (f" {load:.0f} s" if load is not None else ""),
        f"{now['users']['online']} of {now['asked']} online",
        f"out {_rate(now, 'out_per_s')}/s, in {_rate(now, 'into_per_s')}/s",
        f"p50 {_ms(recent['p50_us'])}, p99 {_ms(recent['p99_us'])}, "
        f"p99.9 {_ms(recent['p999_us'])} ms",
        f"pending {now['pending']}, lost {now['ledger']['lost']}",
        f"errors {sum(failure['count'] for failure in now['failures'])}",
    ]
    if server := now["server"]:
        parts.append(f"server {server['cpu_percent']:.0f} % CPU, {_mb(server)} MB")
    return "; ".join([*parts, f"generator {generator}"])


def tables(now: Figure) -> RenderableType:
    """Some small tables beside each other, and the errors under them."""
    beside = Table.grid(padding=(0, 4))
    left = Group(_run(now), Text(), _latency(now), Text(), _logins(now))
    beside.add_row(left, Group(_ledger(now), Text(), _processes(now)))
    under: list[RenderableType] = [_errors(now), Text()] if now["failures"] else []
    return Group(beside, Text(), *under)


def _run(now: Figure) -> Table:
    table = _table("users and stanzas", "")
    table.add_row("online", f"{now['users']['online']:,} of {now['asked']:,}")
    for stanzas in now["stanzas"]:
        rates = f"{stanzas['out_per_s']:,} out, {stanzas['into_per_s']:,} in /s"
        table.add_row(stanzas["kind"], rates)
    return table


def _latency(now: Figure) -> Table:
    latency = now["latency"]
    table = _table(f"{latency['op']}, ms from the plan", "p50", "p99", "p99.9")
    spans = {f"last {latency['recent_s']} s": "recent", "clean seconds": "whole"}
    for name, key in spans.items():
        found = latency[key]
        table.add_row(name, *(_ms(found[p]) for p in ("p50_us", "p99_us", "p999_us")))
    return table


def _logins(now: Figure) -> Table:
    table = _table("login, ms", "p50", "p99", "count")
    operations = {operation["op"]: operation["latency"] for operation in now["operations"]}
    for phase in _PHASES:
        if found := operations.get(f"login.{phase}" if phase != "whole" else "login"):
            figures = (_ms(found["p50_us"]), _ms(found["p99_us"]), f"{found['count']:,}")
            name = "from the plan" if phase == "whole" else phase
            table.add_row(name, *figures)
    return table


def _ledger(now: Figure) -> Table:
    table = _table("messages", "")
    ledger = now["ledger"] | {"pending": now["pending"]}
    for name in ("sent", "delivered", "pending", "lost", "duplicated", "reordered", "bounced"):
        style = "bold red" if name == "lost" and ledger[name] else ""
        table.add_row(name, f"{ledger[name]:,}", style=style)
    return table


def _processes(now: Figure) -> Table:
    table = _table("process", "CPU, %", "memory, MB", "saturated, s")
    if server := now["server"]:
        table.add_row("server", f"{server['cpu_percent']:.0f}", _mb(server), "")
    for worker in now["workers"]:
        table.add_row(
            f"worker {worker['worker']}",
            f"{worker['cpu_percent']:.0f}",
            _mb(worker),
            f"{worker['saturated_seconds']} of {worker['seconds']}",
            style="yellow" if worker["saturated"] else "",
        )
    return table


def _errors(now: Figure) -> Table:
    table = _table("errors", "count", "condition", "sample")
    for failure in now["failures"][:_ERRORS]:
        sample = "".join(c if c.isprintable() else " " for c in failure["sample"])
        told = (failure["op"], f"{failure['count']:,}", failure["condition"], sample)
        table.add_row(*(Text(value) for value in told))
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(first, box=None, header_style="dim", padding=(0, 2, 0, 0))
    for name in others:
        left = name in ("condition", "sample")
        table.add_column(name, justify="left" if left else "right", no_wrap=not left)
    return table


def _rate(now: Figure, field: str) -> int:
    return sum(stanzas[field] for stanzas in now["stanzas"])


def _health(now: Figure) -> str:
    seconds = sum(worker["seconds"] for worker in now["workers"])
    marked = sum(worker["saturated_seconds"] for worker in now["workers"])
    return f"{100 * (seconds - marked) / seconds:.0f} % clean" if seconds else "just begun"


def _ms(us: int | None) -> str:
    return "-" if us is None else f"{us / 1000:,.3f}"


def _mb(process: Figure) -> str:
    return f"{process['rss_bytes'] / _MEGABYTE:,.0f}"
