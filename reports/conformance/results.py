"""The requirements of one run with their cases: what every format shows."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from harness.record.conformance import ConformanceRun
from harness.record.verdicts import (
    CLOSE_SEVERITY,
    SEVERITY,
    CaseResult,
    Close,
    Level,
    RequirementResult,
    Verdict,
)

VERDICTS: tuple[Verdict, ...] = ("PASS", "NON-STRICT", "FAIL", "ABSENT", "UNKNOWN")
LEVELS: tuple[Level, ...] = ("MUST", "SHOULD", "MAY")


class Result(msgspec.Struct, kw_only=True):
    """One requirement of one run: a RequirementResult and the cases themselves.

    Where a run was cut short, its cases are all there is: then `section` is empty, `level` None,
    and nothing is known of deviations.
    """

    id: str
    document: str
    section: str = ""
    level: Level | None = None
    summary: str = ""
    verdict: Verdict | None = None
    close: Close | None = None
    cases: list[CaseResult] = []
    expected: str = ""
    observed: str = ""
    evidence: str | None = None
    deviation: str | None = None
    unexpected: str | None = None

    @property
    def covered(self) -> bool:
        """Whether the known deviations say all that is not as it should be."""
        return self.deviation is not None and self.unexpected is None


def results(run: ConformanceRun) -> list[Result]:
    """Every requirement that the run knows of, by document, section and id."""
    cases: dict[str, list[CaseResult]] = defaultdict(list)
    for case in run.cases:
        for identifier in case.requirements:
            cases[identifier].append(case)
    found = [_recorded(record, cases.pop(record.id, [])) for record in run.requirements]
    found += [_from_cases(identifier, bound) for identifier, bound in cases.items()]
    return sorted(found, key=lambda r: (natural(r.document), natural(r.section), r.id))


def counts(found: Iterable[Result]) -> dict[str, int]:
    """Requirements by verdict, every verdict named; those without a case are left out."""
    number = Counter(result.verdict for result in found)
    return {verdict: number[verdict] for verdict in VERDICTS}


def document_of(case: CaseResult) -> str:
    """The document of a case where no requirement tells it: its folder."""
    return case.case.partition("/")[0]


def natural(text: str) -> list[tuple[int, int, str]]:
    """A key that sorts 4.9 before 4.10, and appendices after sections."""
    words = re.findall(r"\d+|[^\d.\s]+", text)
    return [(0, int(word), "") if word.isdecimal() else (1, 0, word) for word in words]


def _recorded(record: RequirementResult, cases: list[CaseResult]) -> Result:
    known = {name: getattr(record, name) for name in record.__struct_fields__ if name != "cases"}
    return Result(cases=cases, **known)


def _from_cases(identifier: str, cases: list[CaseResult]) -> Result:
    """What a run that was cut short would have said of a requirement, as far as it got."""
    worst = max(cases, key=lambda case: SEVERITY[case.verdict])
    closes = (case.close for case in cases if case.close)
    by_severity = sorted(closes, key=CLOSE_SEVERITY.__getitem__)
    return Result(
        id=identifier,
        document=document_of(worst),
        verdict=worst.verdict,
        close=by_severity[-1] if by_severity else None,
        cases=cases,
        expected=worst.expected,
        observed=worst.observed or worst.reason,
        evidence=worst.evidence,
    )
