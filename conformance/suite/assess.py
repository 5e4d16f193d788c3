"""From the verdicts of cases to those of requirements, and to what was not expected. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from harness.record.verdicts import (
    CLOSE_SEVERITY,
    SEVERITY,
    CaseResult,
    Deviation,
    Requirement,
    RequirementResult,
)


def assess(
    catalogue: Mapping[str, Requirement],
    cases: Sequence[CaseResult],
    deviations: Sequence[Deviation],
    *,
    strict: bool = False,
    whole: bool = True,
    source: str = "deviations.toml",
) -> list[RequirementResult]:
    """One result for each requirement of the catalogue that a case is bound to.

    `whole`: every case ran, so that a deviation of which nothing was seen has passed. `source`
    names the file that a message sends people to.
    """
    by_requirement: dict[str, list[CaseResult]] = {}
    for case in cases:
        for identifier in case.requirements:
            by_requirement.setdefault(identifier, []).append(case)
    results = []
    for identifier, requirement in catalogue.items():
        found = by_requirement.get(identifier)
        if not found:
            continue
        known = [d for d in deviations if d.requirement == identifier]
        results.append(_result(requirement, found, known, strict, whole, source))
    return results


def _result(
    requirement: Requirement,
    cases: Sequence[CaseResult],
    known: Sequence[Deviation],
    strict: bool,
    whole: bool,
    source: str,
) -> RequirementResult:
    worst = max(cases, key=lambda case: SEVERITY[case.verdict])
    closes = [case.close for case in cases if case.close]
    news = [case for case in cases if not _is_fine(requirement, case, known, strict)]
    used = [d for d in known if any(_covers(d, case) for case in cases)]
    unexpected = None
    if news:
        worst = max(news, key=lambda case: SEVERITY[case.verdict])
        unexpected = _news(requirement.id, worst, known, source)
    elif whole and (stale := [d for d in known if d not in used]):
        where = f" in {stale[0].case}" if stale[0].case else ""
        unexpected = (
            f"the known deviation ({stale[0].verdict}){where} was not seen: if the server has "
            f"mended it, remove its entry for {requirement.id} from {source}"
        )
    return RequirementResult(
        id=requirement.id,
        document=requirement.document,
        section=requirement.section,
        level=requirement.level,
        summary=requirement.summary,
        verdict=worst.verdict,
        close=max(closes, key=lambda close: CLOSE_SEVERITY[str(close)]) if closes else None,
        cases=len(cases),
        expected=worst.expected,
        observed=worst.observed or worst.reason,
        evidence=worst.evidence,
        deviation="; ".join(dict.fromkeys(d.reason for d in used)) or None,
        unexpected=unexpected,
    )


def is_wrong(requirement: Requirement, case: CaseResult, strict: bool) -> bool:
    """Whether a verdict needs a deviation to be acceptable."""
    if case.verdict == "ABSENT":
        # Nobody has to implement an extension: its requirements hold for who offers it.
        return requirement.level == "MUST" and requirement.document.startswith("RFC")
    return case.verdict in ("FAIL", "UNKNOWN") or (strict and case.verdict == "NON-STRICT")


def _is_fine(
    requirement: Requirement, case: CaseResult, known: Iterable[Deviation], strict: bool
) -> bool:
    return not is_wrong(requirement, case, strict) or any(_covers(d, case) for d in known)


def _covers(deviation: Deviation, case: CaseResult) -> bool:
    if deviation.verdict != case.verdict or deviation.case not in (None, case.case):
        return False
    patterns = deviation.observed or ["*"]
    return any(fnmatchcase(case.observed, pattern) for pattern in patterns)


def _news(identifier: str, case: CaseResult, known: Sequence[Deviation], source: str) -> str:
    what = case.observed or case.reason
    for deviation in known:
        if deviation.case in (None, case.case):
            return (
                f"{case.case}: {case.verdict} ({what}) is not the known deviation "
                f"{deviation.verdict} ({' or '.join(deviation.observed) or 'any'}): see the entry "
                f"for {deviation.requirement} in {source}"
            )
    return (
        f"{case.case}: {case.verdict} ({what}): mend the server, or add an entry for "
        f"{identifier} with its reason to {source}"
    )
