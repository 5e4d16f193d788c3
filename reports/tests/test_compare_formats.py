"""Comparisons as text, JSON and a page."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from harness.errors import HarnessError
from reports.compare import FORMATS, compare, render
from reports.compare.figures import Figure, Interval
from reports.compare.plot import Scale, scale
from reports.tests import compare_runs, runs
from reports.tests.compare_runs import Plan

EVIL = "</title><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m\"'&{{ 7 * 7 }}"


@pytest.fixture(scope="module")
def paths(tmp_path_factory) -> dict[str, Path]:
    """Runs by name. Read them only."""
    root = tmp_path_factory.mktemp("compared")
    base = Plan(seconds=20, wander=0.05)
    prosody = runs.target(name="prosody", server="Prosody", version="0.12.3")
    lossy = Plan(seconds=20, wander=0.05, median_ms=4, loss=0.02, seed=2)
    return {
        "a": compare_runs.write(root / "a", base),
        "slow": compare_runs.write(root / "slow", lossy, prosody),
        "same": compare_runs.write(root / "same", Plan(seconds=20, wander=0.05, seed=3)),
        "users": compare_runs.write(root / "users", base, users=5),
        "evil": compare_runs.write(
            root / "evil",
            base,
            runs.target(name=EVIL, server=EVIL, version=EVIL, archive=EVIL, sasl_mechanism=EVIL),
            **{EVIL: EVIL},
        ),
        "repeats": compare_runs.group(root / "repeats", 3, base),
    }


@pytest.fixture(params=["slow", "same", "users", "evil", "repeats"])
def compared(request, paths):
    """A comparison of each kind."""
    return compare([paths["a"], paths[request.param]], force=request.param == "evil")


# Text.


def test_text_is_80_columns_wide(compared):
    for line in render(compared, "text").splitlines():
        assert len(line) <= 80 or "/" in line  # a path
        assert line.isprintable()


def test_text_says_what_differs_and_what_came_of_it(paths):
    shown = render(compare([paths["a"], paths["slow"]]), "text")
    assert "Differs      target: A ejabberd; B prosody" in shown
    assert re.search(
        r"^delivery\.p50\* +\d\.\d+ ms +\d\.\d+ ms +\d\.\d+ .* to .* slower$", shown, re.M
    )
    assert re.search(r"^lost\* +0 % +2\.\d+ % +∞ +\d+\.\d+ to ∞  more$", shown, re.M)
    assert "A difference of less than 5 %" in shown
    assert re.search(r"^Verdict      worse: lost more, delivery\.p50 slower", shown, re.M)


def test_text_names_what_is_in_the_way(paths):
    shown = render(compare([paths["a"], paths["users"]]), "text")
    assert "In the way   parameters.users: A 792; B 5" in shown
    assert shown.endswith("not comparable (--force compares them all the same)")
    forced = render(compare([paths["a"], paths["users"]], force=True), "text")
    assert "Not the same parameters.users: A 792; B 5" in forced
    assert "delivery.p50*" in forced


def test_text_of_several_groups_has_a_verdict_for_each(paths):
    shown = render(compare([paths["a"], paths["slow"], paths["same"]]), "text")
    assert re.search(r"^B to A       worse: lost more", shown, re.M)
    assert re.search(r"^C to A       no difference shown in any headline figure", shown, re.M)
    assert shown.endswith("Verdict      worse")


# JSON.


def test_json_is_one_object_without_infinities(compared):
    found = json.loads(render(compared, "json"), parse_constant=pytest.fail)
    assert found["verdict"] in ("same", "better", "worse", "not comparable")
    assert [group["name"] for group in found["groups"]] == ["A", "B"]


def test_json_has_every_figure(paths):
    found = json.loads(render(compare([paths["a"], paths["slow"]]), "json"))
    rows = {row["metric"]: row for row in found["pairs"][0]["figures"]}
    assert list(rows) == [
        "throughput",
        "lost",
        "delivery.p50",
        "delivery.p90",
        "delivery.p99",
        "delivery.p999",
        "login.p50",
        "login.p99",
        "login.planned.p99",
        "server.cpu_per_message",
        "generator.cpu_per_message",
    ]
    p50 = rows["delivery.p50"]
    assert p50["interval"]["low"] < p50["ratio"] < p50["interval"]["high"]
    assert p50["ratio"] == pytest.approx(p50["b"] / p50["a"])
    assert (rows["lost"]["ratio"], rows["lost"]["interval"]["high"]) == (None, None)


def test_another_format_is_refused(paths):
    with pytest.raises(HarnessError, match="no format 'junit': choose one of text, json, html"):
        render(compare([paths["a"], paths["a"]]), "junit")


# The page.


def test_a_hostile_record_injects_nothing(paths):
    page = render(compare([paths["a"], paths["evil"]], force=True), "html")
    assert "alert(1)" in page  # it is shown, as text
    assert not re.search(r"<(script|img|iframe)", page)
    assert "{{ 7 * 7 }}" in page
    assert "\x1b" not in page


def test_nothing_is_fetched_or_run(compared):
    page = render(compared, "html")
    assert "default-src 'none'" in page
    assert "script-src" not in page  # so that default-src holds
    assert not re.search(r"<(link|img|iframe|script)[^>]+(src|href)=\"(?!data:)", page)


def test_every_figure_has_its_row_and_interval(paths):
    found = compare([paths["a"], paths["slow"]])
    page = render(found, "html")
    assert page.count('<svg class="bar"') == page.count('<th scope="row" class="what"') == 11
    intervals = sum(figure.interval is not None for figure in found.pairs[0].figures)
    assert page.count("<circle") == intervals - 1  # the losses have no ratio
    assert '<tr class="worse headline">' in page
    assert ">slower</td>" in page


def test_every_format_renders_every_comparison(compared):
    for name in FORMATS:
        assert render(compared, name)


# The plot.


def figure(ratio, low, high):
    interval = Interval(low=low, high=high, certain=False)
    return Figure(metric="lost", unit="%", headline=True, ratio=ratio, interval=interval)


def test_the_axis_is_logarithmic_around_1():
    axis = Scale(4.0)
    assert [axis.position(r) for r in (0, 0.25, 0.5, 1, 2, 4, 100)] == [0, 0, 25, 50, 75, 100, 100]


@pytest.mark.parametrize("reach", [1.25, 1.4, 1.6, 2.4, 3, 7, 16])
def test_labels_have_room(reach):
    places = [place for place, _ in Scale(reach).ticks()]
    assert len(places) >= 3
    assert all(after - before >= 9 for before, after in pairwise(places))


def test_the_axis_holds_every_interval_within_reason():
    axis = scale([figure(1, 0.9, 1.1), figure(1.5, 0.5, 3)])
    assert 3 < axis.reach < 3.5
    assert scale([figure(1, 0.999, 1.001)]).reach == 1.25
    wide = scale([figure(50, 2, None), figure(1, 0.001, 5)])
    assert wide.reach == 16
    mark = wide.mark(figure(50, 2, None))
    assert (mark.open_low, mark.open_high, mark.high, mark.point) == (False, True, 100, 100)
    assert wide.mark(figure(1, 0.001, 5)).open_low
