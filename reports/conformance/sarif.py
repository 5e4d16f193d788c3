"""The verdicts as SARIF 2.1.0 (OASIS), for systems that show findings of analysis tools.

A rule is a requirement, a result is a case that is not as the text wants it: an error where the
level is MUST, a warning for SHOULD, a note for what is tolerated. What a known deviation covers is
suppressed with its reason. A result is located at the finding's own file: no line of anyone's
source is known to be the cause.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from harness.record.conformance import ConformanceRun
from harness.record.verdicts import CaseResult
from reports.conformance.results import Result, results
from reports.conformance.wording import line, server, visible

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_SHOWN = ("FAIL", "UNKNOWN", "NON-STRICT")
_NO_FILE = "conformance"


def render(run: ConformanceRun) -> str:
    """One SARIF log with one run, indented."""
    found = [result for result in results(run) if _cases(result) or result.unexpected]
    rules = [_rule(result) for result in found]
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "xmpp-harness",
                        "version": run.manifest.versions.get("harness", "0"),
                        "rules": rules,
                    }
                },
                "automationDetails": {"id": f"conformance/{line(run.manifest.target)}/"},
                "properties": {"server": server(run.manifest)},
                "invocations": [{"executionSuccessful": _complete(run)}],
                "results": [
                    item for index, result in enumerate(found) for item in _items(index, result)
                ],
            }
        ],
    }
    return json.dumps(log, indent=2)


def _complete(run: ConformanceRun) -> bool:
    return run.outcome is not None and run.outcome.verdict != "incomplete"


def _rule(result: Result) -> dict[str, Any]:
    where = f"{line(result.document)} {line(result.section)}".rstrip()
    return {
        "id": line(result.id),
        "shortDescription": {"text": line(result.summary) or line(result.id)},
        "help": {"text": f"{where}, {result.level or 'level not known'}"},
        "properties": {"tags": [line(result.document), result.level or "-"]},
    }


def _cases(result: Result) -> list[CaseResult]:
    return [case for case in result.cases if case.verdict in _SHOWN]


def _items(index: int, result: Result) -> Iterator[dict[str, Any]]:
    cases = _cases(result)
    for case in cases:
        seen = visible(case.observed or case.reason) or "nothing"
        expected = f" Expected: {visible(case.expected)}." if case.expected else ""
        text = f"{case.verdict}: {seen}.{expected} Case: {line(case.case)}"
        yield _item(index, result, _level(result, case), text, case)
    if not cases:  # a deviation that was not seen, or a feature that is missing
        yield _item(index, result, "error", visible(result.unexpected or ""), None)


def _level(result: Result, case: CaseResult) -> str:
    if case.verdict == "NON-STRICT":
        return "note"
    return "error" if result.level in ("MUST", None) else "warning"


def _item(
    index: int, result: Result, level: str, text: str, case: CaseResult | None
) -> dict[str, Any]:
    evidence = case.evidence if case else None
    path = f"{line(evidence)}/finding.txt" if evidence else _NO_FILE
    name = f"{result.id} {case.case if case else ''}"
    item: dict[str, Any] = {
        "ruleId": line(result.id),
        "ruleIndex": index,
        "level": level,
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": path},
                    "region": {"startLine": 1},
                }
            }
        ],
        "partialFingerprints": {"case/v1": hashlib.sha256(name.encode()).hexdigest()},
    }
    if result.covered:
        reason = {"kind": "external", "justification": visible(result.deviation or "")}
        item["suppressions"] = [reason]
    return item
