"""The figures: sums, percentiles, unknowns, and what does not reconcile."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.record.histogram import Histogram
from harness.record.model import GeneratorSample, Messages, Outcome, ServerSample, Users, Window
from harness.record.reader import Run
from harness.record.writer import RunWriter
from reports.operations import main_op
from reports.summary import reconcile, summarise
from reports.tests import runs


def record(directory, windows=(), samples=(), outcome=None):
    writer = RunWriter(directory, runs.manifest())
    writer.windows(windows)
    writer.samples(samples)
    if outcome:
        writer.finish(outcome)
    return Run(directory)


def sample(worker, t, users=None, messages=None, **figures):
    return GeneratorSample(
        t=t,
        worker=worker,
        cpu_s=figures.get("cpu_s", 1.0),
        rss_mb=figures.get("rss_mb", 50.0),
        lag_ms=1.0,
        users=users or Users(),
        messages=messages or Messages(),
    )


KEYS = "run target users messages latency_ms operations_ms floor_ms clean login errors server"
KEYS += " statistics cost generator clocks_ms verdict"
SERVER_KEYS = "cpu_s rss_max_mb threads_max files_max switches loopback_mb"
COST_KEYS = "cpu_ms_per_login cpu_us_per_delivery switches_per_delivery"
COST_KEYS += " loopback_bytes_per_delivery kb_per_session"


def test_clocks_are_those_of_the_moment_when_they_were_known_least(directories):
    clocks = summarise(Run(directories["busy"])).clocks_ms
    assert [msgspec.structs.astuple(clock) for clock in clocks] == [
        (0, pytest.approx(-0.04), 0.9),
        (1, pytest.approx(2.46), 0.9),
    ]
    assert summarise(Run(directories["usual"])).clocks_ms == []


def test_keys(run):
    def keys(value):
        return " ".join(value)

    summary = msgspec.to_builtins(summarise(run))
    assert keys(summary) == KEYS
    assert keys(summary["users"]) == "wanted connected bound present"
    assert keys(summary["messages"]) == "sent delivered duplicated reordered late bounced lost"
    for which in ("planned", "actual"):
        assert keys(summary["latency_ms"][which]) == "p50 p90 p99 p999 p9999 max count"
    assert keys(summary["login"]) == "per_s phases"
    assert keys(summary["login"]["phases"]) == "tcp tls sasl bind roster presence whole planned"
    for phase in summary["login"]["phases"].values():
        assert keys(phase) == "p50 p90 p99 max count"
    wanted = {"server": SERVER_KEYS, "cost": COST_KEYS, "generator": "cpu_s rss_max_mb"}
    for name, words in wanted.items():
        assert summary[name] is None or keys(summary[name]) == words


def test_sums_the_last_sample_of_each_worker(tmp_path):
    run = record(
        tmp_path,
        samples=[
            sample(0, 1.0, Users(wanted=5, connected=1), Messages(sent=1), cpu_s=1.0, rss_mb=80.0),
            sample(1, 1.0, Users(wanted=4, connected=4), Messages(sent=7), cpu_s=0.5, rss_mb=30.0),
            sample(0, 2.0, Users(wanted=5, connected=5), Messages(sent=9), cpu_s=2.0, rss_mb=60.0),
            ServerSample(t=1.0, cpu_s=0.4, rss_mb=90.0, threads=3),
            ServerSample(t=2.0, cpu_s=0.7, rss_mb=70.0, threads=3),
        ],
    )
    summary = summarise(run)
    assert (summary.users.wanted, summary.users.connected) == (9, 9)
    assert summary.messages.sent == 16
    assert msgspec.to_builtins(summary.generator) == {"cpu_s": 2.5, "rss_max_mb": 110.0}
    assert msgspec.to_builtins(summary.server) == {
        "cpu_s": 0.7,
        "rss_max_mb": 90.0,
        "threads_max": 3,
        "files_max": None,  # not every system counts these
        "switches": None,
        "loopback_mb": None,
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seconds=st.lists(
        st.lists(st.integers(1, 60_000_000), min_size=1, max_size=80), min_size=1, max_size=5
    )
)
def test_percentiles_within_one_percent(tmp_path_factory, seconds):
    windows = [
        Window(t=t, worker=t % 2, op="message", count=len(us), planned=Histogram.of(us).encode())
        for t, us in enumerate(seconds)
    ]
    planned = summarise(record(tmp_path_factory.mktemp("run"), windows)).latency_ms.planned
    exact = sorted(us for second in seconds for us in second)
    assert planned.count == len(exact)
    for percent, found in ((50, planned.p50), (90, planned.p90), (99, planned.p99)):
        rank = -(-percent * len(exact) // 100)  # the nearest one that covers so many percent
        assert found * 1000 == pytest.approx(exact[rank - 1], rel=0.01, abs=1)
    assert planned.max * 1000 == pytest.approx(exact[-1], rel=0.01, abs=1)


def test_logins_per_second_counts_whole_seconds(tmp_path):
    one = record(tmp_path / "one", [Window(t=3, op="login", count=40)])
    assert summarise(one).login.per_s == 40
    windows = [
        Window(t=0, op="login", started=9, errors={"not-authorized": 9}),
        Window(t=2, op="login", count=10),
        Window(t=2, worker=1, op="login", count=10),
        Window(t=5, op="login", count=20),
    ]
    assert summarise(record(tmp_path / "four", windows)).login.per_s == 10


def test_a_login_is_told_from_tcp_and_from_its_planned_moment(directories):
    phases = summarise(Run(directories["usual"])).login.phases
    for name in ("p50", "p99", "max"):
        whole, planned = getattr(phases["whole"], name), getattr(phases["planned"], name)
        assert planned - whole == pytest.approx(runs.LOGIN_WAIT_US / 1000, rel=0.02)
    assert phases["planned"].count == phases["whole"].count > 0


def test_errors_are_summed_most_frequent_first(tmp_path):
    windows = [
        Window(t=0, op="login", errors={"not-authorized": 1}),
        Window(t=1, op="message", errors={"service-unavailable": 2}),
        Window(t=2, op="login", errors={"not-authorized": 4}),
    ]
    errors = summarise(record(tmp_path, windows)).errors
    assert list(errors.items()) == [("not-authorized", 5), ("service-unavailable", 2)]


def test_presence_is_the_main_operation_only_without_messages(tmp_path, directories):
    assert main_op(Run(directories["presence"])) == "presence"
    assert summarise(Run(directories["presence"])).latency_ms.planned.count > 0
    both = [Window(t=0, op="presence", count=5), Window(t=1, op="message", started=1)]
    assert main_op(record(tmp_path, both)) == "message"
    assert main_op(Run(directories["empty"])) == "message"


def test_nothing_recorded_is_unknown_not_zero(directories):
    summary = summarise(Run(directories["empty"]))
    assert summary.users.wanted is None
    assert summary.messages.sent is None
    assert summary.latency_ms.planned.p50 is None
    assert summary.login.per_s is None
    assert summary.server is summary.generator is None
    assert reconcile(summary) == []


@pytest.mark.parametrize(
    ("verdict", "reason", "expected"),
    [
        ("ok", "completed", "ok"),
        ("incomplete", "stopped by the user", "incomplete: stopped by the user"),
        ("failed", "ejabberd ended by signal 9", "failed: ejabberd ended by signal 9"),
    ],
)
def test_verdict(tmp_path, verdict, reason, expected):
    outcome = Outcome(ended="", duration_s=1.0, verdict=verdict, reason=reason)
    assert summarise(record(tmp_path, outcome=outcome)).verdict == expected


def test_cut_short(directories, tmp_path):
    directory = directories["truncated"]
    assert summarise(Run(directory)).verdict.startswith("failed: the run was cut short, ")
    for name in ("manifest.json", "windows.jsonl", "samples.jsonl"):
        data = (directory / name).read_bytes()
        (tmp_path / name).write_bytes(data[:-20] if name.endswith("jsonl") else data)
    assert summarise(Run(tmp_path)).messages.sent > 0


def test_what_does_not_reconcile_is_said(directories):
    summary = summarise(Run(directories["usual"]))
    assert reconcile(summary) == []
    summary.messages.lost = 0
    summary.users.present = summary.users.bound + 1
    users, messages = reconcile(summary)
    assert "791 users are present, but only 790 are bound" in users
    assert messages.startswith("3 of ")
    summary.messages.delivered = summary.messages.sent + 1
    assert "only" in reconcile(summary)[1]
