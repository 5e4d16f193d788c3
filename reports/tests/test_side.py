"""Servers beside each other: figures over the runs, formats, and what is escaped."""

from __future__ import annotations

import json
import re
import shutil

import msgspec
import pytest

from harness.errors import HarnessError
from harness.record.checks import Check
from harness.record.reader import Run
from harness.record.side import Side, Trial, load, write
from reports import render
from reports.cost import cost
from reports.side.columns import TABLES, measured
from reports.side.jsonreport import medians
from reports.side.servers import Server, all_tables, configuration, servers
from reports.summary import summarise
from reports.tests import runs

COLUMNS = {column.key: column for table in TABLES for column in table.columns}


KEPT = Check(metric="lost", limit="== 0", measured="0", ok=True)
BREACH = Check(metric="delivery.p99", limit="< 5 ms", measured="9.9 ms", ok=False)


def invent(root, repeats=2, missing="tigase", version="0.12.3", **changes):
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
    write(root, msgspec.structs.replace(side, **changes))
    return root


def change(root, **changes):
    """The record with these changes."""
    write(root, msgspec.structs.replace(load(root), **changes))


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return invent(tmp_path_factory.mktemp("side"))


def known(directory):
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


def test_logins_that_are_the_load_cost_what_the_whole_run_did(directories, tmp_path):
    directory = shutil.copytree(directories["login"], tmp_path / "run")
    before = cost(Run(directory)).cpu_ms_per_login
    outcome = json.loads((directory / "outcome.json").read_text())
    outcome |= {"load_start_t": 0.25, "load_s": outcome["load_start_t"] + outcome["load_s"]}
    (directory / "outcome.json").write_text(json.dumps(outcome))
    run = Run(directory)
    logins = sum(w.count for w in run.windows if w.op == "login")
    found = cost(run).cpu_ms_per_login
    assert found == pytest.approx(1e3 * run.server[-1].cpu_s / logins)
    assert found > before


def test_every_figure_of_a_whole_run_is_known(directory):
    server = known(directory)[0]
    unknown = [key for key, column in COLUMNS.items() if server.figure(column).median is None]
    assert unknown == []


def test_costs_are_those_of_the_parts_of_the_run(directories):
    run = Run(directories["usual"])
    outcome, op = run.outcome, "message"
    begin, end = outcome.load_start_t, outcome.load_start_t + outcome.load_s
    assert (begin, end) == (12, 54)  # so that samples are from then
    at = {sample.t: sample for sample in run.server}
    found = cost(run)
    logins = sum(w.count for w in run.windows if w.op == "login" and w.t < begin)
    assert found.cpu_ms_per_login == pytest.approx(1e3 * at[12].cpu_s / logins)
    deliveries = sum(w.count for w in run.windows if w.op == op and begin <= w.t < end)

    def each(name):
        return (getattr(at[54], name) - getattr(at[12], name)) / deliveries

    assert found.cpu_us_per_delivery == pytest.approx(1e6 * each("cpu_s"))
    assert found.switches_per_delivery == pytest.approx(each("switches"))
    assert found.loopback_bytes_per_delivery == pytest.approx(1024 * 1024 * each("loopback_mb"))
    assert cost(Run(directories["empty"])) is None
    assert cost(Run(directories["truncated"])) is None


def test_costs_that_no_sample_knows(directories, tmp_path):
    shutil.copytree(directories["usual"], tmp_path / "run")
    samples = tmp_path / "run" / "samples.jsonl"
    lines = samples.read_text().splitlines()
    kept = [re.sub(r',"(fds|switches|loopback_mb)":[\d.]+', "", line) for line in lines]
    samples.write_text("\n".join(kept) + "\n")
    summary = summarise(Run(tmp_path / "run"))
    assert summary.cost.cpu_us_per_delivery > 0
    assert summary.cost.switches_per_delivery is None
    assert summary.cost.loopback_bytes_per_delivery is None
    assert (summary.server.files_max, summary.server.switches) == (None, None)
    assert 'id="inside"' not in render(tmp_path / "run", "html")


def test_what_the_memory_of_few_sessions_is_nobody_says(directories):
    assert cost(Run(directories["embedded"])).kb_per_session is None


def test_json_has_the_object_of_a_single_run_for_each_server(directory):
    found = json.loads(render(directory, "json"))
    assert list(found) == ["ejabberd", "prosody", "tigase"]
    assert found["tigase"] == {"error": "no <b>Java</b>"}
    single = [json.loads(render(directory / f"runs/{n}-ejabberd", "json")) for n in (1, 2)]
    assert found["ejabberd"]["runs"] == single
    assert set(found["ejabberd"]) == {*single[0], "runs", "figures"}
    assert set(found["ejabberd"]["figures"]) == set(COLUMNS)


def test_json_over_several_runs_has_the_median_of_each_figure(directory):
    whole = json.loads(render(directory, "json"))["ejabberd"]
    for path in (
        ("messages", "sent"),
        ("latency_ms", "planned", "p99"),
        ("login", "phases", "tls", "max"),
        ("server", "cpu_s"),
        ("cost", "cpu_us_per_delivery"),
    ):
        value, of = whole, whole["runs"]
        for key in path:
            value, of = value[key], [one[key] for one in of]
        assert value == pytest.approx(sum(of) / 2), path
    assert whole["run"] == str(directory)
    assert whole["verdict"] == "ok"


