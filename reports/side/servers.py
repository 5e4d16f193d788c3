"""What was measured of each server: its runs, its figures over them, and how it is configured."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import msgspec

from harness.record.histogram import Histogram
from harness.record.reader import Run
from harness.record.side import Side
from reports import wording
from reports.side.columns import Column, Measured, measured
from reports.summary import main_op, merged

_CONFIGURED = ("TLS", "SASL mechanism", "Password store", "Archive")


class Figure(msgspec.Struct, kw_only=True):
    """One figure over the runs of a server; None where no run has it."""

    median: float | None
    low: float | None
    high: float | None


class Server(msgspec.Struct):
    """One target: its runs in their order, and why others did not come about."""

    name: str
    runs: list[Measured]
    errors: list[str]

    @property
    def title(self) -> str:
        """Software and version as the server says them, or the target's name."""
        return wording.server(self.runs[0].run.manifest.target) if self.runs else self.name

    @property
    def verdicts(self) -> list[str]:
        """How the runs ended that did not go as asked."""
        return [m.summary.verdict for m in self.runs if m.summary.verdict != "ok"]

    def figure(self, column: Column) -> Figure:
        """The median and the range over the runs."""
        values = [value for run in self.runs if (value := column.of(run)) is not None]
        if not values:
            return Figure(median=None, low=None, high=None)
        return Figure(median=median(values), low=min(values), high=max(values))

    def latencies(self) -> Histogram:
        """Of the main operation, from the planned moment where there is one, of all runs."""
        histogram = Histogram()
        for m in self.runs:
            op = main_op(m.run)
            planned = merged(m.run.windows, op, planned=True)
            histogram.add(planned if len(planned) else merged(m.run.windows, op, planned=False))
        return histogram


def servers(directory: Path, side: Side) -> list[Server]:
    """Each target in the order in which it was asked for."""
    found = []
    for name in side.targets:
        trials = side.of(name)
        runs = [measured(Run(directory / trial.directory)) for trial in trials if trial.directory]
        errors = [wording.clean(trial.error) for trial in trials if trial.error]
        found.append(Server(name, runs, list(dict.fromkeys(errors))))
    return found


def configuration(known: list[Server]) -> dict[str, list[str]]:
    """What decides the figures and may differ: by label, a text for each server."""
    facts = [wording.facts(s.runs[0].run) if s.runs else {} for s in known]
    rows = {label: [fact.get(label, wording.UNKNOWN) for fact in facts] for label in _CONFIGURED}
    rows["Differences"] = [
        "; ".join(map(wording.clean, s.runs[0].run.manifest.target.differences)) or "none"
        if s.runs
        else wording.UNKNOWN
        for s in known
    ]
    return rows
