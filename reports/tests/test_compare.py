"""Comparisons of recorded runs: what is planted is found, and what is not, is not."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest

from harness.errors import HarnessError
from harness.record.model import Outcome
from harness.record.reader import Run
from harness.record.writer import RunWriter
from reports.compare import compare, methods, render
from reports.compare.measured import measure
from reports.compare.pairs import figures
from reports.summary import summarise
from reports.tests import compare_runs, runs
from reports.tests.compare_runs import Plan

REPEAT = Plan(seconds=12, rate=60, wander=0.05)


@pytest.fixture
def made(tmp_path):
    """Make a run, or a directory of repeats, and return its path."""

    def make(name, plan=None, repeats=1, **changes):
        if repeats > 1:
            return compare_runs.group(tmp_path / name, repeats, plan or REPEAT, **changes)
        return compare_runs.write(tmp_path / name, plan or Plan(seconds=20), **changes)

    return make


def by_metric(comparison, pair=0):
    return {figure.metric: figure for figure in comparison.pairs[pair].figures}


def changes(comparison):
    return {name: f.change for name, f in by_metric(comparison).items() if f.finding != "same"}


# Findings.


def test_runs_alike_differ_no_more_often_than_stated(tmp_path, monkeypatch):
    """200 pairs whose seconds hang together: each figure's interval misses 1 about 1 time in 20."""
    monkeypatch.setattr(methods, "DRAWS", 300)
    plans = [Plan(seconds=30, rate=50, loss=0.005, seed=seed) for seed in range(200)]
    alike = [measure(Run(compare_runs.write(tmp_path / str(plan.seed), plan))) for plan in plans]
    pairs = [(alike[n], alike[n - 1]) for n in range(200)]
    missed, found = Counter(), 0
    for a, b in pairs:
        rows, _ = figures([a], [b], tolerance=0.0)
        missed.update(row.metric for row in rows if not _holds_1(row.interval))
        found += any(
            row.headline and row.finding != "same" and row.interval.certain for row in rows
        )
    assert len(pairs) == 200
    assert all(number <= 0.08 * 200 for number in missed.values()), missed
    assert missed.total() > 0  # or the intervals are too wide to be of use
    assert found <= 0.08 * 200


def _holds_1(interval):
    return interval.low <= 1 <= (interval.high or math.inf)


def test_a_slower_server_is_found(made):
    a = Plan(seconds=40, wander=0.1)
    found = compare([made("a", a), made("b", msgspec.structs.replace(a, median_ms=2.8, seed=2))])
    assert found.verdict == "worse"
    assert changes(found) == {
        "delivery.p50": "slower",
        "delivery.p90": "slower",
        "delivery.p99": "slower",
        "delivery.p999": "slower",
    }
    p50 = by_metric(found)["delivery.p50"]
    assert p50.ratio == pytest.approx(1.4, rel=0.1)
    assert p50.interval.low < 1.4 < p50.interval.high


def test_20_percent_are_found_in_a_minute(made):
    a, b = Plan(wander=0.1), Plan(wander=0.1, median_ms=2.4, seed=2)
    found = compare([made("a", a), made("b", b)])
    assert found.verdict == "worse"
    assert changes(found)["delivery.p50"] == changes(found)["delivery.p99"] == "slower"
    back = compare([made("c", b), made("d", a)])
    assert back.verdict == "better"
    assert changes(back)["delivery.p99"] == "faster"


def test_20_percent_are_found_in_repeats(made):
    slower = msgspec.structs.replace(REPEAT, median_ms=2.4, seed=2)
    found = compare([made("a", repeats=5), made("b", slower, repeats=4)])
    assert found.verdict == "worse"
    assert "5 and 4 repeats" in found.pairs[0].method
    assert [len(group.runs) for group in found.groups] == [5, 4]
    assert by_metric(found)["delivery.p50"].ratio == pytest.approx(1.2, rel=0.05)


def test_two_repeats_are_compared_by_their_seconds(made):
    found = compare([made("a", repeats=2), made("b", repeats=3)])
    assert "out of 24 and 36 s of load" in found.pairs[0].method


