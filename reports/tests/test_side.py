"""Servers beside each other: figures over the runs, formats, and what is escaped."""

from __future__ import annotations

import json

import msgspec
import pytest

from harness.errors import HarnessError
from harness.record.reader import Run
from harness.record.side import Side, Trial, write
from reports import render
from reports.cost import cost
from reports.side.columns import TABLES, measured
from reports.side.servers import Server, configuration, servers
from reports.tests import runs

COLUMNS = {column.key: column for table in TABLES for column in table.columns}


def invent(root, repeats=2, missing="tigase", version="0.12.3"):
    """ejabberd and Prosody, and one that could not be run."""
    side = Side(
        started="2026-02-01T12:00:00Z",
        command=["xmpp-harness", "bench", "chat", "--target", "ejabberd,prosody,tigase"],
        scenario="chat",
        targets=["ejabberd", "prosody", missing],
        repeats=repeats,
    )
    for repeat in range(1, repeats + 1):
        for name, software, of in (
            ("ejabberd", "ejabberd", "23.01"),
            ("prosody", "Prosody", version),
        ):
            place = f"runs/{repeat}-{name}"
            target = runs.target(name=name, server=software, version=of)
            recipe = runs.Recipe(seconds=20, users=600, workers=1, seed=repeat)
            runs.write(root / place, recipe, target)
            side.trials.append(Trial(target=name, repeat=repeat, directory=place))
        side.trials.append(Trial(target=missing, repeat=repeat, code=2, error="no <b>Java</b>"))
    write(root, side)
    return root


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return invent(tmp_path_factory.mktemp("side"))


def known(directory):
    from harness.record.side import load

    return servers(directory, load(directory))


def test_figures_are_the_median_and_the_range_over_the_runs(directory):
    server = known(directory)[0]
    values = sorted(m.summary.latency_ms.planned.p99 for m in server.runs)
    figure = server.figure(COLUMNS["p99"])
    assert (figure.low, figure.high) == (values[0], values[1])
    assert figure.median == pytest.approx(sum(values) / 2)
    assert values[0] != values[1]


def test_a_server_without_runs_has_no_figures(directory):
    server = known(directory)[2]
    assert server.errors == ["no <b>Java</b>"]
    figures = [server.figure(column) for column in COLUMNS.values()]
    assert {msgspec.structs.astuple(figure) for figure in figures} == {(None, None, None)}


def test_every_figure_of_a_whole_run_is_known(directory):
    server = known(directory)[0]
    unknown = [key for key, column in COLUMNS.items() if server.figure(column).median is None]
    assert unknown == []


def test_costs_are_those_of_the_parts_of_the_run(directories):
    run = Run(directories["usual"])
    begin = run.outcome.load_start_t
    found = cost(run)
    spent = max(s.cpu_s for s in run.server if s.t <= begin)
    logins = sum(w.count for w in run.windows if w.op == "login" and w.t < begin)
    assert found.cpu_ms_per_login == pytest.approx(1e3 * spent / logins)
    assert 0 < found.cpu_us_per_delivery < 1e6
    assert cost(Run(directories["empty"])) is None
    assert cost(Run(directories["truncated"])) is None


def test_what_the_memory_of_few_sessions_is_nobody_says(directories):
    assert cost(Run(directories["embedded"])).kb_per_session is None


def test_json_has_the_object_of_a_single_run_for_each_server(directory):
    found = json.loads(render(directory, "json"))
    assert list(found) == ["ejabberd", "prosody", "tigase"]
    assert found["tigase"] == {"error": "no <b>Java</b>"}
    single = json.loads(render(directory / "runs/1-ejabberd", "json"))
    assert {key: found["ejabberd"][key] for key in single} == single
    assert len(found["ejabberd"]["runs"]) == 2
    assert set(found["ejabberd"]["figures"]) == set(COLUMNS)


def test_json_of_one_run_of_each_has_no_list_of_runs(tmp_path):
    found = json.loads(render(invent(tmp_path, repeats=1), "json"))
    assert "runs" not in found["prosody"]


def test_text_has_every_figure_of_every_server(directory):
    text = render(directory, "text")
    assert "ejabberd 23.01" in text
    assert "Prosody 0.12.3" in text
    assert "tigase: no <b>Java</b>" in text
    for column in COLUMNS.values():
        assert f"  {column.title}" in text
    assert max(map(len, text.splitlines()[:-1])) <= 100


def test_the_page_escapes_what_servers_say(tmp_path):
    page = render(invent(tmp_path, repeats=1, version="<script>alert(1)</script>"), "html")
    assert "<script>alert(1)" not in page
    assert "no &lt;b&gt;Java" in page
    assert "http://" not in page.partition("<script>")[0]


def test_configurations_stand_beside_each_other(directory):
    rows = configuration(known(directory))
    assert rows["SASL mechanism"] == ["SCRAM-SHA-1", "SCRAM-SHA-1", "not known"]
    assert rows["Differences"] == ["none", "none", "not known"]


def test_no_other_format(directory):
    with pytest.raises(HarnessError, match="no format 'junit'"):
        render(directory, "junit")


def test_latencies_without_a_plan_are_the_actual_ones(directories):
    run = Run(directories["presence"])
    assert len(Server("x", [measured(run)], []).latencies()) > 0
