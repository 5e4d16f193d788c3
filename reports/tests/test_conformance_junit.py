"""JUnit XML: the structure that Jenkins demands, and a red build whenever the run is red."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from reports import render
from reports.tests import conformance_runs as runs

# junit-10.xsd of Jenkins' xUnit plugin: (attributes that must be there, that may be, children).
# `properties` of a testcase is our one addition, which Jenkins' JUnit plugin reads.
SCHEMA = {
    "testsuites": ("", "name time tests failures errors", "testsuite"),
    "testsuite": (
        "name tests failures errors",
        "group time skipped timestamp hostname id package file log url version",
        "testsuite properties testcase system-out system-err",
    ),
    "testcase": (
        "name",
        "time classname group",
        "properties skipped error failure system-out system-err",
    ),
    "properties": ("", "", "property"),
    "property": ("name value", "", ""),
    "failure": ("", "type message", ""),
    "error": ("", "type message", ""),
    "skipped": ("", "type message", ""),
    "system-out": ("", "", ""),
}
TIME = re.compile(r"[0-9]+\.[0-9]{3}")
EVIL = "</failure><script>alert(1)</script>]]>&\x00\x0b\x1b\ufffe\U0001f600\u202e\n\xe9"


def junit(directory):
    text = render(directory, "junit")
    root = ET.fromstring(text)
    assert root.tag == "testsuites"
    follow(root)
    count(root)
    return text, root


def follow(element):
    """The element and everything in it is as the schema says."""
    must, may, children = (set(names.split()) for names in SCHEMA[element.tag])
    assert must <= element.attrib.keys() <= must | may, element.tag
    if "time" in element.attrib:
        assert TIME.fullmatch(element.get("time"))
    if children:
        assert not (element.text or "").strip()
    for child in element:
        assert child.tag in children, (element.tag, child.tag)
        assert not (child.tail or "").strip()
        follow(child)


def count(root):
    """The numbers in the attributes are those of the elements."""
    for element in [root, *root]:
        cases = list(element.iter("testcase"))
        assert int(element.get("tests")) == len(cases)
        numbers = {"failures": "failure", "errors": "error", "skipped": "skipped"}
        for attribute, tag in numbers.items():
            if attribute in element.attrib:
                assert int(element.get(attribute)) == sum(c.find(tag) is not None for c in cases)
        seconds = sum(float(case.get("time")) for case in cases)
        assert float(element.get("time")) == pytest.approx(seconds, abs=0.01 + len(cases) / 1000)


def the_case(root, name):
    (found,) = (case for case in root.iter("testcase") if case.get("name") == name)
    return found


def kinds(case):
    return [child.tag for child in case if child.tag != "properties"]


def properties(case):
    found = case.findall("properties/property")
    return [(item.get("name"), item.get("value")) for item in found]


@pytest.mark.parametrize("name", ["ejabberd", "embedded", "cut"])
def test_has_the_structure_that_jenkins_demands(conformance, name):
    text, root = junit(conformance[name])
    assert text.isascii()
    assert len(root) > 0


def test_a_suite_for_each_document_and_a_case_for_each_case(conformance):
    _, root = junit(conformance["ejabberd"])
    assert [suite.get("name") for suite in root] == ["RFC 6120", "RFC 6121", "RFC 7622"]
    assert properties(root[0])[:2] == [("target", "ejabberd"), ("version", "23.01")]
    lines = (conformance["ejabberd"] / "cases.jsonl").read_text().splitlines()
    assert len(list(root.iter("testcase"))) == len(lines)


@pytest.mark.parametrize(
    ("verdict", "deviation", "kind"),
    [
        ("PASS", None, []),
        ("NON-STRICT", None, ["system-out"]),
        ("FAIL", None, ["failure"]),
        ("FAIL", "since its first release", ["system-out"]),
        ("UNKNOWN", None, ["error"]),
        ("UNKNOWN", "since its first release", ["system-out"]),
        ("ABSENT", None, ["skipped"]),
        ("ABSENT", "since its first release", ["skipped"]),
    ],
)
def test_verdicts_become_what_ci_knows(tmp_path, verdict, deviation, kind):
    found = runs.case("x[a]", "r", verdict, expected="this", observed="that", close="NO-TAG")
    row = runs.requirement("r", verdict, deviation=deviation)
    _, root = junit(runs.record(tmp_path, [row], [found]))
    case = the_case(root, "test_x[a]")
    assert case.get("classname") == "rfc6120.test_04_streams"
    assert kinds(case) == kind
    assert properties(case) == [
        ("requirement", "r"),
        ("section", "RFC 6120 4.7.3"),
        ("verdict", verdict),
        ("close", "NO-TAG"),
        *([("deviation", deviation)] if deviation else []),
    ]
    if verdict == "FAIL" and not deviation:
        assert case.find("failure").get("message") == "expected this; observed that"
        assert "requirement: r\n" in case.find("failure").text
    if deviation and verdict != "ABSENT":
        assert f"deviation: {deviation}\n" in case.find("system-out").text


def test_one_requirement_without_deviation_makes_the_case_a_failure(tmp_path):
    found = runs.case("x", "r", "FAIL", requirements=["r", "s"])
    rows = [
        runs.requirement("r", "FAIL", deviation="known"),
        runs.requirement("s", "FAIL", unexpected="news"),
    ]
    _, root = junit(runs.record(tmp_path, rows, [found]))
    case = the_case(root, "test_x")
    assert kinds(case) == ["failure"]
    assert [value for name, value in properties(case) if name == "requirement"] == ["r", "s"]


def test_a_deviation_that_failed_in_another_way_is_a_failure(tmp_path):
    found = runs.case("x", "r", "FAIL")
    row = runs.requirement("r", "FAIL", deviation="known", unexpected="another way")
    _, root = junit(runs.record(tmp_path, [row], [found]))
    assert kinds(the_case(root, "test_x")) == ["failure"]
    assert root.get("tests") == "1"


@pytest.mark.parametrize("verdict", ["PASS", "NON-STRICT", "ABSENT"])
def test_what_gates_without_a_failing_case_is_red_as_well(tmp_path, verdict):
    row = runs.requirement("r", verdict, unexpected="not seen: remove its entry from d.toml")
    _, root = junit(runs.record(tmp_path, [row], [runs.case("x", "r", verdict)]))
    assert "failure" not in kinds(the_case(root, "test_x"))
    failure = the_case(root, "r").find("failure")
    assert failure.get("message") == "not seen: remove its entry from d.toml"
    assert root.get("failures") == "1"


def test_a_run_cut_short_is_red(conformance):
    _, root = junit(conformance["cut"])
    assert "cut short" in the_case(root, "reaches its end").find("error").get("message")
    assert {suite.get("name") for suite in root} == {"rfc6120", "run"}


def test_hostile_text_stays_text(tmp_path):
    of = runs.manifest(server=EVIL, version=EVIL, started=EVIL)
    found = runs.case(EVIL, EVIL, "FAIL", expected=EVIL, observed=EVIL, reason=EVIL)
    row = runs.requirement(EVIL, "FAIL", document=EVIL, section=EVIL, unexpected=EVIL)
    text, root = junit(runs.record(tmp_path, [row], [found], of))
    assert "<script" not in text
    failure = next(root.iter("failure"))
    assert "<script>alert(1)</script>]]>&\\x00\\x0b\\x1b\\ufffe\U0001f600\\u202e" in failure.text
