"""Capacity: what a step is held against, what stood in its way, and the search in every format."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from harness.errors import HarnessError
from harness.record.capacity import Measured
from harness.record.reader import Run
from reports.capacity import FORMATS, is_capacity, render
from reports.capacity.curve import curve
from reports.capacity.objective import Objective, read
from reports.capacity.plot import Scale, panels
from reports.limits import Limits, parse
from reports.tests import capacity_searches, compare_runs, runs
from reports.tests.capacity_searches import (
    AT_LEAST,
    NOT_MET,
    STOPPED,
    search,
    write,
)
from reports.tests.compare_runs import Plan

SHIPPED = Path(__file__).parents[2] / "ci" / "objective.toml"
EVIL = "</title><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m\"'&{{ 7 * 7 }}"
QUICK = Plan(seconds=6, cpu_ms=1)
SLOW = Plan(seconds=6, cpu_ms=1, median_ms=90)


def objective(**texts: str) -> Objective:
    return Objective(Limits([parse(name.replace("__", "."), text) for name, text in texts.items()]))


P99 = objective(delivery__p99="< 100 ms")


def change(directory: Path, **changes: object) -> Path:
    """Change the outcome of a run."""
    path = directory / "outcome.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return directory


# The objective.


def test_the_shipped_objective():
    found = read(SHIPPED)
    assert [(line.metric, line.limit, line.implied) for line in found.lines] == [
        ("delivery.p99", "< 100 ms", False),
        ("lost", "== 0", False),
        ("users.present", "== 100 %", True),
    ]
    assert found.percentile == 99.0


def test_a_line_on_users_takes_the_place_of_the_implied_one():
    found = objective(users__present=">= 95 %")
    assert [(line.limit, line.implied) for line in found.lines] == [(">= 95 %", False)]


@pytest.mark.parametrize(
    ("metrics", "percentile"),
    [
        (["delivery.p50"], 50.0),
        (["delivery.p99", "delivery.p90"], 99.0),
        (["delivery.p99", "delivery.actual.p999"], 99.9),
        (["delivery.p9999"], 99.99),
        (["login.p999", "delivery.max"], None),
    ],
)
def test_the_finest_percentile_of_deliveries_decides_the_length(metrics, percentile):
    assert (
        Objective(Limits([parse(metric, "< 1 s") for metric in metrics])).percentile == percentile
    )


# One step.


def test_figures_of_a_step(tmp_path):
    directory = compare_runs.write(tmp_path / "r", msgspec.structs.replace(QUICK, loss=0.1))
    found = P99(directory)
    run = Run(directory)
    last = run.generator[-1].messages
    assert (found.verdict, found.factor) == ("met", None)
    assert [(check.metric, check.ok) for check in found.checks] == [
        ("delivery.p99", True),
        ("users.present", True),
    ]
    assert (found.sent, found.lost) == (last.sent, last.lost)
    assert found.loss == pytest.approx(100 * last.lost / last.sent)
    assert found.deliveries == last.delivered
    assert found.throughput == pytest.approx(last.delivered / 6)
    assert found.server_cpu == pytest.approx(100 * run.server[-1].cpu_s / 6)
    assert found.generator_cpu == pytest.approx(found.server_cpu / 4)
    assert 1.5 < found.p50_ms < 2.5 < found.p99_ms < 100
    assert (found.clean, found.server_rss_mb) == (1.0, 90)


def test_loss_is_unknown_where_nothing_was_sent():
    assert Measured(verdict="met", sent=0, lost=0).loss is None
    assert Measured(verdict="met").loss is None


def breached(tmp_path: Path, **changes: object) -> Measured:
    """A step that is too slow, on a machine with 4 cores."""
    return P99(compare_runs.write(tmp_path / "r", msgspec.structs.replace(SLOW, **changes)))


@pytest.mark.parametrize(
    ("cpu_ms", "cause", "words"),
    [
        (5, "objective", r"; the server's CPU was not used up \(\d\d\.\d % of a core\)$"),
        (10, "server-cpu", r"; the server works in one thread, which used up its core \(\d+ %\)$"),
        (20, "objective", r"; the server's CPU was not used up \(\d+ % of a core\)$"),
        (31, "server-cpu", r"; all 4 cores of the machine busy: \d+ % .* server, .* generator$"),
        (40, "server-cpu", r"; the server used up all 4 cores \(\d+ % of a core\)$"),
    ],
)
def test_what_a_breach_is_put_down_to(tmp_path, cpu_ms, cause, words):
    rate = 100  # a second, so that so many ms each are as many percent of a core
    found = breached(tmp_path, cpu_ms=cpu_ms, rate=rate)
    if cpu_ms == 20:  # of four threads
        assert 180 < found.server_cpu < 220
    assert found.verdict == "breached"
    assert found.factor.cause == cause, found
    assert re.match(r"delivery\.p99 is \d+ ms \(objective < 100 ms\)", found.factor.text)
    assert re.search(words, found.factor.text), found.factor.text


def test_many_threads_do_not_share_one_core(tmp_path):
    directory = compare_runs.write(tmp_path / "r", msgspec.structs.replace(SLOW, cpu_ms=10))
    samples = directory / "samples.jsonl"
    samples.write_text(samples.read_text().replace('"threads":4', '"threads":30'))
    assert P99(directory).factor.cause == "objective"


def test_a_server_that_cannot_be_watched(tmp_path):
    directory = compare_runs.write(tmp_path / "r", SLOW)
    samples = directory / "samples.jsonl"
    lines = samples.read_text().splitlines(keepends=True)
    samples.write_text("".join(line for line in lines if '"type":"server"' not in line))
    factor = P99(directory).factor
    assert (factor.cause, factor.text[-32:]) == ("objective", "the server's CPU was not watched")


def test_every_breached_line_is_named(tmp_path):
    against = objective(delivery__p99="< 1 ms", lost="== 0", sent="> 0")
    directory = compare_runs.write(tmp_path / "r", msgspec.structs.replace(QUICK, loss=0.1))
    text = against(directory).factor.text
    assert re.match(
        r"delivery\.p99 is .* \(objective < 1 ms\), lost is \d+ \(objective == 0\); ", text
    )


def test_a_busy_generator_says_nothing_of_the_server(tmp_path):
    """Whether the objective was met or not: its figures are the generator's own."""
    for name, against in (("met", "< 1 s"), ("not", "< 1 us")):
        recipe = runs.Recipe(seconds=20, busy_seconds=tuple(range(4, 18)))
        directory = runs.write(tmp_path / name, recipe)
        found = objective(delivery__p99=against)(directory)
        assert found.verdict == "blind"
        assert found.factor.cause == "generator"
        assert found.factor.text.startswith("the generator was the limit: ")
        assert found.clean < 0.5


