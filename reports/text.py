"""The summary for a terminal, a log or a mail: at most 40 lines of 80 columns, and one more for
each operation beside the main one."""

from __future__ import annotations

import textwrap

from harness.record.reader import Run
from reports.clean import warning
from reports.figures import Cost, Login, Messages, Statistics, Summary, Usage, Users
from reports.operations import main_op
from reports.summary import reconcile, summarise
from reports.wording import (
    PHASE_NAMES,
    PLANNED_AND_ACTUAL,
    REFERENCE_SERVER,
    UNKNOWN,
    amount,
    clean,
    clocks,
    count,
    facts,
)

COLUMNS = 80
LINES = 40
LABEL = 13


def render(run: Run) -> str:
    """The summary as plain text. Only the path of the run may be wider than 80 columns."""
    summary = summarise(run)
    blocks = [
        _head(run),
        _ledger(summary),
        _latency(summary, main_op(run)),
        _operations(summary),
        _login(summary.login),
        _rest(run, summary),
    ]
    blocks = [block for block in blocks if block]
    blank = sum(map(len, blocks)) + len(blocks) - 1 <= LINES
    return ("\n\n" if blank else "\n").join("\n".join(block) for block in blocks)


def _item(label: str, text: str, lines: int = 1) -> list[str]:
    """A labelled text, wrapped and cut to this many lines."""
    return textwrap.wrap(
        clean(text) or "-",
        COLUMNS,
        initial_indent=label.ljust(LABEL),
        subsequent_indent=" " * LABEL,
        max_lines=lines,
        placeholder=" ...",
    )


def _head(run: Run) -> list[str]:
    known = facts(run)
    target = run.manifest.target
    lines = _item("Target", f"{known['Target']}, {known['Address']}")
    if target.name == "embedded":
        lines += _item("", REFERENCE_SERVER)
    lines += _item("TLS", known["TLS"])
    lines += _item(
        "SASL",
        f"{known['SASL mechanism']}; password store: {known['Password store']}; "
        f"archive: {known['Archive']}",
        2,
    )
    if target.differences:
        lines += _item("Differences", "; ".join(target.differences))
    lines += _item(
        "Scenario", f"{known['Scenario']}, duration {known['Duration']}; {known['Parameters']}", 2
    )
    return lines + _item("Machine", f"{known['Machine']}; workers: {known['Workers']}")


def _ledger(summary: Summary) -> list[str]:
    lines = _item("Users", _steps(summary.users, ("wanted", "connected", "bound", "present")))
    if summary.messages.sent is None:
        lines += _item("Messages", UNKNOWN)
    else:
        lines += _item(
            "Messages", _steps(summary.messages, ("sent", "delivered", "bounced", "lost"))
        )
        lines += _item("", _steps(summary.messages, ("late", "duplicated", "reordered")))
    for sentence in reconcile(summary):
        lines += _item("  Not so:", sentence)
    return lines


def _steps(figures: Users | Messages, names: tuple[str, ...]) -> str:
    values = {name: getattr(figures, name) for name in names}
    if all(value is None for value in values.values()):
        return UNKNOWN
    return "   ".join(f"{name} {count(value)}" for name, value in values.items())


def _latency(summary: Summary, op: str) -> list[str]:
    latency = summary.latency_ms
    if not latency.planned.count and not latency.actual.count:
        return _item("Latency", "nothing was delivered, so there is none")
    title = f"{op.capitalize()}, ms"
    lines = [title.ljust(LABEL + 3) + _row("p50", "p90", "p99", "p99.9", "max", "count")]
    for name in ("planned", "actual"):
        p = getattr(latency, name)
        figures = [amount(value) for value in (p.p50, p.p90, p.p99, p.p999, p.max)]
        lines.append(f"  {name}".ljust(LABEL + 3) + _row(*figures, f"{p.count:,}"))
    if floor := summary.floor_ms:
        p50, p99, p999 = (amount(value) for value in (floor.p50, floor.p99, floor.p999))
        lines.append("  floor".ljust(LABEL + 3) + _row(p50, "", p99, p999))
    return lines + textwrap.wrap(
        PLANNED_AND_ACTUAL, COLUMNS, initial_indent="  ", subsequent_indent="  "
    )


def _operations(summary: Summary) -> list[str]:
    """From the actual moment of sending: there may be no plan."""
    if not summary.operations_ms:
        return []
    lines = ["Others, ms".ljust(LABEL + 3) + _row("p50", "p90", "p99", "p99.9", "max", "count")]
    for op, latency in summary.operations_ms.items():
        p = latency.actual
        figures = [amount(value) for value in (p.p50, p.p90, p.p99, p.p999, p.max)]
        lines.append(f"  {op}".ljust(LABEL + 3) + _row(*figures, f"{p.count:,}"))
    return lines


def _login(login: Login) -> list[str]:
    rate = f"{amount(login.per_s, UNKNOWN)} per second"
    if not any(phase.count for phase in login.phases.values()):
        return _item("Logins", rate)
    lines = _item("Logins", rate)
    lines.append("  phase, ms".ljust(LABEL + 3) + _row("p50", "p90", "p99", "max", "count"))
    for name, phase in login.phases.items():
        figures = [amount(value) for value in (phase.p50, phase.p90, phase.p99, phase.max)]
        label = f"  {PHASE_NAMES.get(name, name)}"
        lines.append(label.ljust(LABEL + 3) + _row(*figures, f"{phase.count:,}"))
    return lines


def _rest(run: Run, summary: Summary) -> list[str]:
    conditions = [f"{name} {number:,}" for name, number in summary.errors.items()]
    total = f"{sum(summary.errors.values()):,} in all: " if len(conditions) > 1 else ""
    lines = _item("Errors", total + (", ".join(conditions) or "none"), 2)
    lines += _item("Server", _usage(summary.server) + _counted(summary.statistics))
    lines += _cost(summary.cost)
    apart = f"; {clocks(summary.clocks_ms)}" if summary.clocks_ms else ""
    lines += _item("Generator", _usage(summary.generator) + apart, 2)
    if busy := warning(run):
        lines += _item("  Careful:", busy, 3)
    lines += _item("Verdict", summary.verdict, 2)
    return [*lines, "Run".ljust(LABEL) + clean(summary.run)]


def _usage(usage: Usage | None) -> str:
    if usage is None:
        return UNKNOWN
    return f"CPU {amount(usage.cpu_s)} s, memory at most {amount(usage.rss_max_mb)} MB"


def _counted(statistics: Statistics | None) -> str:
    if statistics is None or statistics.sessions is None:
        return ""
    return f"; counts {count(statistics.sessions)} sessions"


def _cost(cost: Cost | None) -> list[str]:
    """What one login, delivery and session cost the server, as far as it is known."""
    if cost is None:
        return []
    known = [
        (cost.cpu_ms_per_login, "ms CPU for a login"),
        (cost.cpu_us_per_delivery, "us CPU for a delivery"),
        (cost.kb_per_session, "KB memory for a session"),
    ]
    said = [f"{amount(value)} {what}" for value, what in known if value is not None]
    return _item("  Cost", ", ".join(said), 2) if said else []


def _row(*cells: str) -> str:
    return "".join(cell.rjust(10) for cell in cells)
