"""One self-contained page: requirements against servers, and every case with its evidence."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from markupsafe import Markup

from harness.record.conformance import ConformanceRun
from reports import page
from reports.conformance import wording
from reports.conformance.matrix import Matrix, Row, matrix
from reports.conformance.results import LEVELS, VERDICTS, Result, counts, results
from reports.wording import count

NAMES_IN_TITLE = 3
NEWS_SHOWN = 6  # more of them scroll in a box


class Server(msgspec.Struct, kw_only=True):
    """One run, as its card shows it. `levels`: requirements that pass, and all of them."""

    name: str
    state: str
    words: str
    counts: dict[str, int]
    levels: dict[str, tuple[int, int]]
    known: int
    facts: dict[str, str]


class News(msgspec.Struct, kw_only=True):
    """A verdict that was not expected."""

    row: Row
    server: int
    verdict: str | None
    words: str


def render(run: ConformanceRun) -> str:
    """The page on one run."""
    return render_matrix([run])


def render_matrix(runs: Sequence[ConformanceRun]) -> str:
    """The page on several runs, one column each, in this order.

    Everything from the records is escaped: what a server says may be hostile.
    """
    content = matrix(runs)
    servers = [_server(run, name) for run, name in zip(runs, content.servers, strict=True)]
    scripts = [page.template("conformance.js")]
    data = {
        "matrix": content,
        "closes": wording.CLOSES,
        "signs": wording.SIGNS,
        "replayNote": wording.REPLAY,
    }
    environment = page.environment()
    environment.filters["count"] = count
    return environment.get_template("conformance.html.jinja").render(
        title=_title(content.servers),
        documents=", ".join(dict.fromkeys(row.document for row in content.rows)),
        servers=servers,
        notices=_notices(runs, content.servers),
        news=_news(content),
        news_shown=NEWS_SHOWN,
        compared=any(run.outcome for run in runs),
        matrix=content,
        differing=sum(row.differs for row in content.rows),
        level_counts={n: sum(row.level == n for row in content.rows) for n in LEVELS},
        verdict_counts={n: _rows_with(content, n) for n in VERDICTS},
        data=page.json(data),
        wording=wording,
        style=Markup(page.template("report.css") + page.template("conformance.css")),
        scripts=[Markup(script) for script in scripts],
        hashes=page.hashes(scripts),
    )


def _title(names: Sequence[str]) -> str:
    if len(names) > NAMES_IN_TITLE:
        return f"{len(names)} servers"
    return ", ".join(names)


def _server(run: ConformanceRun, name: str) -> Server:
    found = results(run)
    state, words = wording.outcome(run)
    return Server(
        name=name,
        state=state,
        words=words,
        counts=counts(found),
        levels={level: share for level in LEVELS if (share := _share(found, level))[1]},
        known=sum(result.covered for result in found),
        facts=wording.facts(run),
    )


def _share(found: Sequence[Result], level: str) -> tuple[int, int]:
    verdicts = [result.verdict for result in found if result.level == level]
    return verdicts.count("PASS"), len(verdicts)


def _notices(runs: Sequence[ConformanceRun], names: Sequence[str]) -> list[str]:
    """What a reader must know before the verdicts."""
    found = []
    for run, name in zip(runs, names, strict=True):
        if run.manifest.target == "embedded":
            found.append(f"{name}: {wording.REFERENCE_SERVER}")
        if run.outcome is None:
            found.append(f"{name}: {wording.CUT_SHORT}")
        elif run.outcome.verdict == "incomplete":
            found.append(f"{name}: the run is incomplete: {wording.line(run.outcome.reason)}")
    return found


def _news(content: Matrix) -> list[News]:
    return [
        News(row=row, server=index, verdict=cell.verdict, words=cell.unexpected)
        for index in range(len(content.servers))
        for row in content.rows
        if (cell := row.cells[index]) and cell.unexpected
    ]


def _rows_with(content: Matrix, verdict: str) -> int:
    return sum(any(c and c.verdict == verdict for c in row.cells) for row in content.rows)
