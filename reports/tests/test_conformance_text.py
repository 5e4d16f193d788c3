"""Text and JSON: one screen, one object, whatever the record holds; and who renders what."""

from __future__ import annotations

import json

import pytest

from harness.errors import HarnessError
from harness.record.conformance import ConformanceRun
from reports import CONFORMANCE_FORMATS, FORMATS, render, render_matrix
from reports.conformance.results import natural
from reports.conformance.wording import line, names, visible
from reports.tests import conformance_runs as runs

EVIL = "\x1b[2J\x00\r\n<script>alert(1)</script>\u202e" + "very long words that say little " * 20
NEWS = (
    "rfc6120/test_04_streams.py::test_id: FAIL (ignored) is not the known deviation FAIL (closed): "
    "see the entry for stream-id in deviations.toml"
)


def assert_one_screen(text):
    *lines, path = text.split("\n")
    assert len(lines) + 1 <= 40
    assert max(map(len, lines)) <= 80
    assert path.startswith("Run ")
    assert all(character.isprintable() for line in lines for character in line)


def words_of(text):
    return " ".join(text.split())


def test_says_what_was_run_and_where_the_evidence_lies(conformance):
    text = render(conformance["ejabberd"], "text")
    assert_one_screen(text)
    for fact in ("ejabberd 23.01", "bench.test", "STARTTLS", "ci; seed 4711", "182 s"):
        assert fact in text
    assert "evidence/ of the run directory" in words_of(text)
    assert str(conformance["ejabberd"]) in text


def test_counts_by_level_and_verdict(tmp_path):
    rows = [
        runs.requirement("a", "PASS"),
        runs.requirement("b", "PASS"),
        runs.requirement("c", "FAIL", deviation="so it is"),
        runs.requirement("d", "NON-STRICT", level="SHOULD"),
        runs.requirement("e", None, level="SHOULD"),
    ]
    text = render(runs.record(tmp_path, rows), "text")
    table = {name: cells for name, *cells in map(str.split, filter(None, text.splitlines()))}
    assert " ".join(table["Requirements"]) == "PASS NON-STRICT FAIL ABSENT UNKNOWN no case all"
    assert table["MUST"] == ["2", "-", "1", "-", "-", "-", "3"]
    assert table["SHOULD"] == ["-", "1", "-", "-", "-", "1", "2"]
    assert table["all"] == ["2", "1", "1", "-", "-", "1", "5"]
    assert "MAY" not in table
    assert "Deviations   1 requirement as is known" in text


def test_unexpected_findings_say_what_is_new_and_which_line_to_change(tmp_path):
    rows = [
        runs.requirement("stream-id", "FAIL", unexpected=NEWS),
        runs.requirement("known", "FAIL", deviation="so it is"),
    ]
    text = render(runs.record(tmp_path, rows), "text")
    assert_one_screen(text)
    assert "Unexpected: 1\n  FAIL stream-id (MUST RFC 6120 4.7.3)" in text
    assert NEWS in words_of(text)
    assert "known (MUST" not in text


def test_what_does_not_fit_is_counted(tmp_path):
    rows = [runs.requirement(f"r{n:02}", "FAIL", unexpected=NEWS) for n in range(30)]
    text = render(runs.record(tmp_path, rows), "text")
    assert_one_screen(text)
    shown = text.count("(MUST RFC 6120 4.7.3)")
    assert shown >= 4
    assert f"... and {30 - shown} more" in text


def test_a_run_cut_short_says_so(conformance):
    text = render(conformance["cut"], "text")
    assert_one_screen(text)
    assert "incomplete: cut short after" in text
    assert "not compared with the known deviations" in words_of(text)
    assert "Unexpected" not in text
    found = json.loads(render(conformance["cut"], "json"))
    assert found["seconds"] is None
    assert found["requirements"]
    assert {row["level"] for row in found["requirements"]} == {None}


