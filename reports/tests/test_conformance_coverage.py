"""The cells of the documents' own tables, in every format."""

from __future__ import annotations

import json

from harness.record.verdicts import Coverage
from reports import render
from reports.tests import conformance_runs as runs

EVIL = "\x1b[2J<script>alert(1)</script>"
TABLES = [
    Coverage(document="RFC 6121", section="8.5.4", table="messages", cells=52, covered=52),
    Coverage(
        document="RFC 6121", section="A", table=EVIL, cells=69, covered=68, missing=["in-x-none"]
    ),
]


def test_every_format_says_how_many(tmp_path):
    run = runs.record(tmp_path, [runs.requirement("a", "PASS")], coverage=TABLES)
    text = render(run, "text")
    assert "Cells RFC 6121 8.5.4 (messages): 52 of 52; RFC 6121 A " in " ".join(text.split())
    assert "68 of 69" in text
    found = json.loads(render(run, "json"))["coverage"]
    assert [table["covered"] for table in found] == [52, 68]
    assert found[1]["missing"] == ["in-x-none"]
    page = render(run, "html")
    assert "RFC 6121 8.5.4 (messages): 52 of 52" in page
    assert EVIL not in text + page
    assert "<script>alert" not in page


def test_runs_without_tables_say_nothing(tmp_path):
    run = runs.record(tmp_path, [runs.requirement("a", "PASS")])
    assert "Cells" not in render(run, "text") + render(run, "html")
    assert json.loads(render(run, "json"))["coverage"] == []