def test_users_who_do_not_get_in_are_the_limit(tmp_path):
    directory = runs.write(tmp_path / "r", runs.Recipe(seconds=20, users=396, workers=1))
    found = P99(directory)
    assert (found.verdict, found.factor.cause) == ("breached", "logins")
    assert re.match(
        r"users\.present is 9\d\.\d+ % \(objective == 100 %\): 395 of 396 users got in, commonest "
        r"error not-authorized \(1 times\); the server had 900 files open at most$",
        found.factor.text,
    ), found.factor.text


@pytest.mark.parametrize(
    ("reason", "verdict", "cause"),
    [
        ("ejabberd ended with signal 9", "breached", "failed"),
        ("no user could log in; the last reason was timeout", "breached", "failed"),
        ("worker 1 of the load generator was lost", "blind", "failed"),
        ("unexpected NameError: x (y.py, line 1)", "blind", "failed"),
        (
            "unexpected OSError: [Errno 24] Too many open files (socket.py, line 232)",
            "blind",
            "files",
        ),
    ],
)
def test_runs_that_fail(tmp_path, reason, verdict, cause):
    directory = change(compare_runs.write(tmp_path / "r", QUICK), verdict="failed", reason=reason)
    found = P99(directory)
    assert (found.verdict, found.factor.cause) == (verdict, cause)
    assert reason in found.factor.text


def test_runs_that_were_cut_short(tmp_path):
    stopped = change(compare_runs.write(tmp_path / "a", QUICK), verdict="incomplete")
    assert (P99(stopped).verdict, P99(stopped).factor) == ("interrupted", None)
    killed = compare_runs.write(tmp_path / "b", QUICK)
    (killed / "outcome.json").unlink()
    assert (P99(killed).verdict, P99(killed).factor.cause) == ("blind", "failed")


# The curve.


def test_a_load_is_the_median_of_its_trials():
    points = {point.load: point for point in curve(search())}
    assert list(points) == sorted(points)
    assert [(p.met, p.trials, p.finding) for p in (points[1280], points[1340], points[800])] == [
        (2, 3, "met"),
        (0, 2, "breached"),
        (1, 1, "met"),
    ]
    one_that_was_met = 1280**1.5 / 600
    assert points[1280].p99_ms == pytest.approx(one_that_was_met)
    assert points[1340].loss == pytest.approx(100 * 3 / (15 * 1340))
    assert points[1340].clean == 100