@pytest.mark.parametrize("repeats", [1, 3])
def test_losses_are_found(made, repeats):
    base = Plan(seconds=20, loss=0.001)
    lossy = msgspec.structs.replace(base, loss=0.03, seed=2)
    found = compare([made("a", base, repeats), made("b", lossy, repeats)])
    lost = by_metric(found)["lost"]
    assert (found.verdict, lost.change, lost.finding) == ("worse", "more", "worse")
    assert lost.b == pytest.approx(3, rel=0.3)
    assert lost.a == pytest.approx(0.1, abs=0.1)
    fewer = compare([made("c", lossy, repeats), made("d", base, repeats)])
    assert by_metric(fewer)["lost"].change == "fewer"
    assert fewer.verdict == "better"


def test_losses_where_there_were_none(made):
    found = compare([made("a"), made("b", Plan(seconds=20, loss=0.02, seed=2))])
    lost = by_metric(found)["lost"]
    assert (lost.a, lost.ratio, lost.interval.high) == (0, None, None)
    assert lost.interval.low > 1
    assert found.verdict == "worse"


def test_one_second_decides_nothing(made):
    """Neither one in which everything takes twenty times as long, nor one that loses half."""
    quiet = Plan(seconds=40)
    slow = msgspec.structs.replace(quiet, slow_second=17, seed=2)
    burst = msgspec.structs.replace(quiet, bursts=1, seed=3)
    found = compare([made("a", quiet), made("b", slow), made("c", burst)])
    assert found.verdict == "same"
    p99 = by_metric(found)["delivery.p99"]
    assert p99.ratio > 3  # it is shown
    assert p99.interval.low < 1 < p99.ratio < p99.interval.high
    lost = by_metric(found, 1)["lost"]
    assert lost.b > 1
    assert lost.finding == "same"


def test_what_a_message_costs_the_server(made):
    found = compare([made("a"), made("b", Plan(seconds=20, cpu_ms=0.6, seed=2))])
    cost = by_metric(found)["server.cpu_per_message"]
    assert cost.a == pytest.approx(400, rel=0.05)
    assert cost.b == pytest.approx(600, rel=0.05)
    assert (cost.change, cost.finding) == ("higher", "worse")
    assert by_metric(found)["generator.cpu_per_message"].b == pytest.approx(150, rel=0.05)
    assert found.verdict == "same"  # no headline figure


def test_throughput_that_is_higher_is_better(made):
    found = compare([made("a"), made("b", Plan(seconds=20, rate=150, seed=2))])
    assert by_metric(found)["throughput"].finding == "better"
    assert found.verdict == "better"


def test_a_small_difference_is_no_finding(made):
    """15 % more are certain, and matter or not as the tolerance says."""
    a, b = made("a", Plan(rate=400)), made("b", Plan(rate=460, seed=2))
    strict, lax = compare([a, b], tolerance=0.05), compare([a, b], tolerance=0.2)
    assert (strict.verdict, lax.verdict) == ("better", "same")
    assert by_metric(lax)["throughput"].interval.low > 1
    assert by_metric(lax)["throughput"].change == "no difference shown"


def test_a_worse_figure_outweighs_better_ones(made):
    mixed = Plan(seconds=20, median_ms=1, loss=0.05, seed=2)
    found = compare([made("a"), made("b", mixed)])
    assert found.verdict == "worse"
    assert "lost more" in found.reason
    assert "delivery.p50 faster" in found.reason


def test_a_run_against_itself(made):
    path = made("a")
    found = compare([path, path])
    assert found.verdict == "same"
    assert {f.ratio for f in found.pairs[0].figures} == {1.0, None}


def test_the_same_answer_each_time(made):
    paths = [made("a"), made("b", Plan(seconds=20, seed=2))]
    assert render(compare(paths), "json") == render(compare(paths), "json")


# Figures.


def test_percentiles_are_exact_to_one_percent(tmp_path):
    dice = np.random.default_rng(7)
    seconds = [(2000 * np.exp(dice.standard_normal(250))).astype(int).tolist() for _ in range(8)]
    writer = RunWriter(tmp_path / "a", runs.manifest(workers=1))
    for t, latencies in enumerate(seconds):
        writer.windows([runs._window(t, 0, "message", latencies, latencies)])
    writer.finish(_outcome(0.0, 8.0))
    found = by_metric(compare([tmp_path / "a", tmp_path / "a"]))
    exact = sorted(us for second in seconds for us in second)
    for name, percent in (("p50", 50), ("p90", 90), ("p99", 99), ("p999", 99.9)):
        rank = math.ceil(percent * len(exact) / 100)
        assert found[f"delivery.{name}"].a == pytest.approx(exact[rank - 1] / 1000, rel=0.01)
        assert found[f"delivery.{name}"].a == getattr(
            summarise(Run(tmp_path / "a")).latency_ms.planned, name
        )


