"""What the load cost the server: for each login, each delivery, each session."""

from __future__ import annotations

from harness.record.reader import Run
from reports import load
from reports.figures import Cost
from reports.summary import main_op

_SESSIONS = 500  # of fewer the memory is lost among that of the server itself
_BEFORE_S = 1.5  # the first sample is from this long after the start at most


def cost(run: Run) -> Cost | None:
    """None where the server was not watched, or the load never began."""
    outcome, samples = run.outcome, run.server
    if outcome is None or outcome.load_start_t is None or not samples:
        return None
    begin = outcome.load_start_t
    before = [sample for sample in samples if sample.t <= begin]
    logins = sum(w.count for w in run.windows if w.op == "login" and w.t < begin)
    on = load.seconds(run)
    spent = load.server_cpu(run, on)
    op = main_op(run)
    delivered = sum(w.count for w in run.windows if w.op == op and w.t in on)
    return Cost(
        cpu_ms_per_login=1e3 * before[-1].cpu_s / logins if before and logins else None,
        cpu_us_per_delivery=1e6 * sum(spent) / delivered if spent and delivered else None,
        kb_per_session=_memory(run, begin),
    )


def _memory(run: Run, begin: float) -> float | None:
    """What the logins added to the server's memory, for each of them."""
    first = run.server[0]
    last = [sample for sample in run.server if first.t < sample.t <= begin + 1]
    online = max((s.users.present for s in run.generator if s.t <= begin + 1), default=0)
    if not last or first.t > _BEFORE_S or online < _SESSIONS:
        return None
    grown = last[-1].rss_mb - first.rss_mb
    return 1024 * grown / online if grown > 0 else None