def test_the_reference_server_is_no_evidence(conformance):
    assert "no evidence of conformance" in words_of(render(conformance["embedded"], "text"))
    assert "no evidence of" not in words_of(render(conformance["ejabberd"], "text"))


def test_the_worst_record_still_fits(tmp_path):
    texts = dict.fromkeys(("server", "version", "domain", "started"), EVIL)
    of = runs.manifest(**texts, selected=[EVIL] * 9, command=[EVIL])
    row = runs.requirement("x" * 300, "FAIL", document=EVIL, section=EVIL, unexpected=EVIL * 9)
    found = runs.case("x", row.id, "FAIL", observed=EVIL, evidence=f"evidence/{'x' * 90}")
    assert_one_screen(render(runs.record(tmp_path, [row] * 9, [found], of), "text"))


def test_json_has_exactly_its_keys(conformance):
    found = json.loads(render(conformance["ejabberd"], "json"))
    assert " ".join(found) == ("target version counts requirements unexpected seconds coverage")
    assert " ".join(found["requirements"][0]) == (
        "id document section level verdict close cases expected observed evidence deviation"
    )
    run = ConformanceRun(conformance["ejabberd"])
    assert found["counts"] == run.outcome.counts
    assert sorted(found["unexpected"]) == sorted(run.outcome.unexpected) != []
    assert len(found["requirements"]) == len(run.requirements)
    assert sum(row["cases"] for row in found["requirements"]) == len(run.cases)
    assert (found["target"], found["version"], found["seconds"]) == ("ejabberd", "23.01", 182.4)


def test_requirements_are_in_the_order_of_the_document():
    sections = ["4.10", "4.9.3", "4.9", "A.2", "11", "4"]
    assert sorted(sections, key=natural) == ["4", "4.9", "4.9.3", "4.10", "11", "A.2"]


def test_what_is_unprintable_is_escaped():
    assert visible("a\x1b[0m\r\x00\x7f\u202e\ud800\nb\xe9") == (
        "a\\x1b[0m\\r\\x00\\x7f\\u202e\\ud800\nb\xe9"
    )
    assert line("a\nb\n") == "a\\nb"


def test_no_two_runs_have_the_same_name(tmp_path):
    of = [runs.manifest(), runs.manifest(transport="direct"), runs.manifest(version="24.02")]
    found = [
        ConformanceRun(runs.record(tmp_path / str(n), of=manifest))
        for n, manifest in enumerate([*of, of[0]])
    ]
    assert names(found) == [
        "ejabberd 23.01, STARTTLS (1)",
        "ejabberd 23.01, direct TLS",
        "ejabberd 24.02",
        "ejabberd 23.01, STARTTLS (2)",
    ]


def test_the_kind_of_run_chooses_the_formats(conformance, directories):
    for name in CONFORMANCE_FORMATS:
        assert render(conformance["cut"], name)
    assert set(CONFORMANCE_FORMATS) == {*FORMATS, "junit", "sarif", "github"}
    with pytest.raises(HarnessError, match=r"a load run has no .* 'junit': .*text, json"):
        render(directories["empty"], "junit")
    with pytest.raises(HarnessError, match=r"a conformance run has no .*text, json, junit, html"):
        render(conformance["cut"], "pdf")


def test_the_matrix_is_of_conformance_runs_only(conformance, directories, tmp_path):
    with pytest.raises(HarnessError, match="holds a load run"):
        render_matrix([conformance["ejabberd"], directories["empty"]])
    with pytest.raises(HarnessError, match="not a run directory"):
        render_matrix([tmp_path])
    with pytest.raises(HarnessError, match="no run to report on"):
        render_matrix([])


def test_reading_leaves_the_directory_as_it_was(conformance):
    before = sorted(conformance["ejabberd"].rglob("*"))
    for name in CONFORMANCE_FORMATS:
        render(conformance["ejabberd"], name)
    assert sorted(conformance["ejabberd"].rglob("*")) == before
