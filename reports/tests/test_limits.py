"""Limits: what a file may say, and what a run makes of it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harness.errors import HarnessError
from harness.record.model import GeneratorSample, Messages, Outcome, ServerSample, Users, Window
from harness.record.reader import Run
from harness.record.writer import RunWriter
from reports.limits import METRICS, Limits, evaluate, junit, load, parse, text
from reports.summary import summarise
from reports.tests import runs

SHIPPED = Path(__file__).parents[2] / "ci" / "limits.toml"
ANY = {"ms": ">= 0 us", "%": ">= 0 %", "": ">= 0", "/s": ">= 0 /s", "MB": ">= 0 GB"}


def limits(**texts):
    return Limits([parse(name.replace("__", "."), text) for name, text in texts.items()])


def file_of(tmp_path, content):
    file = tmp_path / "limits.toml"
    file.write_text(content, encoding="utf-8")
    return file


def everything():
    return Limits([parse(name, ANY[next(iter(m.units))]) for name, m in METRICS.items()])


# The file.


def test_the_shipped_file_is_read_in_order():
    assert [(limit.metric, str(limit)) for limit in load(SHIPPED).limits] == [
        ("delivery.p99", "< 50 ms"),
        ("lost", "== 0"),
        ("login.p99", "< 2 s"),
        ("errors", "< 0.1 %"),
        ("server.rss", "< 2 GB"),
    ]


def test_keys_without_quotes_mean_the_same(tmp_path):
    file = file_of(tmp_path, '[limits]\nlogin.p99 = "<2s"\nlogin.tls.max = ">= 5 us"\n')
    assert load(file).limits == [parse("login.p99", "< 2 s"), parse("login.tls.max", ">=5 us")]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('"delivery.p98" = "< 5 ms"', "'delivery.p98': unknown metric: did you mean delivery.p9"),
        ('"velocity" = "< 5 ms"', "'velocity': unknown metric: there are {delivery,"),
        ('"delivery.p99" = "< 5 m"', "'delivery.p99': the unit 'm' does not fit: this metric is "),
        ('"delivery.p99" = "< 5 %"', 'measured in ms or s or us, such as "< 5 ms"'),
        ('"delivery.p99" = "< 5"', "a unit is missing"),
        ('"lost" = "== 0 %"', 'a number without a unit, such as "< 5"'),
        ('"lost" = "!= 0"', "unknown operator '!=': there are < <= > >= =="),
        ('"lost" = "few"', "'few' is no limit: write an operator and a number"),
        ('"lost" = "< -1"', "'< -1' is no limit"),
        ('"lost" = "< nan"', "'< nan' is no limit"),
        ('"lost" = 0', "'lost': 0 is not text: write a limit such as \"< 5\""),
        ("lost", "is not TOML"),
        ("", "[limits] is empty"),
        ('"lost" = "== 0"\n[limit]', "unknown field `limit`"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(tmp_path, line, words):
    file = file_of(tmp_path, f"[limits]\n{line}\n")
    with pytest.raises(HarnessError) as caught:
        load(file)
    assert str(file) in str(caught.value)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "limits = 5", '"lost" = "== 0"'])
def test_a_file_needs_its_table(tmp_path, content):
    with pytest.raises(HarnessError, match="one table, \\[limits\\]"):
        load(file_of(tmp_path, content))


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(HarnessError, match=r"cannot read the limits .*absent\.toml"):
        load(tmp_path / "absent.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe[limits]")
    with pytest.raises(HarnessError, match=r"binary\.toml is not TOML"):
        load(binary)


@pytest.mark.parametrize(
    ("limit", "holds"),
    [
        ("< 50 ms", {49.9: True, 50: False, 51: False}),
        ("<= 50 ms", {49.9: True, 50: True, 51: False}),
        ("> 0.05 s", {49.9: False, 50: False, 51: True}),
        (">= 50000 us", {49.9: False, 50: True, 51: True}),
        ("== 50 ms", {49.9: False, 50: True, 51: False}),
    ],
)
def test_operators_and_units(limit, holds):
    parsed = parse("delivery.p50", limit)
    assert {value: parsed.holds(value) for value in holds} == holds


# The run.


@pytest.fixture
def plain(tmp_path):
    """A run whose every figure can be worked out by hand: a load from second 2 to second 6."""
    writer = RunWriter(tmp_path / "plain", runs.manifest(workers=1))
    login = runs._window(0, 0, "login", [1_000] * 9, [9_000] * 9)
    login.errors = {"not-authorized": 1}
    tls = runs._window(0, 0, "login.tls", [700] * 9, [700] * 9)
    writer.windows([login, tls, Window(t=3, op="connection", errors={"reset": 2})])
    for t in range(2, 7):
        writer.windows([runs._window(t, 0, "message", [100] * 20, [200] * 20)])
    for t in range(1, 8):
        cpu = 1.5 * max(0, min(t, 6) - 2)  # one and a half cores during the load
        writer.samples([ServerSample(t=t, cpu_s=cpu, rss_mb=100 * t, threads=1)])
        messages = Messages(sent=100, delivered=97, bounced=1, lost=2, duplicated=3, late=4)
        writer.samples(
            [
                GeneratorSample(
                    t=t,
                    cpu_s=0.25 * t,
                    rss_mb=1,
                    lag_ms=90 if t == 1 else t,
                    saturated=["loop lag"] if t == 4 else [],
                    users=Users(wanted=10, connected=9, bound=9, present=9),
                    messages=messages,
                )
            ]
        )
    writer.finish(
        Outcome(ended="", duration_s=7, load_s=4.02, load_start_t=2.01, verdict="ok", reason="done")
    )
    return Run(tmp_path / "plain")


@pytest.mark.parametrize(
    ("metric", "value"),
    {
        "delivery.p99": "0.2 ms",
        "delivery.max": "0.2 ms",
        "delivery.actual.p50": "0.1 ms",
        "login.p50": "1 ms",
        "login.tls.p9999": "0.7 ms",
        "login.rate": "9/s",
        "sent": "100",
        "delivered": "97",
        "bounced": "1",
        "lost": "2",
        "duplicated": "3",
        "late": "4",
        "reordered": "0",
        "throughput": "20/s",
        "errors": "2.68 %",  # 3 of 9 logins, 100 deliveries and 3 failures
        "errors.count": "3",
        "users.present": "90 %",
        "server.rss": "700 MB",
        "server.cpu": "150 %",
        "generator.cpu": "25 %",
        "generator.lag": "6 ms",
        "clean": "80 %",
    }.items(),
)
def test_every_kind_of_metric_is_measured(plain, metric, value):
    unit = next(iter(METRICS[metric].units))
    (check,) = evaluate(Limits([parse(metric, f">= 0 {unit}")]), plain)
    number, _, rest = value.partition(" ")
    if metric.startswith(("delivery", "login.p", "login.t")):
        assert float(check.measured.split()[0]) == pytest.approx(float(number), rel=0.01)
        assert check.measured.endswith(rest)
    else:
        assert check.measured == value
    assert check.ok


def test_no_metric_fails_on_an_awkward_run(run):
    checks = evaluate(everything(), run)
    assert len(checks) == len(METRICS)
    assert all(check.ok or check.measured == "not measured" for check in checks)


def test_percentiles_are_those_of_the_report(directories):
    run = Run(directories["busy"])
    summary = summarise(run)
    checks = evaluate(limits(delivery__p99=">= 0 ms", login__sasl__p90=">= 0 ms"), run)
    shown = [float(check.measured.split()[0]) for check in checks]
    expected = [summary.latency_ms.planned.p99, summary.login.phases["sasl"].p90]
    assert shown == pytest.approx(expected, rel=0.005)


def test_what_was_not_measured_is_a_breach(directories):
    empty = Run(directories["empty"])
    for check in evaluate(everything(), empty):
        assert (check.measured, check.ok) == ("not measured", False)


def test_losses_of_a_run_that_was_cut_short_are_not_measured(tmp_path):
    """Its counter says 0, but messages were under way."""
    writer = RunWriter(tmp_path / "cut", runs.manifest())
    messages = Messages(sent=10, delivered=9)
    writer.samples(
        [GeneratorSample(t=1, cpu_s=0, rss_mb=1, lag_ms=0, users=Users(), messages=messages)]
    )
    (check,) = evaluate(limits(lost="== 0"), Run(tmp_path / "cut"))
    assert (check.measured, check.ok) == ("not measured", False)


def test_figures_have_the_digits_that_the_verdict_needs(plain):
    checks = evaluate(limits(errors="< 2.68 %", users__present=">= 90 %"), plain)
    assert [(check.measured, check.ok) for check in checks] == [
        ("2.67857 %", True),
        ("90 %", True),
    ]


def test_text_names_each_limit_and_what_breached_it(plain):
    shown = text(evaluate(limits(lost="== 0", server__rss="< 2 GB", late="<= 4"), plain))
    assert shown.splitlines() == [
        "Limits       2 of 3 kept",
        "  BREACH   lost         2        == 0",
        "  kept     server.rss   0.7 GB   < 2 GB",
        "  kept     late         4        <= 4",
    ]


def test_junit_fails_where_a_limit_is_breached(plain):
    root = ET.fromstring(junit(evaluate(limits(lost="== 0", late="<= 4"), plain), plain))
    (suite,) = root
    numbers = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert numbers == {"tests": "2", "failures": "1", "errors": "0", "skipped": "0"}
    lost, late = suite.findall("testcase")
    assert lost.get("name") == "lost == 0"
    assert lost.find("failure").get("message") == "lost is 2, the limit is == 0"
    assert late.find("failure") is None
    assert late.find("system-out").text == "measured 4"


def test_junit_is_red_for_a_run_without_an_end(directories):
    run = Run(directories["truncated"])
    (suite,) = ET.fromstring(junit(evaluate(limits(sent="> 0"), run), run))
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "0", "1")
    assert suite.findall("testcase")[1].find("error").get("message") == "the run was cut short"


def test_junit_survives_a_hostile_server(tmp_path):
    directory = runs.write(tmp_path, runs.Recipe(seconds=5), runs.target(version='\x00\x1b[<&"é'))
    run = Run(directory)
    document = junit(evaluate(limits(lost="== 0"), run), run)
    assert document.isascii()
    values = [p.get("value") for p in ET.fromstring(document).iter("property")]
    assert '\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[<&"é' in values
