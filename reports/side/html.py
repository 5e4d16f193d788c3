"""Servers beside each other as one self-contained page; the reader chooses the order."""

from __future__ import annotations

import shlex
from pathlib import Path

from markupsafe import Markup
from plotly.offline import get_plotlyjs

from harness.record.reader import Run
from harness.record.side import Side
from reports import page, wording
from reports.side.notices import careful, not_as_asked
from reports.side.plot import deliveries, logins
from reports.side.servers import Server, all_tables, configuration, servers


def render(directory: Path, side: Side) -> str:
    """The page. Everything from the records is escaped: a server's version may be hostile."""
    known = servers(directory, side)
    charts = [chart for make in (deliveries, logins) if (chart := make(known)) is not None]
    scripts = [page.template("sort.js")]
    if charts:
        scripts += [get_plotlyjs(), page.template("report.js")]
    environment = page.environment()
    wrong = not_as_asked(side, known)
    return environment.get_template("side.html.jinja").render(
        side=side,
        known=known,
        ran=[server for server in known if server.runs],
        tables=all_tables(known),
        configuration=configuration(known),
        facts=wording.facts(known_run) if (known_run := _first(known)) else {},
        wrong=wrong,
        notices=[*wrong, *careful(known)],
        limits=[(server, limit) for server in known for limit in server.limits],
        runs=[(s, m.run.directory.relative_to(directory)) for s in known for m in s.runs],
        command=wording.clean(shlex.join(side.command)),
        charts=charts,
        figures=[page.json({"data": chart.data, "layout": chart.layout}) for chart in charts],
        planned_and_actual=wording.PLANNED_AND_ACTUAL,
        style=Markup(page.template("report.css") + page.template("side.css")),
        scripts=[Markup(script) for script in scripts],
        hashes=page.hashes(scripts),
        directory=wording.clean(str(directory)),
    )


def _first(known: list[Server]) -> Run | None:
    """A run, for what all have in common."""
    return next((m.run for server in known for m in server.runs), None)
