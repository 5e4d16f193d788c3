"""How long deliveries took: over time, and as a distribution."""

from __future__ import annotations

from harness.record.histogram import Histogram
from harness.record.reader import Run
from reports.charts.figure import TIME_TITLE, Chart, bands, edges, layout, line, log_axis, step, top
from reports.clean import busy_seconds, clean
from reports.operations import main_op, merged
from reports.series import Axis, Values, latencies
from reports.wording import amount

# Where 1 / (1 - p) puts each percentile on a logarithmic axis.
TICKS = {1: "0", 2: "50", 10: "90", 100: "99", 1000: "99.9", 10**4: "99.99", 10**5: "99.999"} | {
    10**6: "99.9999",
    10**7: "99.99999",
}


def latency(run: Run, on: Axis) -> Chart | None:
    """Planned latency by second of arrival: median, 99th percentile, maximum."""
    op = main_op(run)
    merged_points = latencies(run, on, op)
    if not any(len(histogram) for histogram in merged_points):
        return None
    p50 = [histogram.percentile_ms(50) for histogram in merged_points]
    p99 = [histogram.percentile_ms(99) for histogram in merged_points]
    most = [histogram.max_ms() for histogram in merged_points]
    busy = busy_seconds(run)
    shaded = " Shaded: seconds in which the generator was near its limit." if busy else ""
    return Chart(
        id="latency",
        title="Latency over time",
        text=f"From the planned moment of sending, by second of arrival: median at most "
        f"{top(p50)} ms, 99th percentile at most {top(p99)} ms, worst {top(most)} ms."
        f"{shaded}{step(on, 'of all deliveries')}",
        data=[
            line("max", on.times(), most, "s3", dash="dot", unit=" ms", width=1.25),
            line("p99", on.times(), p99, "s2", unit=" ms"),
            line("p50", on.times(), p50, "s1", unit=" ms"),
        ],
        layout=layout(
            TIME_TITLE,
            log_axis("latency (ms, log scale)", p50, most),
            shapes=[*bands(busy), *edges(run)],
        ),
        height=340,
        wide=True,
    )


def distribution(run: Run, on: Axis) -> Chart | None:
    """Planned and actual latency by percentile, as HDR histograms are drawn; of the seconds that
    the table of latencies is of."""
    op, windows = main_op(run), clean(run, run.windows)
    planned, actual = (merged(windows, op, planned=which) for which in (True, False))
    deliveries = max(len(planned), len(actual))
    if not deliveries:
        return None
    ticks = [t for t in TICKS if t == 1 or t <= 10 * deliveries]
    curves = percentiles(planned), percentiles(actual)
    figure = layout("percentile", log_axis("latency (ms, log scale)", curves[0][1], curves[1][1]))
    figure["xaxis"] |= {"type": "log", "tickvals": ticks, "ticktext": [TICKS[t] for t in ticks]}
    figure["hovermode"] = "closest"
    return Chart(
        id="distribution",
        title="Latency distribution",
        text=f"Of the clean seconds, as the table. Each step to the right leaves a tenth as many "
        f"deliveries above the line. Half of "
        f"{deliveries:,} deliveries took at most {amount(planned.percentile_ms(50))} ms from the "
        f"planned and {amount(actual.percentile_ms(50))} ms from the actual moment of sending; "
        f"99 % took at most {amount(planned.percentile_ms(99))} and "
        f"{amount(actual.percentile_ms(99))} ms.",
        data=[
            line("planned", *curves[0], "s1", shape="linear", unit=" ms"),
            line("actual", *curves[1], "s2", shape="linear", dash="dash", unit=" ms"),
        ],
        layout=figure,
        height=300,
    )


def percentiles(histogram: Histogram) -> tuple[list[float], Values]:
    """x = 1 / (1 - p) in 24 steps per decade, ending at the maximum, drawn at x = count."""
    total = len(histogram)
    xs: list[float] = []
    while (x := 10 ** (len(xs) / 24)) < total:
        xs.append(round(x, 6))
    ys: Values = [histogram.percentile_ms(100 * (1 - 1 / x)) for x in xs]
    return ([*xs, float(total)], [*ys, histogram.max_ms()]) if total else ([], [])
