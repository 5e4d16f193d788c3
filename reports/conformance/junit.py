"""JUnit XML for CI systems: a suite for each document, a test case for each case.

FAIL is a failure, UNKNOWN an error, ABSENT skipped; what the known deviations cover is none of
these and says so. What gates without any of them (a deviation that was not seen, a feature that
is missing) is a failure of its own, named after the requirement, and so is a run that did not
reach its end: the file is red whenever the run is.

The structure is that of junit-10.xsd of Jenkins' xUnit plugin with one addition: properties of a
test case, which pytest writes and Jenkins' JUnit plugin reads in the same place. Readers that
skip them find the same in the text of the failure or in system-out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from xml.etree import ElementTree as ET

import msgspec

from harness.record.conformance import ConformanceRun
from harness.record.verdicts import CaseResult, ConformanceManifest
from reports.conformance import wording
from reports.conformance.results import Result, document_of, results

_KINDS = {"FAIL": "failure", "UNKNOWN": "error", "ABSENT": "skipped"}


class _Test(msgspec.Struct, kw_only=True):
    """One testcase element. `kind`: failure, error, skipped, or empty for one that passes."""

    suite: str
    classname: str
    name: str
    seconds: float = 0.0
    kind: str = ""
    type: str = ""
    message: str = ""
    text: str = ""
    properties: list[tuple[str, str]] = []


def render(run: ConformanceRun) -> str:
    """The XML document. Pure ASCII, so that it survives any encoding of standard output."""
    found = results(run)
    known = {result.id: result for result in found}
    tests = [_test(case, [known[name] for name in case.requirements]) for case in run.cases]
    tests += [*_unseen(found), *_unfinished(run)]
    suites: dict[str, list[_Test]] = defaultdict(list)
    for test in tests:
        suites[test.suite].append(test)
    root = ET.Element("testsuites", {"name": wording.server(run.manifest)} | _numbers(tests))
    del root.attrib["skipped"]  # the schema knows it of suites only
    for name, members in suites.items():
        root.append(_suite(name, members, run.manifest))
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="us-ascii", xml_declaration=True)
    return document.decode("ascii")


def _test(case: CaseResult, bound: list[Result]) -> _Test:
    module, _, name = case.case.partition("::")
    kind = _KINDS.get(case.verdict, "")
    if kind in ("failure", "error") and bound and all(result.covered for result in bound):
        kind = ""
    properties = _properties(case, bound)
    words = case.observed or case.reason
    return _Test(
        suite=bound[0].document if bound else document_of(case),
        classname=module.removesuffix(".py").replace("/", "."),
        name=name or module,
        seconds=case.seconds,
        kind=kind,
        type=case.verdict,
        message=f"expected {case.expected}; observed {words}" if case.expected else words,
        text="" if case.verdict == "PASS" else _text(case, properties),
        properties=properties,
    )


def _properties(case: CaseResult, bound: list[Result]) -> list[tuple[str, str]]:
    properties = []
    for result in bound:
        properties.append(("requirement", result.id))
        properties.append(("section", f"{result.document} {result.section}".rstrip()))
    properties.append(("verdict", case.verdict))
    if case.close:
        properties.append(("close", case.close))
    if case.verdict != "PASS":
        reasons = dict.fromkeys(result.deviation for result in bound if result.deviation)
        properties += [("deviation", reason) for reason in reasons]
    if case.evidence:
        properties.append(("evidence", case.evidence))
    return properties


def _text(case: CaseResult, properties: Iterable[tuple[str, str]]) -> str:
    rest = [("expected", case.expected), ("observed", case.observed), ("reason", case.reason)]
    return "".join(f"{name}: {value}\n" for name, value in (*properties, *rest) if value)


def _unseen(found: Iterable[Result]) -> Iterable[_Test]:
    """What gates although none of its cases is a failure or an error."""
    for result in found:
        if result.unexpected and not any(c.verdict in ("FAIL", "UNKNOWN") for c in result.cases):
            yield _Test(
                suite=result.document,
                classname="unexpected",
                name=result.id,
                kind="failure",
                type="unexpected",
                message=result.unexpected,
                properties=[
                    ("requirement", result.id),
                    ("section", f"{result.document} {result.section}".rstrip()),
                ],
            )


def _unfinished(run: ConformanceRun) -> Iterable[_Test]:
    verdict, words = wording.outcome(run)
    if verdict == "incomplete":
        yield _Test(
            suite="run",
            classname="run",
            name="reaches its end",
            kind="error",
            type="incomplete",
            message=words,
        )


def _suite(name: str, tests: list[_Test], manifest: ConformanceManifest) -> ET.Element:
    named = {"name": wording.line(name), "timestamp": wording.line(manifest.started)}
    suite = ET.Element("testsuite", named | _numbers(tests))
    properties = {
        "target": manifest.target,
        "version": manifest.version or "",
        "transport": manifest.transport,
        "effort": manifest.effort,
        "seed": str(manifest.seed),
    }
    _add_properties(suite, properties.items())
    for test in tests:
        _add_test(suite, test)
    return suite


def _numbers(tests: list[_Test]) -> dict[str, str]:
    def number(kind: str) -> str:
        return str(sum(test.kind == kind for test in tests))

    return {
        "tests": str(len(tests)),
        "failures": number("failure"),
        "errors": number("error"),
        "skipped": number("skipped"),
        "time": f"{sum(test.seconds for test in tests):.3f}",
    }


def _add_test(suite: ET.Element, test: _Test) -> None:
    element = ET.SubElement(
        suite,
        "testcase",
        classname=wording.line(test.classname),
        name=wording.line(test.name),
        time=f"{test.seconds:.3f}",
    )
    _add_properties(element, test.properties)
    if test.kind:
        message = wording.line(test.message)
        child = ET.SubElement(element, test.kind, type=test.type, message=message)
    elif test.text:
        child = ET.SubElement(element, "system-out")
    else:
        return
    child.text = wording.visible(test.text)


def _add_properties(to: ET.Element, properties: Iterable[tuple[str, str]]) -> None:
    if pairs := list(properties):
        element = ET.SubElement(to, "properties")
        for name, value in pairs:
            ET.SubElement(element, "property", name=name, value=wording.line(value))