@pytest.mark.parametrize(
    ("steps", "finding"),
    [
        ("9+ 9-", "undecided"),
        ("9? 9-", "blind"),
        ("9? 9- 9-", "breached"),
        ("9+ 9- 9-", "breached"),
        ("9+ 9+ 9?", "met"),
    ],
)
def test_the_majority_decides(steps, finding):
    assert [point.finding for point in curve(search(steps))] == [finding]


def test_steps_that_do_not_count_are_no_points():
    assert [point.load for point in curve(search("100~ 100+ 200!"))] == [100]


# Formats.

SEARCHES = {
    "found": search(),
    "users": search(find="users", parameters={}),
    "at least": search("100+ 200+ 400+ 800? 400+ 420? 420?", AT_LEAST),
    "not met": search("100- 100-", NOT_MET),
    "stopped": search("100+ 200+ 400!", STOPPED),
    "running": search("100+ 200+", None),
    "nothing": search("", STOPPED, target=None, machine={}),
    "embedded": search(of=runs.target(name="embedded", server=None, version=None, tls="off")),
    "evil": search(
        of=runs.target(name=EVIL, server=EVIL, version=EVIL, archive=EVIL, sasl_mechanism=EVIL),
        scenario=EVIL,
        parameters={EVIL: EVIL, "users": 3},
        result=msgspec.structs.replace(capacity_searches.FOUND, reason=EVIL),
    ),
}


@pytest.fixture(params=SEARCHES)
def directory(request, tmp_path) -> Path:
    """A search of each kind."""
    return write(tmp_path / "s", SEARCHES[request.param])


def test_the_line_to_quote(tmp_path):
    def quoted(name: str) -> str | None:
        return json.loads(render(write(tmp_path / name, SEARCHES[name]), "json"))["quote"]

    assert quoted("found") == (
        "ejabberd 23.01: 1,280 messages/s with delivery.p99 < 100 ms and lost == 0 (chat, 200 "
        "users, TLS); at 1,340 messages/s delivery.p99 is 143 ms (objective < 100 ms); the server "
        "used up all 4 cores (391 % of a core)."
    )
    assert quoted("at least") == (
        "ejabberd 23.01: at least 400 messages/s with delivery.p99 < 100 ms and lost == 0 (chat, "
        "200 users, TLS); the generator was the limit, not the server."
    )
    assert " 1,280 users (1,280 deliveries/s) with " in quoted("users")
    assert quoted("embedded").endswith("reference server: not a benchmark of a server.")
    for name in ("not met", "stopped", "running", "nothing"):
        assert quoted(name) is None


def test_json_is_one_object_without_infinities(directory):
    found = json.loads(render(directory, "json"), parse_constant=pytest.fail)
    assert found["directory"] == str(directory)
    assert found["search"]["kind"] == "capacity"
    assert len(found["curve"]) == len({point["load"] for point in found["curve"]})


def test_json_says_what_was_found(tmp_path):
    found = json.loads(render(write(tmp_path / "s", search()), "json"))
    keys = ("verdict", "capacity", "unit", "limit")
    assert [found[key] for key in keys] == ["found", 1280, "messages/s", "server-cpu"]


def test_text_is_80_columns_wide(directory):
    for line in render(directory, "text").splitlines():
        assert len(line) <= 80 or line.startswith(("Quote", "Directory"))
        assert line.isprintable()


def test_text_says_what_was_found(tmp_path):
    shown = render(write(tmp_path / "s", search()), "text")
    rows = re.findall(r"^ +([\d,]+)([* ]) .* (\d) of (\d)$", shown, re.M)
    loads = [100, 200, 400, 800, 1130, 1230, 1280, 1340, 1600]
    assert [int(load.replace(",", "")) for load, *_ in rows] == loads
    assert [row[0] for row in rows if row[1] == "*"] == ["1,280"]
    assert ("1,280", "*", "2", "3") in rows
    assert "\nResult       found: 1,280 messages/s\n" in shown
    assert "\nBecause      at 1,340 messages/s delivery.p99 is 143 ms" in shown
    assert re.search(
        r"^Quote        ejabberd 23.01: 1,280 messages/s with .* core\)\.$", shown, re.M
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("at least", "Result       lower bound: at least 400 messages/s"),
        ("not met", "Result       not met: the objective was not met"),
        ("stopped", "Result       incomplete: 200 messages/s met until then"),
        ("running", "Because      the search was cut short after 2 steps"),
        ("embedded", "Careful      The project's own reference server"),
    ],
)
def test_text_of_other_ends(tmp_path, name, words):
    assert words in render(write(tmp_path / "s", SEARCHES[name]), "text")


