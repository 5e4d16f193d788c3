"""Conformance runs of the same cases: what is a difference, whose it is, how it is shown."""

from __future__ import annotations

import json

import pytest

from harness.errors import HarnessError
from reports import differential
from reports.tests import conformance_runs as runs
from reports.tests.test_conformance_browser import FAINT

EVIL = "<script>alert(1)</script>\x1b[2J"


@pytest.fixture
def pair(tmp_path):
    """Two runs of these cases, as a `Differential`."""

    def build(first, second, needs=("one",), **changes):
        for name, cases in (("a", first), ("b", second)):
            of = runs.manifest(target=name, server=name.upper(), **(changes if name == "b" else {}))
            cases = [
                runs.leave_evidence(tmp_path / name, c, "transcript") if c.verdict == "FAIL" else c
                for c in cases
            ]
            needed = [runs.requirement(need, "PASS") for need in needs]
            runs.record(tmp_path / name, needed, cases, of)
        return differential.differential([tmp_path / "a", tmp_path / "b"])

    return build


def seen(verdict, observed="", inputs=(), name="x"):
    return runs.case(name, "one", verdict, observed=observed, inputs=list(inputs))


def kinds(found):
    return [(d.id, d.kind, [case.kind for case in d.cases]) for d in found.differences]


def test_alike_is_no_difference(pair):
    found = pair([seen("FAIL", "no id")], [seen("FAIL", "no id")])
    assert (found.cases, found.differences) == (1, [])
    assert "none" in differential.render(found, "text")


@pytest.mark.parametrize(
    ("a", "b", "kind", "who"),
    [
        ("PASS", "FAIL", "meets", "met by A 23.01; B 23.01 fails"),
        ("NON-STRICT", "FAIL", "meets", "met by A 23.01; B 23.01 fails"),
        ("ABSENT", "PASS", "meets", "met by B 23.01; not offered by A 23.01"),
        ("ABSENT", "FAIL", "meets", "met by none; not offered by A 23.01; B 23.01 fails"),
        ("PASS", "UNKNOWN", "meets", "met by A 23.01; not known for B 23.01"),
        ("PASS", "NON-STRICT", "strictness", "met by all"),
    ],
)
def test_verdicts_that_differ(pair, a, b, kind, who):
    found = pair([seen(a)], [seen(b)])
    assert kinds(found) == [("one", kind, [kind])]
    assert differential.wording.who(found.servers, found.differences[0].sides) == who


def test_the_same_verdict_and_another_behaviour(pair):
    found = pair([seen("PASS", "error conflict")], [seen("PASS", "resource changed")])
    assert kinds(found) == [("one", "behaviour", ["behaviour"])]


def test_other_inputs_explain_other_words_but_no_other_verdict(pair):
    same, other = ["11", "22"], ["11", "33"]
    assert not pair([seen("PASS", "a", same)], [seen("PASS", "b", other)]).differences


def test_other_inputs_do_not_explain_another_verdict(pair):
    found = pair([seen("PASS", "a", ["11", "22"])], [seen("FAIL", "b", ["33"])])
    [case] = found.differences[0].cases
    assert (case.inputs, case.alike) == (False, 0)
    assert (found.generated, found.same_inputs) == (1, 0)


def test_a_case_that_ended_early_is_compared_as_far_as_it_went(pair):
    found = pair([seen("PASS", "a", ["11", "22", "33"])], [seen("FAIL", "b", ["11", "22"])])
    [case] = found.differences[0].cases
    assert (case.inputs, case.alike, found.same_inputs) == (True, 2, 1)


def test_a_requirement_has_its_worst_case_and_cases_stand_where_they_are_first(pair):
    def cases(verdict):
        bound = runs.case("y", "two", verdict)
        bound.requirements = ["two", "one"]
        return [seen("PASS"), bound]

    found = pair(cases("PASS"), cases("FAIL"), needs=("one", "two"))
    assert [(d.id, [s.verdict for s in d.sides], len(d.cases)) for d in found.differences] == [
        ("one", ["PASS", "FAIL"], 0),
        ("two", ["PASS", "FAIL"], 1),
    ]


def test_cases_that_ran_on_one_server_only_are_left_out(pair):
    found = pair([seen("PASS"), seen("FAIL", name="z")], [seen("PASS")])
    assert (found.cases, found.left_out, found.differences) == (1, 1, [])


@pytest.mark.parametrize("key", ["effort", "transport", "selected"])
def test_what_was_not_asked_the_same_is_refused(pair, key):
    other = {"effort": "dev", "transport": "off", "selected": ["4.7"]}[key]
    with pytest.raises(HarnessError, match=f"not comparable: {key} differs: "):
        pair([seen("PASS")], [seen("PASS")], **{key: other})


def test_another_seed_is_said(pair):
    found = pair([seen("PASS")], [seen("FAIL", "b")], seed=1)
    assert "not the same seed" in differential.render(found, "text")


def test_text_names_each_must_and_fits(pair):
    found = pair([seen("PASS")], [seen("FAIL", f"words {EVIL} " * 9)])
    text = differential.render(found, "text")
    assert "\x1b" not in text
    assert "RFC 6120 4.7.3 one: met by A 23.01; B 23.01 fails" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80


def test_json_is_what_was_found(pair):
    found = json.loads(differential.render(pair([seen("PASS")], [seen("FAIL", "b")]), "json"))
    assert found["servers"] == ["A 23.01", "B 23.01"]
    [difference] = found["differences"]
    assert [side["verdict"] for side in difference["sides"]] == ["PASS", "FAIL"]
    assert difference["cases"][0]["sides"][1]["evidence"].startswith("b/evidence/")


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page(pair, browser, watch, tmp_path, width, scheme):
    """It fits, is readable, filters, links to transcripts, and asks no other host."""
    first = [seen("PASS"), seen("PASS", "a", name="y")]
    found = pair(first, [seen("FAIL", EVIL), seen("PASS", "b", name="y")])
    file = tmp_path / "differences.html"
    file.write_text(differential.render(found, "html"), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    requests = watch(page)
    page.goto(file.as_uri())
    page.locator("details").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(FAINT)["faint"] == []
    assert page.locator("output").inner_text() == "1 of 1 shown"
    link = page.locator("a", has_text="transcript").first.get_attribute("href")
    assert (tmp_path / link).is_file()
    page.get_by_role("searchbox").fill("nothing like this")
    assert page.locator("output").inner_text() == "0 of 1 shown"
    assert page.locator(".empty").is_visible()
    page.close()
    assert len(requests) == 1
