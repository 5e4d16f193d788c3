"""Distributions of several servers over each other: a line for each, alike in all plots."""

from __future__ import annotations

from collections.abc import Callable

from harness.record.histogram import Histogram
from reports import wording
from reports.charts.figure import Chart, Trace, layout, line, log_axis
from reports.charts.latency import TICKS, percentiles
from reports.side.servers import Server

_COLORS = ("s1", "s2", "s3", "s4", "s5")
_DASHES = ("solid", "dash", "dot")


def deliveries(known: list[Server]) -> Chart | None:
    """How long deliveries took; None where nothing was delivered."""
    return _distribution(
        "distribution",
        "Latency by percentile",
        "From the planned moment of sending where there is one, over the clean seconds of all runs "
        "of each server.",
        known,
        Server.latencies,
    )


def logins(known: list[Server]) -> Chart | None:
    """How long logins took; None where nobody logged in."""
    return _distribution(
        "logins",
        "Logins by percentile",
        "From TCP to the first presence, over all runs of each server.",
        known,
        Server.logins,
    )


def _distribution(
    id: str,  # noqa: A002 - the word of HTML
    title: str,
    window: str,
    known: list[Server],
    of: Callable[[Server], Histogram],
) -> Chart | None:
    found = {n: histogram for n, server in enumerate(known) if len(histogram := of(server))}
    if not found:
        return None
    curves = {number: percentiles(histogram) for number, histogram in found.items()}
    most = max(map(len, found.values()))
    ys = (y for _, y in curves.values())
    figure = layout("percentile", log_axis("latency (ms, log scale)", *ys))
    ticks = [t for t in TICKS if t == 1 or t <= 10 * most]
    figure["xaxis"] |= {"type": "log", "tickvals": ticks, "ticktext": [TICKS[t] for t in ticks]}
    figure["hovermode"] = "closest"
    figures = (_figures(known[number].title, histogram) for number, histogram in found.items())
    return Chart(
        id=id,
        title=title,
        text=f"{window} Each step to the right leaves a tenth as many above the line. Median and "
        f"99th percentile: {', '.join(figures)}.",
        data=[_line(number, known[number].title, curve) for number, curve in curves.items()],
        layout=figure,
        height=380,
    )


def _figures(title: str, histogram: Histogram) -> str:
    median, high = (wording.amount(histogram.percentile_ms(p)) for p in (50, 99))
    return f"{title} {median} and {high} ms"


def _line(number: int, title: str, curve: tuple[list[float], list[float | None]]) -> Trace:
    return line(
        title,
        *curve,
        _COLORS[number % len(_COLORS)],
        dash=_DASHES[number % len(_DASHES)],
        shape="linear",
        unit=" ms",
    )
