"""What the server said of itself during the run."""

from __future__ import annotations

from harness.record.reader import Run
from reports.figures import Statistics
from reports.series import Axis, Values, latest, second


def statistics(run: Run) -> Statistics | None:
    """Each figure at most; None where the server was not asked or did not answer."""
    samples = run.statistics
    if not samples:
        return None
    figures: dict[str, float] = {}
    for sample in samples:
        for name, value in sample.figures.items():
            figures[name] = max(value, figures.get(name, value))
    online: dict[int, dict[int, int]] = {}
    for ours in run.generator:
        online.setdefault(second(ours.t), {})[ours.worker] = ours.users.online
    return Statistics(
        sessions=max((s.sessions for s in samples if s.sessions is not None), default=None),
        online=max((sum(workers.values()) for workers in online.values()), default=None),
        figures=figures,
        reply_ms=max(sample.took_ms for sample in samples),
    )


def counted(run: Run, on: Axis) -> Values | None:
    """The server's count of sessions at each point; None where it has none."""
    points = [(second(s.t), float(s.sessions)) for s in run.statistics if s.sessions is not None]
    return latest(on, points) if points else None


def rows(run: Run) -> list[tuple[str, float, float, float]]:
    """Each of the server's own figures by name: at first, at most, at last."""
    names = dict.fromkeys(name for sample in run.statistics for name in sample.figures)
    found = [
        _row(name, [s.figures[name] for s in run.statistics if name in s.figures]) for name in names
    ]
    sessions = [float(s.sessions) for s in run.statistics if s.sessions is not None]
    return ([_row("sessions", sessions)] if sessions else []) + found


def _row(name: str, values: list[float]) -> tuple[str, float, float, float]:
    return name, values[0], max(values), values[-1]
