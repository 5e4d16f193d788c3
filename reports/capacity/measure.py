"""One step of a capacity search: its figures, the verdict, and what stood in the way."""

from __future__ import annotations

from collections.abc import Sequence

from harness.record.capacity import Check, Factor, Measured, Verdict
from harness.record.reader import Run
from reports import limits, load
from reports.clean import ENOUGH, warning
from reports.limits import METRICS
from reports.limits.metrics import Measured as Values
from reports.wording import amount, clean

ALL_IN = "users.present"
_NO_FILES = "Too many open files"  # the text of EMFILE
_BUSY, _MORE_THAN_ONE = 90.0, 110.0  # percent of a core
_FEW_THREADS = 4  # a server with no more than these does its work in one of them


def measure(run: Run, objective: limits.Limits) -> Measured:
    """Everything that the search and its reports want to know of the run."""
    values = Values(run)
    checks = [
        Check(metric=c.metric, limit=c.limit, measured=c.measured, ok=c.ok)
        for c in limits.evaluate(objective, run)
    ]
    verdict, factor = _verdict(values, checks)
    messages, planned = values.summary.messages, values.summary.latency_ms.planned
    return Measured(
        verdict=verdict,
        checks=checks,
        factor=factor,
        p50_ms=planned.p50,
        p99_ms=planned.p99,
        sent=messages.sent,
        lost=messages.lost,
        throughput=METRICS["throughput"].value(values),
        deliveries=planned.count,
        server_cpu=METRICS["server.cpu"].value(values),
        generator_cpu=METRICS["generator.cpu"].value(values),
        server_rss_mb=METRICS["server.rss"].value(values),
        clean=values.summary.clean,
    )


def _verdict(values: Values, checks: Sequence[Check]) -> tuple[Verdict, Factor | None]:
    outcome = values.run.outcome
    if outcome is None:
        return "blind", Factor(cause="failed", text="the load generator ended before its time")
    if outcome.verdict == "incomplete":
        return "interrupted", None
    if outcome.verdict == "failed":
        return _failed(outcome.reason)
    share = values.summary.clean
    if share is not None and share < ENOUGH:
        text = f"the generator was the limit: {warning(values.run)}".rstrip(".")
        return "blind", Factor(cause="generator", text=text)
    broken = [check for check in checks if not check.ok]
    return ("breached", _breached(values, broken)) if broken else ("met", None)


def _failed(reason: str) -> tuple[Verdict, Factor]:
    """A run that ended early: because of the server, or because of ourselves."""
    said = clean(reason)
    if _NO_FILES in reason:
        text = f"the generator had no more file descriptors: raise its limit (ulimit -n); {said}"
        return "blind", Factor(cause="files", text=text)
    ours = reason.startswith("unexpected ") or "of the load generator was lost" in reason
    return "blind" if ours else "breached", Factor(cause="failed", text=f"the run failed: {said}")


def _breached(values: Values, broken: Sequence[Check]) -> Factor:
    lines = ", ".join(f"{c.metric} is {c.measured} (objective {c.limit})" for c in broken)
    if any(check.metric == ALL_IN for check in broken):
        return Factor(cause="logins", text=f"{lines}: {_logins(values)}")
    server = METRICS["server.cpu"].value(values)
    if server is None:
        return Factor(cause="objective", text=f"{lines}; the server's CPU was not watched")
    if used_up := _used_up(values, server):
        return Factor(cause="server-cpu", text=f"{lines}; {used_up}")
    return Factor(
        cause="objective",
        text=f"{lines}; the server's CPU was not used up ({amount(server)} % of a core)",
    )


def _logins(values: Values) -> str:
    users, errors = values.summary.users, values.summary.errors
    said = f"{users.present or 0:,} of {users.wanted or 0:,} users got in"
    if errors:
        condition, number = next(iter(errors.items()))
        said += f", commonest error {clean(condition)} ({number:,} times)"
    files = max((sample.fds or 0 for sample in values.run.server), default=0)
    return f"{said}; the server had {files:,} files open at most" if files else said


def _used_up(values: Values, server: float) -> str | None:
    """What of the CPU was used up; None when there was some left. Percent of a core."""
    cores = values.run.manifest.machine.get("cores")
    if isinstance(cores, int) and cores > 0:
        if server >= _BUSY * cores:
            return f"the server used up {_all(cores)} ({amount(server)} % of a core)"
        rows = load.worker_cpu(values.run, values.load) or []
        ours = sum(100 * sum(row) / len(row) for row in rows)
        if server + ours >= _BUSY * cores:
            return (
                f"{_all(cores)} of the machine busy: {amount(server)} % of a core for the server, "
                f"{amount(ours)} % for the generator"
            )
    threads = max((sample.threads for sample in values.run.server), default=0)
    if _BUSY <= server <= _MORE_THAN_ONE and threads <= _FEW_THREADS:
        return f"the server works in one thread, which used up its core ({amount(server)} %)"
    return None


def _all(cores: int) -> str:
    return "the only core" if cores == 1 else f"all {cores} cores"
