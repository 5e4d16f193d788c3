"""A load run for a merge request or a job summary."""

from __future__ import annotations

from collections.abc import Iterator

from harness.record.checks import Check
from harness.record.reader import Run
from reports import tables
from reports.clean import warning
from reports.figures import Percentiles, Summary
from reports.operations import main_op
from reports.summary import reconcile, summarise
from reports.wording import PLANNED_AND_ACTUAL, REFERENCE_SERVER, amount, count, facts

_MESSAGES = ("sent", "delivered", "bounced", "lost", "late", "duplicated", "reordered")


def render(run: Run) -> str:
    """Verdict, messages, latencies, logins, cost; what makes them doubtful comes first."""
    return "\n\n".join(_blocks(run, summarise(run)))


def limits(checks: list[Check]) -> str:
    """Each limit with what was measured."""
    rows = [("kept" if c.ok else "BREACH", c.metric, c.limit, c.measured) for c in checks]
    return tables.table(["", "metric", "limit", "measured"], rows, right=4)


def _blocks(run: Run, summary: Summary) -> Iterator[str]:
    known = facts(run)
    yield f"### Load: {tables.escaped(known['Scenario'])} on {tables.escaped(known['Target'])}"
    yield f"**{tables.escaped(summary.verdict)}**"
    doubts = [*reconcile(summary), *filter(None, [warning(run)])]
    if run.manifest.target.name == "embedded":
        doubts.append(REFERENCE_SERVER)
    yield from (f"> {tables.escaped(doubt)}" for doubt in doubts)
    yield tables.facts(_facts(run, summary))
    if summary.latency_ms.planned.count or summary.latency_ms.actual.count:
        yield _latencies(run, summary)
        yield tables.escaped(PLANNED_AND_ACTUAL)


def _facts(run: Run, summary: Summary) -> Iterator[tuple[str, str]]:
    known = facts(run)
    yield "Duration", f"{known['Duration']}; {known['Parameters']}"
    yield "Users present", f"{count(summary.users.present)} of {count(summary.users.wanted)}"
    if summary.messages.sent is not None:
        said = (f"{name} {count(getattr(summary.messages, name))}" for name in _MESSAGES)
        yield "Messages", ", ".join(said)
    errors = (f"{name} {number:,}" for name, number in summary.errors.items())
    yield "Errors", ", ".join(errors) or "none"
    yield "Logins", f"{amount(summary.login.per_s)} per second"
    if summary.server is not None:
        cpu, memory = amount(summary.server.cpu_s), amount(summary.server.rss_max_mb)
        yield "Server", f"CPU {cpu} s, memory at most {memory} MB"


def _latencies(run: Run, summary: Summary) -> str:
    rows = [
        (f"{main_op(run)}, from the planned moment", summary.latency_ms.planned),
        (f"{main_op(run)}, from sending", summary.latency_ms.actual),
        *((f"{op}, from sending", both.actual) for op, both in summary.operations_ms.items()),
    ]
    head = ["ms, clean seconds of the run", "p50", "p90", "p99", "p99.9", "max", "count"]
    return tables.table(head, [[name, *_cells(p)] for name, p in rows if p.count])


def _cells(p: Percentiles) -> list[str]:
    return [*(amount(value) for value in (p.p50, p.p90, p.p99, p.p999, p.max)), f"{p.count:,}"]
