"""Compliance suites: what the verdicts of a run say of a category and a level, and how."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from conformance import catalogue, compliance
from conformance.compliance import text
from harness.errors import HarnessError
from harness.record.conformance import ConformanceRun, ConformanceWriter
from harness.record.verdicts import ConformanceManifest, ConformanceOutcome, RequirementResult

TABLE = """
[suite]
id = "XEP-0479"
title = "Suites"

[[category]]
id = "core"
name = "Core"
[[category.feature]]
name = "Streams"
levels = ["Server", "Advanced Server"]
providers = ["A"]
[[category.feature]]
name = "Events"
levels = ["Advanced Server"]
providers = ["B", "C"]

[[category]]
id = "im"
name = "IM"
[[category.feature]]
name = "Rooms"
levels = ["Server", "Advanced Server"]
providers = ["D"]
component = true
"""


@pytest.fixture(name="table")
def _table(tmp_path: Path) -> compliance.Table:
    path = tmp_path / "table.toml"
    path.write_text(TABLE)
    return compliance.load(path)


def result(
    document: str, verdict: str | None, level: str = "MUST", name: str = "rule"
) -> RequirementResult:
    return RequirementResult(
        id=name,
        document=document,
        section="1",
        level=level,  # type: ignore[arg-type]
        summary="a rule",
        verdict=verdict,  # type: ignore[arg-type]
    )


def results(**verdicts: str) -> list[RequirementResult]:
    """Verdicts on the requirements rule-0, rule-1 ... of each document; level MUST."""
    return [
        result(document, verdict, name=f"rule-{number}")
        for document, said in verdicts.items()
        for number, verdict in enumerate(said.split())
    ]


PASSING = {"A": "PASS", "B": "PASS", "C": "PASS", "D": "PASS"}


def one(table: compliance.Table, name: str, *found: RequirementResult) -> compliance.Claim:
    (claim,) = compliance.claims(table, name, found)
    return claim


@pytest.mark.parametrize(
    ("verdicts", "standing", "reached"),
    [
        ("PASS", "met", "reached"),
        ("PASS NON-STRICT", "met", "reached"),
        ("PASS ABSENT", "ABSENT", "not reached"),
        ("ABSENT ABSENT", "ABSENT", "not reached"),
        ("PASS FAIL NON-STRICT", "FAIL", "not reached"),
        ("PASS UNKNOWN", "UNKNOWN", "not shown"),
        ("UNKNOWN ABSENT", "ABSENT", "not reached"),
        ("ABSENT FAIL UNKNOWN", "FAIL", "not reached"),
        ("", "not tested", "not shown"),
    ],
)
def test_the_worst_must_is_how_a_feature_stands(
    table: compliance.Table, verdicts: str, standing: str, reached: str
) -> None:
    claim = one(table, "core", *results(A=verdicts))
    (feature,) = claim.features
    assert (feature.standing, claim.reached) == (standing, reached)
    assert claim.level == "Server"


@pytest.mark.parametrize("verdict", ["FAIL", "ABSENT", "UNKNOWN", "NON-STRICT"])
@pytest.mark.parametrize("level", ["SHOULD", "MAY"])
def test_recommendations_do_not_count(table: compliance.Table, level: str, verdict: str) -> None:
    claim = one(table, "core", *results(A="PASS"), result("A", verdict, level))
    assert claim.reached == "reached"
    assert claim.features[0].providers[0].tested == 1


@pytest.mark.parametrize("other", [result("A", "PASS", "SHOULD"), result("A", None)])
def test_without_a_must_that_was_tested_nothing_is_met(
    table: compliance.Table, other: RequirementResult
) -> None:
    claim = one(table, "core", other)
    assert (claim.features[0].standing, claim.reached) == ("not tested", "not shown")


def test_what_is_against_a_document_is_named(table: compliance.Table) -> None:
    (provider,) = one(table, "core", *results(A="PASS FAIL ABSENT")).features[0].providers
    assert provider.against == ["rule-1", "rule-2"]
    assert provider.tested == 3


def test_a_known_deviation_does_not_comply(table: compliance.Table) -> None:
    known = results(A="FAIL")[0]
    known.deviation = "they do it in another way"
    assert one(table, "core", known).reached == "not reached"


@pytest.mark.parametrize(
    ("bad", "reached"), [({"C": "FAIL"}, "not reached"), ({"C": ""}, "not shown")]
)
def test_a_feature_needs_every_provider(
    table: compliance.Table, bad: dict[str, str], reached: str
) -> None:
    found = compliance.claims(table, "advanced", results(**PASSING | bad))
    said = {(claim.category, claim.level): claim.reached for claim in found}
    assert said == {
        ("Core", "Server"): "reached",
        ("Core", "Advanced Server"): reached,
        ("IM", "Server"): "reached",
        ("IM", "Advanced Server"): reached,
    }


def test_the_core_is_part_of_every_category(table: compliance.Table) -> None:
    claim = one(table, "im", *results(A="FAIL", D="PASS"))
    assert claim.reached == "not reached"
    assert [(f.category, f.standing) for f in claim.features] == [("Core", "FAIL"), ("IM", "met")]
    assert one(table, "core", *results(A="PASS", D="FAIL")).reached == "reached"


def test_names_of_suites() -> None:
    table = compliance.load()
    names = [category.id for category in table.category]
    assert names == ["core", "web", "im", "mobile", "calling"]
    assert [level for _, level in compliance.wanted(table, "mobile")] == ["Server"]
    assert len(compliance.wanted(table, "advanced")) == 2 * len(names)
    for name in ("nonsense", "", "Core", "IM"):
        with pytest.raises(HarnessError, match=r"choose one of core, web, im, .* advanced"):
            compliance.documents(name)


def test_the_table_of_2023() -> None:
    """How many features each category and level demands, core included (XEP-0479 section 2)."""
    table = compliance.load()
    found = {
        (claim.category, claim.level): len(claim.features)
        for claim in compliance.claims(table, "advanced", [])
    }
    core, advanced = 4, 7
    assert found == {
        ("Core", "Server"): core,
        ("Core", "Advanced Server"): advanced,
        ("Web", "Server"): core + 1,
        ("Web", "Advanced Server"): advanced + 1,
        ("IM", "Server"): core + 5,
        ("IM", "Advanced Server"): advanced + 12,
        ("Mobile", "Server"): core + 2,
        ("Mobile", "Advanced Server"): advanced + 3,
        ("A/V Calling", "Server"): core + 1,
        ("A/V Calling", "Advanced Server"): advanced + 1,
    }


def test_a_suite_runs_what_the_catalogue_has_of_it() -> None:
    known = set(catalogue.load().titles)
    assert compliance.documents("core") == ["RFC 6120", "RFC 7590", "XEP-0030"]
    assert {"RFC 6121", "XEP-0054", "XEP-0280"} <= set(compliance.documents("im"))
    assert "XEP-0191" not in compliance.documents("im")  # at the advanced level only
    everything = set(compliance.documents("advanced"))
    assert {"XEP-0115", "XEP-0163", "XEP-0191", "XEP-0198", "XEP-0352"} <= everything <= known


def test_archives_of_rooms_are_not_those_of_accounts() -> None:
    met = [result("XEP-0313", "PASS")]
    (claim,) = [
        claim
        for claim in compliance.claims(compliance.load(), "advanced", met)
        if (claim.category, claim.level) == ("IM", "Advanced Server")
    ]
    standings = {feature.name: feature.standing for feature in claim.features}
    assert standings["History storage and retrieval"] == "met"
    assert standings["Advanced group chat"] == "not tested"


def _run(tmp_path: Path, found: list[RequirementResult]) -> ConformanceRun:
    manifest = ConformanceManifest(
        run_id="r",
        started="2026-01-01T00:00:00Z",
        command=[],
        target="prosody",
        server="Prosody",
        version="0.12.3",
        domain="bench.test",
        transport="starttls",
        effort="ci",
        seed=1,
        versions={},
    )
    outcome = ConformanceOutcome(
        ended="2026-01-01T00:01:00Z",
        seconds=60.0,
        verdict="unexpected",
        reason="",
        counts={},
        unexpected=[],
    )
    record = ConformanceWriter(tmp_path / "run", manifest)
    record.finish(found, outcome)
    return ConformanceRun(tmp_path / "run")


def test_words(tmp_path: Path) -> None:
    found = [
        *results(**{"RFC 6120": "PASS", "RFC 7590": "UNKNOWN", "XEP-0030": "ABSENT ABSENT"}),
        *results(**{"XEP-0198": "PASS FAIL"}),
    ]
    said = text.render(_run(tmp_path, found), "mobile")
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert lines[0] == "XMPP Compliance Suites 2023 (XEP-0479): Prosody 0.12.3"
    assert lines[1] == "Mobile Server not reached"
    for line in (
        "met Core: Core features: RFC 6120",
        "UNKNOWN Core: TLS: RFC 7590 UNKNOWN: 1 of 1 (rule-0)",
        "missing Core: Feature discovery: XEP-0030 ABSENT",
        "not tested Core: Server extensibility: XEP-0114 was not tested",
        "missing Stream management: XEP-0198 FAIL: 1 of 2 (rule-1)",
        "not tested Client state indication: XEP-0352 was not tested",
    ):
        assert line in lines
    assert all(len(line) <= 80 for line in said.splitlines())


def test_many_findings_are_counted(tmp_path: Path) -> None:
    found = results(**{"RFC 6120": "FAIL FAIL FAIL FAIL FAIL"})
    said = text.render(_run(tmp_path, found), "core")
    assert "5 of 5" in said
    assert "and 2 more)" in " ".join(said.split())


def test_json(tmp_path: Path) -> None:
    found = text.as_json(_run(tmp_path, results(**{"RFC 6120": "PASS"})), "core")
    assert json.loads(json.dumps(found)) == found
    assert (found["suite"], found["name"]) == ("XEP-0479", "core")
    (claim,) = found["claims"]
    assert (claim["category"], claim["level"], claim["reached"]) == ("Core", "Server", "not shown")
    streams = claim["features"][0]
    assert (streams["name"], streams["standing"]) == ("Core features", "met")
    assert streams["providers"][0] == {
        "document": "RFC 6120",
        "standing": "met",
        "tested": 1,
        "against": [],
    }


def test_a_table_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "table.toml"
    path.write_text('[suite]\nid = "x"\n')
    with pytest.raises(HarnessError, match=r"table\.toml"):
        compliance.load(path)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--suite", "nonsense"], "nonsense"),
        (["--suite", ""], "choose one of"),
        (["--suite", "nonsense", "--list"], "--list"),
        (["--suite", "im", "--select", "XEP-0030"], "--select"),
        (["--suite", "im", "--replay", "replay.py"], "--replay"),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, arguments: list[str], word: str) -> None:
    command = [sys.executable, "-m", "harness", "conformance", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.strip().splitlines()
    assert word in line
