"""One self-contained page: no request leaves it, and its policy forbids any.

It weighs about 4.9 MB, of which plotly.js is 4.8 MB; the Python package ships no smaller bundle.
"""

from __future__ import annotations

from itertools import islice

from markupsafe import Markup
from plotly.offline import get_plotlyjs

from harness.record.reader import Run
from reports import page, wording
from reports.charts import charts
from reports.clean import warning
from reports.figures import Summary, Usage
from reports.operations import main_op
from reports.series import by_worker
from reports.side.columns import COST, Measured
from reports.statistics import rows
from reports.summary import reconcile, summarise

ANOMALIES_SHOWN = 100


def render(run: Run) -> str:
    """The page. Everything from the record is escaped: a server's version may be hostile."""
    summary = summarise(run)
    plots = charts(run)
    anomalies = iter(run.anomalies)
    scripts = [get_plotlyjs(), page.template("report.js")] if plots else []
    environment = page.environment()
    environment.filters |= {"amount": wording.amount, "count": wording.count}
    return environment.get_template("report.html.jinja").render(
        run=run,
        summary=summary,
        facts=wording.facts(run),
        state=summary.verdict.partition(":")[0],
        verdict=_verdict(summary),
        tiles=_tiles(summary),
        op=main_op(run),
        notices=_notices(run, summary),
        windows=wording.WINDOWS,
        phase_names=wording.PHASE_NAMES,
        planned_and_actual=wording.PLANNED_AND_ACTUAL,
        floor_note=wording.FLOOR,
        charts=plots,
        figures=[page.json({"data": plot.data, "layout": plot.layout}) for plot in plots],
        cost=COST,
        costs=_costs(run, summary),
        statistics=rows(run),
        statistics_note=wording.STATISTICS,
        workers=_workers(run, summary),
        clocks_note=wording.CLOCKS,
        anomalies=list(islice(anomalies, ANOMALIES_SHOWN)),
        anomalies_left=sum(1 for _ in anomalies),
        style=Markup(page.template("report.css")),
        scripts=[Markup(script) for script in scripts],
        weight_mb=sum(map(len, scripts)) / 1e6 + 0.1,
        hashes=page.hashes(scripts),
    )


def _verdict(summary: Summary) -> str:
    """The words after the verdict's badge."""
    reason = summary.verdict.partition(":")[2].strip()
    return reason or (wording.OK if summary.verdict == "ok" else "")


def _tiles(summary: Summary) -> list[tuple[str, str, str]]:
    """The key figures: name, value with its unit, and what it is measured against."""
    users, messages, planned = summary.users, summary.messages, summary.latency_ms.planned
    return [
        ("Users present", wording.count(users.present), f"of {wording.count(users.wanted)} wanted"),
        (
            "Delivered",
            wording.count(messages.delivered),
            f"of {wording.count(messages.sent)} sent; {wording.count(messages.lost)} lost",
        ),
        ("Median latency", _with_unit(planned.p50, "ms"), "from the planned moment"),
        (
            "99th percentile",
            _with_unit(planned.p99, "ms"),
            f"99.9th {_with_unit(planned.p999, 'ms')}, max {_with_unit(planned.max, 'ms')}",
        ),
        ("Logins", _with_unit(summary.login.per_s, "/s"), _whole_login(summary)),
        ("Server", *_usage(summary.server)),
    ]


def _usage(usage: Usage | None) -> tuple[str, str]:
    if usage is None:
        return wording.UNKNOWN, "its processes were not watched"
    return f"{wording.amount(usage.cpu_s)} s CPU", f"{wording.amount(usage.rss_max_mb)} MB memory"


def _costs(run: Run, summary: Summary) -> list[tuple[str, str]]:
    """What is known of the load's cost to the server: a figure with its unit, and its value."""
    of = Measured(run, summary)
    known = [(column.heading, column.text(column.of(of))) for column in COST.columns]
    return [row for row in known if row[1] != "-"]


def _workers(run: Run, summary: Summary) -> list[tuple[str, float, float, float | None, str, str]]:
    """Each process of the generator: CPU seconds, memory, worst loop lag (the master
    has none), clock offset and bound in ms."""
    clocks = {clock.worker: clock for clock in summary.clocks_ms}
    rows = []
    for number, samples in sorted(by_worker(run).items()):
        clock = clocks.get(number)
        rows.append(
            (
                "master" if number < 0 else f"worker {number}",
                samples[-1].cpu_s,
                max(sample.rss_mb for sample in samples),
                None if number < 0 else max(sample.lag_ms for sample in samples),
                f"{clock.offset:+.3f}" if clock else "-",
                f"{clock.bound:.3f}" if clock else "-",
            )
        )
    return rows


def _whole_login(summary: Summary) -> str:
    whole = summary.login.phases["whole"]
    return f"median {_with_unit(whole.p50, 'ms')}, 99th {_with_unit(whole.p99, 'ms')}"


def _with_unit(value: float | None, unit: str) -> str:
    return wording.UNKNOWN if value is None else f"{wording.amount(value)} {unit}"


def _notices(run: Run, summary: Summary) -> list[str]:
    """What a reader must know before the figures."""
    target = run.manifest.target
    found = [wording.REFERENCE_SERVER] if target.name == "embedded" else []
    found += [f"Differs from the stated profile: {wording.clean(d)}" for d in target.differences]
    found += reconcile(summary)
    busy = warning(run)
    return [*found, busy] if busy else found
