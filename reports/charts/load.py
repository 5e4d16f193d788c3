"""What was asked of the server over time: stanzas, logins, sessions."""

from __future__ import annotations

from harness.record.reader import Run
from reports.charts.figure import (
    TIME_TITLE,
    Chart,
    edges,
    layout,
    line,
    measured_part,
    step,
    top,
    y_axis,
)
from reports.operations import main_op
from reports.series import Axis, by_worker, latest, rate, second, together
from reports.statistics import counted
from reports.wording import NOUNS


def throughput(run: Run, on: Axis) -> Chart | None:
    """Stanzas sent and delivered per second."""
    op = main_op(run)
    sent = rate(run, on, op, lambda window: window.started)
    delivered = rate(run, on, op, lambda window: window.count)
    if not any(sent) and not any(delivered):
        return None
    noun, ended = NOUNS[op], "answered" if op in ("iq", "roster") else "delivered"
    return Chart(
        id="throughput",
        title="Throughput",
        text=f"{noun.capitalize()} per second: at most {top(sent)} sent and {top(delivered)} "
        f"{ended}.{measured_part(run)}{step(on, 'mean')}",
        data=[
            line(ended, on.times(), delivered, "s2", unit=" /s"),
            line("sent", on.times(), sent, "s1", dash="dash", unit=" /s"),
        ],
        layout=layout(TIME_TITLE, y_axis(f"{noun} per second"), shapes=edges(run)),
        height=300,
    )


def logins(run: Run, on: Axis) -> Chart | None:
    """Logins done and failed per second."""
    done = rate(run, on, "login", lambda window: window.count)
    failed = rate(run, on, "login", lambda window: sum(window.errors.values()))
    if not any(done) and not any(failed):
        return None
    return Chart(
        id="logins",
        title="Logins",
        text=f"Logins per second: at most {top(done)} successful and {top(failed)} failed."
        f"{step(on, 'mean')}",
        data=[
            line("successful", on.times(), done, "s2", unit=" /s"),
            line("failed", on.times(), failed, "s3", dash="dot", unit=" /s"),
        ],
        layout=layout(TIME_TITLE, y_axis("logins per second"), shapes=edges(run)),
        height=300,
    )


def sessions(run: Run, on: Axis) -> Chart | None:
    """Users bound and present at each moment, those wanted, and the server's own count."""
    if not run.generator:
        return None
    workers = by_worker(run).values()
    online, wanted = (
        together(
            latest(on, [(second(s.t), float(getattr(s.users, name))) for s in samples])
            for samples in workers
        )
        for name in ("online", "wanted")
    )
    data = [
        line("wanted", on.times(), wanted, "s1", dash="dash"),
        line("online", on.times(), online, "s2"),
    ]
    said = ""
    if (theirs := counted(run, on)) is not None:
        data.append(line("counted by the server", on.times(), theirs, "s3", dash="dot"))
        said = f" The server itself counts at most {top(theirs)}."
    return Chart(
        id="sessions",
        title="Sessions",
        text=f"Users bound and present at each moment: at most {top(online)} of "
        f"{top(wanted)} wanted.{said}{step(on, 'latest')}",
        data=data,
        layout=layout(TIME_TITLE, y_axis("sessions"), shapes=edges(run)),
        height=300,
    )