def test_percentiles_of_a_few_samples_are_those_of_the_report(tmp_path):
    writer = RunWriter(tmp_path / "a", runs.manifest(workers=1))
    for t in range(5):
        latencies = [1_000 * 2**t, 1_500 * 2**t, 1_700 * 2**t]
        writer.windows([runs._window(t, 0, "message", latencies, latencies)])
    writer.finish(_outcome(0.0, 5.0))
    found = by_metric(compare([tmp_path / "a", tmp_path / "a"]))
    planned = summarise(Run(tmp_path / "a")).latency_ms.planned
    for name in ("p50", "p90", "p99", "p999"):
        assert found[f"delivery.{name}"].a == getattr(planned, name)
    assert found["delivery.p90"].a == pytest.approx(24, rel=0.01)  # the 14th of 15


def _outcome(start, seconds, verdict="ok"):
    return Outcome(
        ended="", duration_s=99, load_s=seconds, load_start_t=start, verdict=verdict, reason="said"
    )


def test_warm_up_does_not_count_but_the_drain_does(tmp_path):
    writer = RunWriter(tmp_path / "a", runs.manifest(workers=1))
    writer.windows([runs._window(0, 0, "message", [9_000_000] * 50, [9_000_000] * 50)])
    for t in range(1, 6):
        writer.windows([runs._window(t, 0, "message", [1_000] * 50, [2_000] * 50)])
    writer.windows([runs._window(7, 0, "message", [3_000_000] * 50, [3_000_000] * 50)])
    writer.finish(_outcome(1.004, 5.02))
    found = by_metric(compare([tmp_path / "a", tmp_path / "a"]))
    assert found["throughput"].a == 50
    assert found["delivery.p50"].a == pytest.approx(2, rel=0.01)
    assert found["delivery.p90"].a == pytest.approx(3000, rel=0.01)
    assert found["delivery.p999"].a == pytest.approx(3000, rel=0.01)


def test_seconds_that_are_not_clean_give_no_latencies(tmp_path):
    busy = runs.write(tmp_path / "busy", runs.Recipe(seconds=30, busy_seconds=(17,)))
    found = compare([busy, busy])
    run = Run(busy)
    marked = sum(w.count for w in run.windows if w.op == "message" and w.t == 17)
    load = measure(run).load
    assert load.columns["latency"][17 - 6].sum() == 0
    assert load.columns["delivered"][17 - 6, 0] == marked > 0
    assert any("clean of the generator's own limits" in notice for notice in found.notices)


def test_what_was_not_measured(tmp_path):
    login = runs.write(tmp_path / "login", runs.Recipe(messages_per_s=0, lost=0, seconds=30))
    found = compare([login, login])
    figures_ = by_metric(found)
    assert (figures_["delivery.p99"].a, figures_["delivery.p99"].interval) == (None, None)
    assert figures_["lost"].a is None
    assert figures_["server.cpu_per_message"].a is None
    assert figures_["login.p99"].a > 10
    waited = figures_["login.planned.p99"].a - figures_["login.p99"].a
    assert waited == pytest.approx(runs.LOGIN_WAIT_US / 1000, rel=0.05)
    headline = [f.metric for f in found.pairs[0].figures if f.headline]
    assert headline == ["lost", "login.p50", "login.p99", "login.planned.p99"]
    assert found.verdict == "same"


# Configurations.


def test_runs_of_another_configuration_are_refused(made):
    found = compare([made("a", users=100), made("b", users=200, pause=5)])
    assert (found.verdict, found.pairs) == ("not comparable", [])
    assert [(d.key, d.values) for d in found.differences if d.blocks] == [
        ("parameters.users", {"A": "100", "B": "200"}),
        ("parameters.pause", {"A": "not set", "B": "5"}),
    ]
    assert found.reason == (
        "parameters.users is 100 in A, 200 in B; parameters.pause is not set in A, 5 in B"
    )


