"""What CI systems show: Markdown, SARIF and GitHub's annotations."""

from __future__ import annotations

import json

import pytest
from sarif_pydantic import Sarif

from harness.errors import HarnessError
from harness.record.checks import Check
from reports import markdown, render, tables
from reports.tests import conformance_runs as runs

EVIL = "a|b\n::error::x <img src=x> @all [y](http://z) \x1b[2J"


def rows(text):
    return [line for line in text.splitlines() if line.startswith("|")]


@pytest.fixture
def shut(tmp_path):
    """A run with one of each: unexpected, known, tolerated, and missing without a case."""
    cases = [
        runs.case("new", "new", "FAIL", observed=EVIL, expected="an id", evidence="evidence/new"),
        runs.case("known", "known", "FAIL", observed="no id"),
        runs.case("soft", "soft", "NON-STRICT", observed="another condition"),
        runs.case("good", "good", "PASS"),
    ]
    wanted = [
        runs.requirement("new", "FAIL", unexpected=f"test: FAIL ({EVIL})", observed=EVIL),
        runs.requirement("known", "FAIL", deviation="it has none"),
        runs.requirement("soft", "NON-STRICT", level="SHOULD"),
        runs.requirement("good", "PASS"),
        runs.requirement("gone", None, unexpected="the deviation for gone was not seen"),
    ]
    return runs.record(tmp_path / "r", wanted, cases)


def test_conformance_markdown_counts_and_names_the_unexpected(shut):
    text = render(shut, "markdown")
    assert "| MUST | 1 | 0 | 2 | 0 | 0 |" in text
    assert "**Unexpected: 2**" in text
    assert "| - | gone |" in text
    assert "it has none" not in text
    assert "<img" not in text.replace("\\<img", "")
    assert "a\\|b" in text


def test_sarif_is_sarif_with_a_result_for_each_case(shut):
    text = render(shut, "sarif")
    log = Sarif.model_validate_json(text)
    [run] = json.loads(text)["runs"]
    found = {(r["ruleId"], r["level"], "suppressions" in r) for r in run["results"]}
    assert found == {
        ("new", "error", False),
        ("known", "error", True),
        ("soft", "note", False),
        ("gone", "error", False),
    }
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[r["ruleIndex"]] == r["ruleId"] for r in run["results"])
    [place] = [r["locations"][0] for r in run["results"] if r["ruleId"] == "new"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "evidence/new/finding.txt"
    assert "\x1b" not in text
    assert len(log.runs[0].results) == 4


def test_annotations_are_one_line_each_and_cannot_be_forged(shut):
    lines = render(shut, "github").splitlines()
    titles = [line.split("::")[1] for line in lines]
    assert sorted(titles) == ["error title=FAIL new", "error title=no case gone"]


def test_annotations_of_a_good_run_and_of_many(tmp_path):
    good = runs.record(
        tmp_path / "a", [runs.requirement("x", "PASS")], [runs.case("x", "x", "PASS")]
    )
    assert render(good, "github").startswith("::notice title=conformance::")
    wanted = [runs.requirement(f"r{n}", "FAIL", unexpected="new") for n in range(12)]
    lines = render(runs.record(tmp_path / "b", wanted), "github").splitlines()
    assert len(lines) == 11
    assert lines[-1] == "::notice title=conformance::2 more: see the report"


def test_a_run_that_was_cut_short_is_no_good_run(tmp_path):
    cut = runs.record(tmp_path / "a", cases=[runs.case("x", "x", "PASS")], truncated=True)
    assert render(cut, "github").startswith("::error title=conformance::cut short")
    assert json.loads(render(cut, "sarif"))["runs"][0]["invocations"] == [
        {"executionSuccessful": False}
    ]
    assert "cut short" in render(cut, "markdown")


def test_markdown_of_every_load_run(directory):
    if directory.name == "empty":
        pytest.skip("it holds no sample")
    text = render(directory, "markdown")
    assert text.startswith("### Load: ")
    tables_ = rows(text)
    assert tables_
    assert "\x1b" not in text


def test_limits_are_kept_or_not():
    checks = [
        Check(metric="lost", limit="== 0", measured="0", ok=True),
        Check(metric="delivery.p99", limit="< 1 us", measured="2 ms", ok=False),
    ]
    assert rows(markdown.limits(checks))[2:] == [
        "| kept | lost | == 0 | 0 |",
        "| BREACH | delivery.p99 | \\< 1 us | 2 ms |",
    ]


def test_cells_hold_no_markup():
    assert tables.table(["a", "b"], [["x|y", "<b>\n@all"]]) == (
        "| a | b |\n| --- | ---: |\n| x\\|y | \\<b\\> \\@all |"
    )


def test_load_runs_have_no_sarif(directories):
    with pytest.raises(HarnessError, match="choose one of text, json, html, markdown"):
        render(directories["usual"], "sarif")
