"""The page: nothing injected, nothing fetched, nothing hidden, readable colours."""

from __future__ import annotations

import re
from importlib.resources import files

import plotly.graph_objects as go
import pytest

from harness.record.model import Anomaly, Window
from harness.record.reader import Run
from harness.record.writer import RunWriter
from reports import render
from reports.charts import charts
from reports.summary import summarise
from reports.tests import runs

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{ 7 * 7 }}"
CSS = (files("reports") / "templates" / "report.css").read_text()


def without_scripts(page):
    """The page without the scripts that run: plotly.js holds much that looks like markup."""
    return re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)


def test_a_hostile_record_injects_nothing(tmp_path):
    texts = ("server", "version", "host", "domain", "tls_version", "tls_cipher")
    texts += ("sasl_mechanism", "password_store", "archive")
    target = runs.target(name=EVIL, differences=[EVIL], **dict.fromkeys(texts, EVIL))
    manifest = runs.manifest(target)
    manifest.command = [*manifest.command, EVIL]
    manifest.scenario = manifest.started = manifest.config_digest = EVIL
    manifest.parameters = manifest.versions = manifest.machine = {EVIL: EVIL}
    writer = RunWriter(tmp_path, manifest)
    writer.windows([Window(t=0, op="login", count=1, errors={EVIL: 1})])
    writer.anomalies(
        [Anomaly(kind="lost", id=EVIL, sender=EVIL, receiver=EVIL, sent_t=1.0, condition=EVIL)]
    )
    page = without_scripts(render(tmp_path, "html"))
    assert "alert(1)" in page  # it is shown, as text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "{{ 7 * 7 }}" in page
    assert page.count("<script") == page.count('<script type="application/json">') == 1


def test_json_in_the_page_can_not_end_its_element():
    from reports import page

    assert "<" not in page.json({"name": EVIL})


def test_nothing_is_fetched(directory):
    page = without_scripts(render(directory, "html"))
    assert "default-src 'none'" in page
    assert "connect-src" not in page  # so that default-src holds
    assert not re.search(r"(https?:)?//[a-z0-9.-]+\.[a-z]{2,}", page, flags=re.IGNORECASE)
    assert not re.search(r"<(link|img|iframe|script)[^>]+(src|href)=\"(?!data:)", page)
    assert "@import" not in page
    assert "url(" not in page


def test_says_what_decides_the_figures(directories):
    page = without_scripts(render(directories["usual"], "html"))
    top = page[: page.index("Key figures")]
    for fact in ("ejabberd 23.01", "TLSv1.3", "TLS_AES_256_GCM_SHA384", "SCRAM-SHA-1", "Mnesia"):
        assert fact in top
    for fact in ("Archive", "Example CPU", "xmpp-harness bench ejabberd", "SHA-256"):
        assert fact in top
    assert "not a benchmark" in render(directories["embedded"], "html")


def test_the_generator_shows_each_process_and_its_clock(directories):
    def rows(kind):
        page = without_scripts(render(directories[kind], "html"))
        table = page[page.index('id="generator-table"') :]
        table = table[: table.index("</section>")]
        cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table.split("<tr>")]
        return [row for row in cells if row], table

    (head, one, two), text = rows("busy")
    assert head[-2:] == ["clock offset, ms", "bound, ms"]
    assert [one[0], *one[-2:]] == ["worker 0", "-0.040", "0.900"]
    assert [two[0], *two[-2:]] == ["worker 1", "+2.460", "0.900"]
    assert two[3] == "80.0"
    assert "one clock sees both" in text
    (head, *_), text = rows("usual")
    assert head == ["process", "CPU, s", "memory, MB", "worst loop lag, ms"]
    assert "clock" not in text


def test_anomalies_are_capped_and_the_rest_is_counted(tmp_path):
    recipe = runs.Recipe(seconds=5, workers=1)
    runs.write(tmp_path / "many", recipe, anomalies=runs.lost(1_234))
    page = without_scripts(render(tmp_path / "many", "html"))
    assert page.count("<td>lost</td>") == 100
    assert "1,134 more are in anomalies.jsonl" in page
    runs.write(tmp_path / "few", recipe, anomalies=runs.lost(100))
    page = without_scripts(render(tmp_path / "few", "html"))
    assert page.count("<td>lost</td>") == 100
    assert "more are in" not in page


@pytest.mark.parametrize(
    ("kind", "ids"),
    [
        ("usual", "latency throughput distribution logins sessions server inside generator"),
        ("presence", "latency throughput distribution logins sessions server inside generator"),
        ("login", "logins sessions server inside generator"),
        ("empty", ""),
    ],
)
def test_plots_are_those_that_were_recorded(directories, kind, ids):
    assert [chart.id for chart in charts(Run(directories[kind]))] == ids.split()


def test_plots_are_valid_and_state_their_units(run):
    for chart in charts(run):
        resolved = _resolve({"data": chart.data, "layout": chart.layout})
        figure = go.Figure(resolved)  # raises on properties that plotly does not know
        assert len(figure.data) == len(chart.data)
        for name, axis in chart.layout.items():
            if name.startswith("yaxis"):
                title = axis["title"]["text"]
                counted = title in ("sessions", "threads", "open files")
                assert counted or "(" in title or "per second" in title
        assert chart.text.endswith((".", ")."))


def test_the_distribution_ends_at_the_maximum(directories):
    run = Run(directories["usual"])
    chart = next(chart for chart in charts(run) if chart.id == "distribution")
    planned = chart.data[0]
    assert planned["x"][-1] == summarise(run).messages.delivered
    assert planned["y"][-1] == max(planned["y"])
    assert planned["y"] == sorted(planned["y"])


def _resolve(value):
    if isinstance(value, dict):
        return {key: _resolve(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolve(item) for item in value]
    return "#123456" if isinstance(value, str) and value.startswith("var(") else value


def _themes():
    light, dark = re.findall(r":root[^{]*\{(.*?)\}", CSS, flags=re.DOTALL)
    colours = [dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in (light, dark)]
    return {"light": colours[0], "dark": colours[0] | colours[1]}


def _luminance(colour):
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one, other):
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_meet_wcag_aa(theme):
    colours = _themes()[theme]
    for ground in ("paper", "card"):
        for name in ("text", "muted", "good", "careful", "bad"):
            assert _contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
        for name in ("s1", "s2", "s3"):
            assert _contrast(colours[name], colours[ground]) >= 3, (name, ground)
