"""From cases to requirements: the worst case counts, and what is not expected is said."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.suite.assess import assess
from harness.record.verdicts import CaseResult, Deviation, Requirement, RequirementResult

ID = "stream-id"


def requirement(level: str = "MUST") -> dict[str, Requirement]:
    return {
        ID: Requirement(
            id=ID,
            document="RFC 6120",
            section="4.7.3",
            level=level,  # type: ignore[arg-type]
            observability="stream",
            summary="an id",
        )
    }


def case(verdict: str, observed: str = "", name: str = "a", **more: Any) -> CaseResult:
    return CaseResult(case=name, requirements=[ID], verdict=verdict, observed=observed, **more)  # type: ignore[arg-type]


def one(cases: list[CaseResult], known: list[Deviation] = [], **more: Any) -> RequirementResult:  # noqa: B006
    level = more.pop("level", "MUST")
    (result,) = assess(requirement(level), cases, known, **more)
    return result


def deviation(verdict: str = "FAIL", **more: Any) -> Deviation:
    return Deviation(requirement=ID, verdict=verdict, reason="known", **more)  # type: ignore[arg-type]


def test_the_worst_case_counts() -> None:
    result = one([case("PASS"), case("FAIL", "no id", "b"), case("NON-STRICT", "short", "c")])
    assert (result.verdict, result.observed, result.cases) == ("FAIL", "no id", 3)


def test_the_worst_close_counts_apart() -> None:
    result = one([case("PASS", close="OPEN"), case("PASS", close="CLEAN")])
    assert (result.verdict, result.close) == ("PASS", "OPEN")


@pytest.mark.parametrize(
    ("verdict", "level", "strict", "unexpected"),
    [
        ("PASS", "MUST", True, False),
        ("NON-STRICT", "MUST", False, False),
        ("NON-STRICT", "MUST", True, True),
        ("ABSENT", "MUST", False, True),
        ("ABSENT", "SHOULD", False, False),
        ("UNKNOWN", "MAY", False, True),
        ("FAIL", "SHOULD", False, True),
    ],
)
def test_what_needs_a_deviation(verdict: str, level: str, strict: bool, unexpected: bool) -> None:
    result = one([case(verdict, "x")], level=level, strict=strict)
    assert bool(result.unexpected) is unexpected


def test_a_known_deviation_is_expected() -> None:
    result = one([case("FAIL", "no id")], [deviation(observed=["no id"])])
    assert result.unexpected is None
    assert result.deviation == "known"


def test_a_pattern_covers_what_varies() -> None:
    assert one([case("FAIL", "id of 3")], [deviation(observed=["id of *"])]).unexpected is None


def test_another_way_of_failing_is_news() -> None:
    result = one([case("FAIL", "id twice")], [deviation(observed=["no id"])], source="d.toml")
    assert result.unexpected is not None
    assert "id twice" in result.unexpected
    assert "no id" in result.unexpected
    assert "d.toml" in result.unexpected


def test_a_known_deviation_does_not_hide_another_case() -> None:
    known = [deviation(observed=["no id"])]
    result = one([case("FAIL", "no id"), case("UNKNOWN", "", "b", reason="broke")], known)
    assert result.unexpected is not None
    assert "broke" in result.unexpected


def test_a_deviation_of_one_case_is_for_that_case() -> None:
    known = [deviation(case="b")]
    assert one([case("FAIL", "x", "a")], known).unexpected
    assert not one([case("PASS", "", "a"), case("FAIL", "x", "b")], known).unexpected


def test_a_deviation_that_passes_is_news() -> None:
    result = one([case("PASS")], [deviation()], source="d.toml")
    assert result.unexpected is not None
    assert "remove" in result.unexpected
    assert "d.toml" in result.unexpected


def test_a_selection_tells_nothing_about_what_did_not_run() -> None:
    assert one([case("PASS")], [deviation()], whole=False).unexpected is None


def test_requirements_without_a_case_are_left_out() -> None:
    assert assess(requirement(), [], []) == []
