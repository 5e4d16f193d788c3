"""The server's own statistics in the reports."""

from __future__ import annotations

import msgspec

from harness.record.reader import Run
from reports import render
from reports.charts import charts
from reports.statistics import rows, statistics
from reports.tests import runs


def test_each_figure_at_most(directories):
    found = statistics(Run(directories["busy"]))
    assert found is not None
    assert msgspec.to_builtins(found) == {
        "sessions": 792,
        "online": 790,  # of each worker one login failed
        "figures": {"Erlang processes": 230.0 + 1584, "<b>rooms": 3.0},
        "reply_ms": 40.0,
    }


def test_a_server_without_statistics(directories):
    run = Run(directories["usual"])
    assert statistics(run) is None
    assert rows(run) == []
    assert "What the server says" not in render(directories["usual"], "html")


def test_at_first_at_most_at_last(directories):
    assert rows(Run(directories["busy"]))[0] == ("sessions", 66.0, 792.0, 792.0)
    assert rows(Run(directories["busy"]))[2] == ("<b>rooms", 3.0, 3.0, 2.0)


def test_the_page_shows_them_as_text(directories):
    page = render(directories["busy"], "html")
    assert '<h2 id="statistics">What the server says</h2>' in page
    assert "&lt;b&gt;rooms" in page
    assert "<b>rooms" not in page
    assert "at most 790 users were online" in page


def test_its_count_stands_among_ours(directories):
    (sessions,) = [chart for chart in charts(Run(directories["busy"])) if chart.id == "sessions"]
    theirs = next(trace for trace in sessions.data if trace["name"] == "counted by the server")
    assert theirs["y"][0] == 66
    assert max(theirs["y"]) == 792
    assert "The server itself counts at most 792." in sessions.text


def test_the_terminal_says_how_many(directories):
    assert "; counts 792 sessions" in render(directories["busy"], "text")


def test_a_record_of_sessions_alone_and_of_none(tmp_path):
    directory = runs.write(tmp_path / "r", runs.Recipe(seconds=5, workers=1))
    with (directory / "samples.jsonl").open("a") as log:
        log.write('{"type":"statistics","t":1.0,"took_ms":2.0,"figures":{"rooms":1.0}}\n')
    found = statistics(Run(directory))
    assert found is not None
    assert found.sessions is None
    assert "; counts" not in render(directory, "text")
    assert rows(Run(directory)) == [("rooms", 1.0, 1.0, 1.0)]