def test_forced_they_are_compared_and_the_differences_shown(made):
    found = compare([made("a", users=100), made("b", users=200)], force=True)
    assert (found.verdict, found.forced, len(found.pairs)) == ("same", True, 1)
    assert [d.key for d in found.differences if d.blocks] == ["parameters.users"]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"tls": "off"}, "tls"),
        ({"tls_version": "TLSv1.2"}, "tls_version"),
        ({"sasl_mechanism": "PLAIN"}, "sasl_mechanism"),
    ],
)
def test_what_decides_the_figures_must_be_the_same(made, change, key):
    found = compare([made("a"), made("b", target=runs.target(**change))])
    assert [d.key for d in found.differences if d.blocks] == [key]


@pytest.mark.parametrize(
    ("field", "value", "key"),
    [
        ("scenario", "presence", "scenario"),
        ("workers", 3, "workers"),
        ("machine", {"system": "Linux 6.1", "cpu": "Other", "cores": 4}, "machine.cpu"),
    ],
)
def test_scenario_and_machine_must_be_the_same(made, field, value, key):
    other = made("b")
    manifest = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps(manifest | {field: value}))
    found = compare([made("a"), other])
    assert key in [d.key for d in found.differences if d.blocks]


def test_another_server_may_be_compared(made):
    other = runs.target(name="prosody", server="Prosody", version="0.12.3", archive="on")
    found = compare([made("a", seed=1), made("b", target=other, seed=2)])
    assert found.verdict == "same"
    assert {d.key: d.values["B"] for d in found.differences} == {
        "target": "prosody",
        "server": "Prosody",
        "version": "0.12.3",
        "archive": "on",
        "parameters.seed": "2",
    }
    assert not any(d.blocks for d in found.differences)


def test_options_that_became_the_same_are_the_same(made):
    assert compare([made("a", tls=None), made("b", tls="on", sasl="")]).verdict == "same"


def test_repeats_must_be_alike_among_themselves(made):
    group = made("a", repeats=3)
    compare_runs.write(group / "other", REPEAT, users=5)
    found = compare([group, made("b", repeats=3)])
    assert found.verdict == "not comparable"
    assert found.differences[0].values == {"A": "5 and 792", "B": "792"}


def test_a_run_that_failed_is_refused(made):
    found = compare([made("a"), made("b", Plan(seconds=20, verdict="failed"))])
    assert found.verdict == "not comparable"
    assert found.reason == "outcome is ok in A, failed (as planned) in B"


def test_a_run_that_was_cut_short_is_refused_and_can_be_forced(made, tmp_path):
    cut = runs.write(tmp_path / "cut", runs.Recipe(truncated=True, seconds=30))
    found = compare([cut, cut])
    assert found.reason == "outcome is cut short in A, cut short in B"
    assert by_metric(compare([cut, cut], force=True))["delivery.p50"].a > 0


def test_loads_of_a_few_seconds_show_nothing(made):
    short = Plan(seconds=3)
    found = compare([made("a", short), made("b", msgspec.structs.replace(short, median_ms=9))])
    assert found.verdict == "not comparable"
    assert "for long enough" in found.reason
    assert by_metric(found)["delivery.p50"].ratio == pytest.approx(4.5, rel=0.2)


def test_several_groups_are_compared_with_the_first(made):
    slow = Plan(seconds=20, median_ms=4, seed=3)
    found = compare([made("a"), made("b", Plan(seconds=20, seed=2)), made("c", slow)])
    assert [(pair.group, pair.verdict) for pair in found.pairs] == [("B", "same"), ("C", "worse")]
    assert found.verdict == "worse"
    assert found.reason.startswith("C: delivery.p50 slower")


# Input.


def test_paths_without_a_run(made, tmp_path):
    (tmp_path / "nothing").mkdir()
    with pytest.raises(HarnessError, match="nothing is not a run directory and holds none"):
        compare([made("a"), tmp_path / "nothing"])
    with pytest.raises(HarnessError, match="a comparison needs 2 to 26 runs, not 1"):
        compare([made("b")])


def test_a_conformance_run_is_not_compared(made, conformance):
    with pytest.raises(HarnessError, match="holds a conformance run: this needs a load run"):
        compare([made("a"), conformance["ejabberd"]])


@pytest.mark.parametrize("tolerance", [-0.1, 100.5, float("nan")])
def test_a_tolerance_that_makes_no_sense(made, tolerance):
    with pytest.raises(HarnessError, match="tolerance"):
        compare([Path("a"), Path("b")], tolerance=tolerance)
