"""Checks as JUnit XML: a test case for each limit, which fails where the limit is breached.

A run that did not reach its end is an error besides, so that the file is red whenever it is.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from harness.record.checks import Check
from harness.record.reader import Run
from reports.wording import clean


def junit(checks: list[Check], run: Run) -> str:
    """The XML document. Pure ASCII, so that it survives any encoding of standard output."""
    manifest = run.manifest
    classname = clean(f"limits.{manifest.scenario}.{manifest.target.name}")
    unfinished = _unfinished(run)
    numbers = {
        "tests": str(len(checks) + (unfinished is not None)),
        "failures": str(sum(not check.ok for check in checks)),
        "errors": str(int(unfinished is not None)),
        "time": f"{run.outcome.duration_s:.3f}" if run.outcome else "0.000",
    }
    root = ET.Element("testsuites", {"name": classname} | numbers)
    named = {"name": "limits", "timestamp": clean(manifest.started), "skipped": "0"}
    suite = ET.SubElement(root, "testsuite", named | numbers)
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(run).items():
        ET.SubElement(properties, "property", name=name, value=clean(value))
    for check in checks:
        name = f"{check.metric} {check.limit}"
        case = ET.SubElement(suite, "testcase", classname=classname, name=name, time="0.000")
        if check.ok:
            ET.SubElement(case, "system-out").text = f"measured {check.measured}"
        else:
            failure = ET.SubElement(case, "failure", type="limit", message=check.sentence)
            failure.text = check.sentence
    if unfinished is not None:
        case = ET.SubElement(
            suite, "testcase", classname=classname, name="the run reaches its end", time="0.000"
        )
        ET.SubElement(case, "error", type="run", message=unfinished).text = unfinished
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="us-ascii", xml_declaration=True)
    return document.decode("ascii")


def _unfinished(run: Run) -> str | None:
    """Why the figures are not those of a whole run; None when they are."""
    if run.outcome is None:
        return "the run was cut short"
    if run.outcome.verdict == "ok":
        return None
    return clean(f"{run.outcome.verdict}: {run.outcome.reason}")


def _properties(run: Run) -> dict[str, str]:
    target = run.manifest.target
    return {
        "run": str(run.directory),
        "run_id": run.manifest.run_id,
        "scenario": run.manifest.scenario,
        "target": target.name,
        "server": target.server or "",
        "version": target.version or "",
        "config_digest": run.manifest.config_digest,
    }
