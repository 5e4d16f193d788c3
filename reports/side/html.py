"""Servers beside each other as one self-contained page; the reader chooses the order."""

from __future__ import annotations

import shlex
from pathlib import Path

from markupsafe import Markup
from plotly.offline import get_plotlyjs

from harness.record.reader import Run
from harness.record.side import Side
from reports import page, wording
from reports.charts.figure import Chart, layout, line, log_axis
from reports.charts.latency import TICKS, percentiles
from reports.side.columns import TABLES
from reports.side.servers import Server, configuration, servers

_COLORS = ("s1", "s2", "s3", "s4", "s5")
_DASHES = ("solid", "dash", "dot")


def render(directory: Path, side: Side) -> str:
    """The page. Everything from the records is escaped: a server's version may be hostile."""
    known = servers(directory, side)
    chart = _distribution(known)
    scripts = [page.template("sort.js")]
    if chart:
        scripts += [get_plotlyjs(), page.template("report.js")]
    environment = page.environment()
    environment.filters |= {"amount": wording.amount}
    return environment.get_template("side.html.jinja").render(
        side=side,
        known=known,
        tables=TABLES,
        configuration=configuration(known),
        facts=wording.facts(known_run) if (known_run := _first(known)) else {},
        state="ok" if not _said(known) and not side.interrupted else "incomplete",
        said=_said(known),
        runs=[(s, m.run.directory.relative_to(directory)) for s in known for m in s.runs],
        command=wording.clean(shlex.join(side.command)),
        chart=chart,
        figure=page.json({"data": chart.data, "layout": chart.layout}) if chart else "",
        planned_and_actual=wording.PLANNED_AND_ACTUAL,
        style=Markup(page.template("report.css") + page.template("side.css")),
        scripts=[Markup(script) for script in scripts],
        hashes=page.hashes(scripts),
        directory=wording.clean(str(directory)),
    )


def _first(known: list[Server]) -> Run | None:
    """A run, for what all have in common."""
    return next((m.run for server in known for m in server.runs), None)


def _said(known: list[Server]) -> list[tuple[str, str]]:
    """What did not go as asked: the server, and why."""
    return [(s.title, text) for s in known for text in [*s.errors, *s.verdicts]]


def _distribution(known: list[Server]) -> Chart | None:
    """Latency by percentile, a line for each server."""
    found = [(server, server.latencies()) for server in known]
    found = [(server, histogram) for server, histogram in found if len(histogram)]
    if not found:
        return None
    most = max(len(histogram) for _, histogram in found)
    curves = [percentiles(histogram) for _, histogram in found]
    figure = layout("percentile", log_axis("latency (ms, log scale)", *(ys for _, ys in curves)))
    ticks = [t for t in TICKS if t == 1 or t <= 10 * most]
    figure["xaxis"] |= {"type": "log", "tickvals": ticks, "ticktext": [TICKS[t] for t in ticks]}
    figure["hovermode"] = "closest"
    medians = ", ".join(
        f"{server.title} {wording.amount(histogram.percentile_ms(50))} and "
        f"{wording.amount(histogram.percentile_ms(99))} ms"
        for server, histogram in found
    )
    return Chart(
        id="distribution",
        title="Latency by percentile",
        text="From the planned moment of sending, over all runs of each server. Each step to the "
        f"right leaves a tenth as many above the line. Median and 99th percentile: {medians}.",
        data=[
            line(
                server.title,
                *curve,
                _COLORS[number % len(_COLORS)],
                dash=_DASHES[number % len(_DASHES)],
                shape="linear",
                unit=" ms",
            )
            for number, ((server, _), curve) in enumerate(zip(found, curves, strict=True))
        ],
        layout=figure,
        height=380,
        wide=True,
    )
