"""What the load cost the server: for each login, each delivery, each session."""

from __future__ import annotations

from collections.abc import Callable

from harness.record.model import ServerSample
from harness.record.reader import Run
from reports import load
from reports.figures import Cost
from reports.operations import main_op

_SESSIONS = 500  # of fewer the memory is lost among that of the server itself
_BEFORE_S = 1.5  # the first sample is from this long after the start at most
_MEGABYTE = 1024 * 1024


def cost(run: Run) -> Cost | None:
    """None where the server was not watched, or the load never began."""
    outcome = run.outcome
    if outcome is None or outcome.load_start_t is None or not run.server:
        return None
    begin = outcome.load_start_t
    return Cost(
        cpu_ms_per_login=_login(run, begin),
        cpu_us_per_delivery=_each(run, lambda s: s.cpu_s, 1e6),
        switches_per_delivery=_each(run, lambda s: s.switches),
        loopback_bytes_per_delivery=_each(run, lambda s: s.loopback_mb, _MEGABYTE),
        kb_per_session=_memory(run, begin),
    )


def _login(run: Run, begin: float) -> float | None:
    """What the logins before the load cost; where logins are the load, what they all did."""
    done = [w for w in run.windows if w.op == "login"]
    others = any(w.count for w in run.windows if not w.op.startswith("login"))
    if not others and any(w.count for w in done if w.t in load.seconds(run)):
        begin = run.server[-1].t
    spent = load.server_cpu_until(run, begin)
    logins = sum(w.count for w in done if w.t < begin)
    return 1e3 * spent / logins if spent is not None and logins else None


def _each(
    run: Run, counter: Callable[[ServerSample], float | None], factor: float = 1.0
) -> float | None:
    """What the load added to the counter, for each delivery of the main operation."""
    on, op = load.seconds(run), main_op(run)
    delivered = sum(w.count for w in run.windows if w.op == op and w.t in on)
    spent = load.server_spent(run, on, counter)
    return factor * spent / delivered if delivered and spent is not None else None


def _memory(run: Run, begin: float) -> float | None:
    """What the logins added to the server's memory, for each of them."""
    first = run.server[0]
    last = [sample for sample in run.server if first.t < sample.t <= begin + 1]
    online = max((s.users.present for s in run.generator if s.t <= begin + 1), default=0)
    if not last or first.t > _BEFORE_S or online < _SESSIONS:
        return None
    grown = last[-1].rss_mb - first.rss_mb
    return 1024 * grown / online if grown > 0 else None
