"""The verdicts as exactly one JSON object. null always means: not known."""

from __future__ import annotations

import msgspec

from harness.record.conformance import ConformanceRun
from harness.record.verdicts import Close, Coverage, Level, Verdict
from reports.conformance.results import Result, counts, results


class Requirement(msgspec.Struct, kw_only=True):
    """One requirement: the worst of its `cases`, how many they are, and where its evidence is.

    `verdict` is null when no case ran; `level` when the run was cut short; `evidence` is a path
    relative to the run directory; `deviation` the reason of the known deviation that covers it.
    """

    id: str
    document: str
    section: str
    level: Level | None
    verdict: Verdict | None
    close: Close | None
    cases: int
    expected: str
    observed: str
    evidence: str | None
    deviation: str | None


class Report(msgspec.Struct, kw_only=True):
    """One run. `counts` maps verdicts to requirements; `unexpected` lists ids that gate.

    `seconds` is null when the run was cut short; then nothing was compared with the deviations.
    `coverage` counts the cells of the documents' own tables that cases have been through.
    """

    target: str
    version: str | None
    counts: dict[str, int]
    requirements: list[Requirement]
    unexpected: list[str]
    seconds: float | None
    coverage: list[Coverage]


def render(run: ConformanceRun) -> str:
    """The keys of `Report`, indented."""
    found = results(run)
    report = Report(
        target=run.manifest.target,
        version=run.manifest.version,
        counts=counts(found),
        requirements=[_requirement(result) for result in found],
        unexpected=[result.id for result in found if result.unexpected],
        seconds=run.outcome.seconds if run.outcome else None,
        coverage=run.outcome.coverage if run.outcome else [],
    )
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()


def _requirement(result: Result) -> Requirement:
    names = (name for name in Requirement.__struct_fields__ if name != "cases")
    return Requirement(cases=len(result.cases), **{name: getattr(result, name) for name in names})