def test_medians_of_what_not_every_run_has():
    one = {"errors": {"timeout": 4}, "verdict": "ok", "cost": None, "target": "x", "clocks_ms": []}
    other = one | {"errors": {}, "verdict": "failed: it died", "cost": {"a": 3.0, "b": None}}
    third = one | {"errors": {"reset": 1, "timeout": 1}, "cost": {"a": 5.0, "b": 1}}
    assert medians([one, other, third]) == {
        "errors": {"timeout": 1, "reset": 0},
        "verdict": "failed: it died",
        "cost": {"a": 4.0, "b": 1},
        "target": "x",
        "clocks_ms": [],
    }
    assert medians([one]) == one


def test_json_of_one_run_of_each_has_no_list_of_runs(tmp_path):
    found = json.loads(render(invent(tmp_path, repeats=1), "json"))
    single = json.loads(render(tmp_path / "runs/1-prosody", "json"))
    assert {key: value for key, value in found["prosody"].items() if key != "figures"} == single


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


def test_configurations_of_those_that_ran_stand_beside_each_other(tmp_path):
    invent(tmp_path, repeats=1)
    manifest = tmp_path / "runs/1-prosody/manifest.json"
    manifest.write_text(manifest.read_text().replace('"archive": "off"', '"archive": "always"'))
    rows = {row.label: row for row in configuration(known(tmp_path))}
    assert rows["SASL mechanism"].texts == ["SCRAM-SHA-1", "SCRAM-SHA-1"]
    assert rows["Archive"].texts == ["off", "always"]
    assert [label for label, row in rows.items() if row.differs] == ["Archive"]
    assert "Archive, which differs" in render(tmp_path, "text")
    assert render(tmp_path, "html").count("<small>differs</small>") == 1


def test_limits_stand_with_what_each_run_measured(tmp_path):
    trials = load(invent(tmp_path)).trials
    for trial in trials:
        trial.limits = [KEPT, BREACH if trial.repeat == 1 else KEPT] if trial.directory else []
    change(tmp_path, trials=trials)
    text = render(tmp_path, "text")
    assert "BREACH  ejabberd 23.01      delivery.p99 < 5 ms: 9.9 ms" in text
    assert "kept    Prosody 0.12.3      lost == 0: 0, 0" in text
    assert "  Prosody 0.12.3: delivery.p99 is 9.9 ms, the limit is < 5 ms" in text
    assert '<td class="breach">breach</td>' in render(tmp_path, "html")
    assert "Every run went as asked" not in render(tmp_path, "html")
    limits = json.loads(render(tmp_path, "json"))["prosody"]["limits"]
    assert [(one["metric"], one["ok"]) for one in limits] == [
        ("lost", True),
        ("delivery.p99", False),
    ]


@pytest.mark.parametrize(
    ("interrupted", "said"),
    [
        (True, "Stopped by the user before all runs were done: 2 of 6."),
        (False, "Its record ends before all runs were done: 2 of 6."),
    ],
)
def test_what_was_not_run_is_missed(tmp_path, interrupted, said):
    """Stopped, or killed with nobody left to say so."""
    trials = load(invent(tmp_path)).trials[:2]
    change(tmp_path, trials=trials, interrupted=interrupted)
    assert said in render(tmp_path, "text")
    assert said in render(tmp_path, "html")
    assert json.loads(render(tmp_path, "json"))["tigase"] == {
        "error": "not run: it was stopped before"
    }


def test_all_went_well(tmp_path):
    trials = [trial for trial in load(invent(tmp_path)).trials if trial.directory]
    change(tmp_path, trials=trials, targets=["ejabberd", "prosody"])
    assert "Every run went as asked." in render(tmp_path, "html")
    assert "Not as asked" not in render(tmp_path, "text")


def test_what_the_generator_could_not_is_not_the_server_s(tmp_path):
    invent(tmp_path, repeats=1)
    busy = runs.Recipe(seconds=20, users=600, workers=1, busy_seconds=tuple(range(20)))
    run = tmp_path / "busy"
    runs.write(run, busy, runs.target(name="prosody", server="Prosody", version="0.12.3"))
    (run / "samples.jsonl").replace(tmp_path / "runs/1-prosody/samples.jsonl")
    for format in ("text", "html"):  # noqa: A001 - the word of the command line
        report = render(tmp_path, format)
        assert "Prosody 0.12.3, run 1: 0.0 % of the load" in report
        assert "ejabberd 23.01, run 1" not in report


def test_other_operations_have_a_table(tmp_path):
    invent(tmp_path, repeats=1)
    assert "others" not in {table.id for table in all_tables(known(tmp_path))}
    windows = tmp_path / "runs/1-prosody/windows.jsonl"
    lines = windows.read_text().splitlines()
    joins = [line.replace('"message"', '"join"') for line in lines if '"message"' in line]
    windows.write_text("\n".join([*lines, *joins]) + "\n")
    servers = known(tmp_path)
    (table,) = [table for table in all_tables(servers) if table.id == "others"]
    assert [column.heading for column in table.columns] == ["join p50, ms", "join p99, ms"]
    figures = [[server.figure(column).median for column in table.columns] for server in servers]
    actual = servers[1].runs[0].summary.latency_ms.actual
    assert figures == [[None, None], [actual.p50, actual.p99], [None, None]]


def test_no_other_format(directory):
    with pytest.raises(HarnessError, match="no format 'junit'"):
        render(directory, "junit")


def test_latencies_without_a_plan_are_the_actual_ones(directories):
    run = Run(directories["presence"])
    assert len(Server("x", [measured(run)], []).latencies()) > 0
