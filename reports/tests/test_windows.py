"""Every figure of every page has a unit, and says over which part of the run it was taken."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from harness.record.reader import Run
from reports import wording
from reports.charts import charts
from reports.side import columns
from reports.summary import summarise

UNIT = re.compile(r", (us|ms|s|/s|%|B|KB|MB)$")
AXIS_UNIT = re.compile(r"\((s|ms|MB|MB/s|% core|per second|ms, log scale)\)$| per second$")
WINDOW = re.compile(r"whole run|clean seconds|the load|each moment|per second|a second|in each run")

# Numbers that count things, have their unit in each cell, or take it from the row's first heading.
COUNTS = {"count", "requirements", "with level MUST", "step", "messages/s", "users"}
COUNTS |= {column.heading for table in columns.TABLES for column in table.columns if column.whole}
COUNTS |= {"context switches for a delivery"}
PERCENTILES = {"p50", "p90", "p99", "p99.9", "max"}
IN_CELLS = {"A", "B", "C", "95 % interval", "B / A", "C / A"}  # of a comparison
OF_THEIR_ROW = {"at first", "at most", "at last"}  # the figure of the server's own says its unit
COUNT_AXES = {"percentile", "sessions", "threads", "open files"}

# Sections whose tables hold words, or what the run was asked for.
UNMEASURED = {"configuration", "command", "facts", "runs", "differences", "limits", "steps"}


class Sections(HTMLParser):
    """Of each section: its id, its notes, the headings of its tables' columns."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, dict[str, list]] = {}
        self.now = "before"
        self.into: list | None = None
        self.of_number = False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        of = {name: value or "" for name, value in attributes}
        classes = of.get("class", "").split()
        if tag == "section":
            self.now = of.get("aria-labelledby") or of.get("aria-label", "")
        here = self.found.setdefault(self.now, {"notes": [], "heads": [], "tables": []})
        if tag == "table":
            here["tables"].append(True)
        if tag == "p" and "note" in classes:
            here["notes"].append("")
            self.into = here["notes"]
        if tag == "th" and of.get("scope") == "col":
            here["heads"].append(["", "number" in classes])
            self.into = here["heads"]

    def handle_endtag(self, tag):
        if tag in ("p", "th", "small"):
            self.into = None

    def handle_data(self, data):
        if self.into is None:
            return
        if isinstance(self.into[-1], list):
            self.into[-1][0] += data
        else:
            self.into[-1] += data


def sections(page):
    without = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", page, flags=re.DOTALL)
    return Sections(without).found


@pytest.mark.parametrize("name", ["load", "login", "side", "capacity", "compare", "differential"])
def test_every_column_of_numbers_has_a_unit(pages, name):
    seen = 0
    for section in sections(pages[name]).values():
        in_ms = any(head.endswith(", ms") for head, number in section["heads"] if not number)
        for head, number in section["heads"]:
            if not number:
                continue
            seen += 1
            limit = name == "capacity" and re.search(r"[<>=]=? ?[0-9]", head)  # unit in its cells
            known = head in COUNTS | IN_CELLS | OF_THEIR_ROW or limit
            assert UNIT.search(head) or known or (in_ms and head in PERCENTILES), head
    assert seen > 1


@pytest.mark.parametrize("name", ["load", "login", "side", "capacity", "compare"])
def test_every_table_of_figures_says_its_window(pages, name):
    seen = 0
    for heading, section in sections(pages[name]).items():
        if heading in UNMEASURED or not section["tables"]:
            continue
        seen += 1
        assert any(WINDOW.search(note) for note in section["notes"]), heading
    assert seen


def test_every_section_with_a_window_is_on_the_page(pages):
    found = sections(pages["load"])
    for section, window in wording.WINDOWS.items():
        assert any(window in note for note in found[section]["notes"]), section


def test_every_plot_has_axes_with_units_and_a_caption(run):
    for chart in charts(run):
        assert chart.text.endswith(".")
        axes = {k: v for k, v in chart.layout.items() if re.match(r"[xy]axis", k)}
        assert len(axes) >= 2
        for axis in axes.values():
            title = axis["title"]["text"]
            assert title in COUNT_AXES or AXIS_UNIT.search(title), title


def test_the_distribution_is_of_the_same_seconds_as_the_table(directories):
    """In a run of which some are not clean."""
    run = Run(directories["busy"])
    (distribution,) = (chart for chart in charts(run) if chart.id == "distribution")
    latency = summarise(run).latency_ms
    for line, percentiles in zip(distribution.data, (latency.planned, latency.actual), strict=True):
        assert (line["x"][-1], line["y"][-1]) == (percentiles.count, percentiles.max)
    assert latency.planned.count < sum(
        window.count for window in run.windows if window.op == "message"
    )