def test_a_server_that_was_not_started_anew(tmp_path):
    external = search(of=runs.target(name="external"))
    assert "on one server" in render(write(tmp_path / "s", external), "text")


def test_another_format_is_refused(tmp_path):
    with pytest.raises(HarnessError, match="no format 'junit': choose one of text, json, html"):
        render(write(tmp_path / "s", search()), "junit")


def test_what_is_a_search(tmp_path):
    assert is_capacity(write(tmp_path / "s", search()))
    assert not is_capacity(tmp_path)
    with pytest.raises(HarnessError, match="holds no capacity search"):
        render(tmp_path, "text")


# The page.


def test_a_hostile_record_injects_nothing(tmp_path):
    page = render(write(tmp_path / "s", SEARCHES["evil"]), "html")
    assert "alert(1)" in page  # it is shown, as text
    assert not re.search(r"<(script|img|iframe)", page)
    assert "{{ 7 * 7 }}" in page
    assert "\x1b" not in page


def test_nothing_is_fetched_or_run(directory):
    page = render(directory, "html")
    assert "default-src 'none'" in page
    assert "script-src" not in page  # so that default-src holds
    assert not re.search(r"<(link|img|iframe|script)[^>]+(src|href)=\"(?!data:)", page)


def test_every_step_and_every_load_has_its_row(tmp_path):
    page = render(write(tmp_path / "s", search("100~ 100+ 200+ 400! ")), "html")
    assert re.findall(r'<a href="(.*?)">', page) == [
        f"steps/{number:02d}-{load}/report.html"
        for number, load in enumerate((100, 100, 200, 400), start=1)
    ]
    assert page.count('<tr class="met"') + page.count('<tr class="met best"') == 4
    assert page.count('<tr class="short"') == page.count('<tr class="interrupted"') == 1


def test_marks_tell_what_became_of_each_load():
    capacity = search("100+ 200- 300? 300?")
    found = panels(capacity, curve(capacity))
    assert [panel.id for panel in found] == ["latency", "loss", "cpu"]
    latency, loss, cpu = found
    assert [mark.finding for mark in latency.series[0].marks] == ["met", "breached", "blind"]
    assert [series.name for series in cpu.series] == ["server", "generator"]
    p50, p99 = latency.series
    assert all(slow.y < fast.y for slow, fast in zip(p99.marks, p50.marks, strict=True))
    assert 0 < latency.objective < 100
    assert loss.objective is None
    assert [place for place, _ in latency.y_ticks] == sorted(
        (place for place, _ in latency.y_ticks), reverse=True
    )


def test_what_is_not_known_leaves_a_gap():
    capacity = search("100+ 200+ 400+ 800+ 1600+")
    capacity.steps[2].measured.server_cpu = None
    [server, generator] = panels(capacity, curve(capacity))[2].series
    assert (len(server.marks), len(server.pieces)) == (4, 2)
    assert (len(generator.marks), len(generator.pieces)) == (5, 1)
    for step in capacity.steps:
        step.measured.server_cpu = step.measured.generator_cpu = None
    assert [panel.id for panel in panels(capacity, curve(capacity))] == ["latency", "loss"]


@pytest.mark.parametrize("limit", ["< 100 ms", "< 0.1 s", "< 100,000 us"])
def test_the_objective_is_drawn_in_its_unit(limit):
    capacity = search()
    capacity.objective[0] = msgspec.structs.replace(capacity.objective[0], limit=limit)
    drawn = panels(capacity, curve(capacity))[0].objective
    assert drawn == pytest.approx(panels(search(), curve(search()))[0].objective)


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [
        (100, 120, "log"),
        (100, 350, "log"),
        (90, 14_000, "log"),
        (0.2, 5_000, "log"),
        (1, 1.12, "log"),
        (0, 100, "linear"),
        (0, 0.0037, "linear"),
        (0, 391, "linear"),
    ],
)
def test_axes_have_a_few_round_ticks(low, high, kind):
    scale = Scale(low, high, kind)
    ticks = scale.ticks()
    places = [place for place, _ in ticks]
    assert 2 <= len(ticks) <= 7
    assert places == sorted(set(places))
    assert 0 <= places[0] < places[-1] <= 100
    assert len({label for _, label in ticks}) == len(ticks)
    assert [scale.place(value) for value in (low, high, 2 * high)] == [0, 100, 100]


def test_every_format_renders_every_search(directory):
    for name in FORMATS:
        assert render(directory, name)
