"""What was measured of each server: its runs, its figures over them, and how it is configured."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import msgspec

from harness.record.checks import Check
from harness.record.histogram import Histogram
from harness.record.reader import Run
from harness.record.side import Side
from reports import wording
from reports.clean import clean
from reports.operations import main_op, merged
from reports.side.columns import Column, Measured, Table, measured, tables

_CONFIGURED = ("TLS", "SASL mechanism", "Password store", "Archive")


class Figure(msgspec.Struct, kw_only=True):
    """One figure over the runs of a server; None where no run has it."""

    median: float | None
    low: float | None
    high: float | None


class Limit(msgspec.Struct, kw_only=True):
    """One limit over the runs of a server; `ok`: every run kept it."""

    metric: str
    limit: str
    measured: list[str]  # in the order of the runs
    ok: bool


class Server(msgspec.Struct):
    """One target: its runs in their order, and why others did not come about."""

    name: str
    runs: list[Measured]
    errors: list[str]
    checks: list[list[Check]] = []  # of each run

    @property
    def title(self) -> str:
        """Software and version as the server says them, or the target's name."""
        return wording.server(self.runs[0].run.manifest.target) if self.runs else self.name

    @property
    def verdicts(self) -> list[str]:
        """How the runs ended that did not go as asked."""
        return [m.summary.verdict for m in self.runs if m.summary.verdict != "ok"]

    @property
    def limits(self) -> list[Limit]:
        """Each limit over the runs, in the order of the file."""
        found: dict[tuple[str, str], Limit] = {}
        for check in (check for checks in self.checks for check in checks):
            new = Limit(metric=check.metric, limit=check.limit, measured=[], ok=True)
            limit = found.setdefault((check.metric, check.limit), new)
            limit.measured.append(check.measured)
            limit.ok &= check.ok
        return list(found.values())

    @property
    def breaches(self) -> list[str]:
        """The limits that some run did not keep, in words."""
        said = (c.sentence for checks in self.checks for c in checks if not c.ok)
        return list(dict.fromkeys(map(wording.clean, said)))

    def figure(self, column: Column) -> Figure:
        """The median and the range over the runs."""
        values = [value for run in self.runs if (value := column.of(run)) is not None]
        if not values:
            return Figure(median=None, low=None, high=None)
        return Figure(median=median(values), low=min(values), high=max(values))

    def latencies(self) -> Histogram:
        """Of the main operation over the clean seconds of all runs, from the planned moment where
        there is one."""
        histogram = Histogram()
        for m in self.runs:
            windows = clean(m.run, m.run.windows)
            histogram.add(merged(windows, main_op(m.run), planned=m.planned))
        return histogram

    def logins(self) -> Histogram:
        """Of whole logins, over all runs."""
        histogram = Histogram()
        for m in self.runs:
            histogram.add(merged(m.run.windows, "login", planned=False))
        return histogram


def servers(directory: Path, side: Side) -> list[Server]:
    """Each target in the order in which it was asked for."""
    found = []
    for name in side.targets:
        trials = side.of(name)
        runs = [measured(Run(directory / trial.directory)) for trial in trials if trial.directory]
        errors = [wording.clean(trial.error) for trial in trials if trial.error]
        checks = [trial.limits for trial in trials if trial.limits]
        found.append(Server(name, runs, list(dict.fromkeys(errors)), checks))
    return found


def all_tables(known: list[Server]) -> list[Table]:
    """The tables of figures for these servers."""
    return tables(m for server in known for m in server.runs)


class Configured(msgspec.Struct):
    """What decides the figures and may differ: a text for each server that was run."""

    label: str
    texts: list[str]

    @property
    def differs(self) -> bool:
        """Whether the servers are not configured alike in this."""
        return len(set(self.texts)) > 1


def configuration(known: list[Server]) -> list[Configured]:
    """How the servers that were run are configured, as far as it is known."""
    runs = [server.runs[0].run for server in known if server.runs]
    facts = [wording.facts(run) for run in runs]
    rows = [Configured(label, [fact[label] for fact in facts]) for label in _CONFIGURED]
    said = ["; ".join(map(wording.clean, run.manifest.target.differences)) for run in runs]
    return [*rows, Configured("Not of the profile", [text or "nothing" for text in said])]
