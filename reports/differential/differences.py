"""Conformance runs of the same cases, case by case and requirement by requirement."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from harness.errors import HarnessError
from harness.record.conformance import ConformanceRun
from harness.record.verdicts import SEVERITY, CaseResult, Level, Verdict
from reports.conformance.results import Result, natural, results
from reports.conformance.wording import line, names, visible

Standing = Literal["meets", "fails", "does not offer", "not known"]
"""What a verdict comes to; a known deviation meets nothing."""
Kind = Literal["meets", "strictness", "behaviour"]
"""Of a difference: who meets it; who does it strictly; all alike, and yet not the same is seen."""

STANDINGS: dict[Verdict, Standing] = {
    "PASS": "meets",
    "NON-STRICT": "meets",
    "FAIL": "fails",
    "ABSENT": "does not offer",
    "UNKNOWN": "not known",
}
_ASKED = ("effort", "transport", "selected")  # what must be the same for runs to be comparable


class Side(msgspec.Struct, kw_only=True):
    """What one server did. `evidence`: a path relative to where the page lies."""

    verdict: Verdict
    observed: str
    evidence: str | None = None

    @property
    def standing(self) -> Standing:
        """Who meets it."""
        return STANDINGS[self.verdict]


class CaseDifference(msgspec.Struct, kw_only=True):
    """A case in which the servers differ.

    `alike` is the number of examples that were the same on all, `inputs` whether these were all
    that are comparable: until a case ends on one of the servers. None: the case generates nothing.
    """

    case: str
    kind: Kind
    expected: str
    sides: list[Side]
    inputs: bool | None
    alike: int


class Difference(msgspec.Struct, kw_only=True):
    """A requirement with the cases that are first of all about it, where the servers differ.

    `sides` has the worst verdict of each server over the cases that ran on all of them.
    """

    id: str
    document: str
    section: str
    level: Level | None
    summary: str
    kind: Kind
    sides: list[Side]
    cases: list[CaseDifference]


class Differential(msgspec.Struct, kw_only=True):
    """Two or more runs. `cases` ran on all servers, `left_out` not; `same_inputs` of `generated`
    cases had the same generated examples as far as they are comparable; `root` is where the paths
    of evidence begin."""

    servers: list[str]
    seeds: list[int]
    cases: int
    left_out: int
    generated: int
    same_inputs: int
    requirements: int
    differences: list[Difference]
    root: str

    def of_kind(self, kind: Kind) -> list[Difference]:
        """The differences of one kind."""
        return [difference for difference in self.differences if difference.kind == kind]


def compare(runs: Sequence[ConformanceRun]) -> Differential:
    """Where the runs differ, by document and section.

    Raises HarnessError when there is only one, or when they were not asked the same.
    """
    _refuse(runs)
    root = Path(os.path.commonpath([run.directory.absolute().parent for run in runs]))
    columns = [{case.case: case for case in run.cases} for run in runs]
    common = [name for name in columns[0] if all(name in column for column in columns)]
    found = [[column[name] for column in columns] for name in common]
    generated = [cases for cases in found if any(case.inputs for case in cases)]
    known = {result.id: result for run in runs for result in results(run)}
    about = _about(found)
    grouped = _differing(found, runs, root)
    differences = [
        _difference(known[name], about[name], grouped.get(name, []), runs, root)
        for name in about
        if grouped.get(name) or _kind(_worst(about[name], runs, root)) == "meets"
    ]
    return Differential(
        servers=names(runs),
        seeds=[run.manifest.seed for run in runs],
        cases=len(common),
        left_out=len(set().union(*columns)) - len(common),
        generated=len(generated),
        same_inputs=sum(alike(cases)[0] for cases in generated),
        requirements=len(about),
        differences=sorted(differences, key=_place),
        root=str(root),
    )


def alike(cases: Sequence[CaseResult]) -> tuple[bool, int]:
    """Whether the generated examples are the same as far as all have any, and how many are."""
    common = min(len(case.inputs) for case in cases)
    # A checksum stands for all examples up to its own.
    same = next(
        (n for n in range(common, 0, -1) if len({case.inputs[n - 1] for case in cases}) == 1), 0
    )
    return same == common, same


def _refuse(runs: Sequence[ConformanceRun]) -> None:
    if len(runs) < 2:
        raise HarnessError("differences need two runs or more")
    for key in _ASKED:
        said = [getattr(run.manifest, key) for run in runs]
        if any(value != said[0] for value in said):
            values = " and ".join(str(value) for value in said)
            raise HarnessError(f"not comparable: {key} differs: {values}")


def _about(found: Iterable[list[CaseResult]]) -> dict[str, list[list[CaseResult]]]:
    """The cases of each requirement."""
    about: defaultdict[str, list[list[CaseResult]]] = defaultdict(list)
    for cases in found:
        for name in cases[0].requirements:
            about[name].append(cases)
    return about


def _differing(
    found: Iterable[list[CaseResult]], runs: Sequence[ConformanceRun], root: Path
) -> dict[str, list[CaseDifference]]:
    """The cases that differ, by the requirement that each is about first of all."""
    grouped: defaultdict[str, list[CaseDifference]] = defaultdict(list)
    for cases in found:
        sides = [_side(case, run, root) for case, run in zip(cases, runs, strict=True)]
        kind = _kind(sides)
        generates = any(case.inputs for case in cases)
        same, number = alike(cases)
        # Other inputs explain other words by themselves; other verdicts stay news.
        if kind is None or (kind == "behaviour" and generates and not same):
            continue
        expected = next((case.expected for case in cases if case.expected), "")
        difference = CaseDifference(
            case=line(cases[0].case),
            kind=kind,
            expected=visible(expected),
            sides=sides,
            inputs=same if generates else None,
            alike=number,
        )
        grouped[cases[0].requirements[0]].append(difference)
    return grouped


def _side(case: CaseResult, run: ConformanceRun, root: Path) -> Side:
    path = run.directory.absolute() / case.evidence if case.evidence else None
    return Side(
        verdict=case.verdict,
        observed=visible(case.observed or case.reason),
        evidence=line(str(path.relative_to(root))) if path else None,
    )


def _kind(sides: Sequence[Side]) -> Kind | None:
    if len({side.standing for side in sides}) > 1:
        return "meets"
    if len({side.verdict for side in sides}) > 1:
        return "strictness"
    absent = sides[0].verdict == "ABSENT"
    return "behaviour" if len({s.observed for s in sides}) > 1 and not absent else None


def _worst(
    found: Sequence[list[CaseResult]], runs: Sequence[ConformanceRun], root: Path
) -> list[Side]:
    return [
        _side(max(column, key=lambda case: SEVERITY[case.verdict]), run, root)
        for column, run in zip(zip(*found, strict=True), runs, strict=True)
    ]


def _difference(
    known: Result,
    found: Sequence[list[CaseResult]],
    cases: list[CaseDifference],
    runs: Sequence[ConformanceRun],
    root: Path,
) -> Difference:
    sides = _worst(found, runs, root)
    kinds = [kind for kind in (_kind(sides), *(case.kind for case in cases)) if kind]
    return Difference(
        id=line(known.id),
        document=line(known.document),
        section=line(known.section),
        level=known.level,
        summary=line(known.summary),
        kind=min(kinds, key=("meets", "strictness", "behaviour").index),
        sides=sides,
        cases=sorted(cases, key=lambda case: case.case),
    )


def _place(difference: Difference) -> tuple[object, ...]:
    return natural(difference.document), natural(difference.section), difference.id
