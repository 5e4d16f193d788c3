"""Requirements against servers: the content of the page, every text made visible."""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import msgspec

from harness.record.conformance import ConformanceRun
from harness.record.verdicts import CaseResult, Close, Level, Verdict
from reports.conformance.results import Result, natural, results
from reports.conformance.wording import line, names, replay_command, visible

TRANSCRIPT_HEAD = 48_000  # bytes; a hostile server decides how much it sends
TRANSCRIPT_TAIL = 16_000


class Case(msgspec.Struct, kw_only=True):
    """One case. `transcript` (packed) is None where none was kept, `replay` the command to repeat
    it."""

    case: str
    verdict: Verdict
    close: Close | None
    expected: str
    observed: str
    reason: str
    examples: int
    seconds: float
    evidence: str | None = None
    transcript: str | None = None
    replay: str | None = None


class Cell(msgspec.Struct, kw_only=True):
    """One requirement on one server. `cases` are indexes into that server's cases."""

    verdict: Verdict | None
    close: Close | None
    observed: str
    deviation: str | None
    unexpected: str | None
    cases: list[int]


class Row(msgspec.Struct, kw_only=True):
    """One requirement on every server; None where a run knows nothing of it."""

    index: int = 0
    id: str
    document: str
    section: str
    level: Level | None
    summary: str
    cells: list[Cell | None]

    @property
    def differs(self) -> bool:
        """Whether servers have different verdicts; a case that did not run is none."""
        return len({cell.verdict for cell in self.cells if cell and cell.verdict}) > 1


class Matrix(msgspec.Struct, kw_only=True):
    """The page's content. Rows are in the order of document, section and id."""

    servers: list[str]
    rows: list[Row]
    cases: list[list[Case]]

    def groups(self) -> list[tuple[str, list[Row]]]:
        """The rows under titles: document and first number of the section."""
        grouped = groupby(self.rows, key=lambda row: (row.document, row.section.split(".")[0]))
        return [
            (f"{document}, section {section}" if section else document, list(rows))
            for (document, section), rows in grouped
        ]


def matrix(runs: Sequence[ConformanceRun]) -> Matrix:
    """The requirements that any of the runs knows of."""
    columns = [{result.id: result for result in results(run)} for run in runs]
    found: dict[str, Result] = {}
    for column in columns:
        for result in column.values():
            if result.id not in found or found[result.id].level is None:  # less known: cut short
                found[result.id] = result
    indexes = [{case.case: index for index, case in enumerate(run.cases)} for run in runs]
    rows = [
        _row(result, [column.get(result.id) for column in columns], indexes)
        for result in sorted(
            found.values(), key=lambda r: (natural(r.document), natural(r.section), r.id)
        )
    ]
    for index, row in enumerate(rows):
        row.index = index
    return Matrix(
        servers=names(runs),
        rows=rows,
        cases=[[_case(run, case) for case in run.cases] for run in runs],
    )


def _row(known: Result, found: Sequence[Result | None], indexes: Sequence[dict[str, int]]) -> Row:
    return Row(
        id=line(known.id),
        document=line(known.document),
        section=line(known.section),
        level=known.level,
        summary=line(known.summary),
        cells=[
            _cell(result, index) if result else None
            for result, index in zip(found, indexes, strict=True)
        ],
    )


def _cell(result: Result, index: dict[str, int]) -> Cell:
    return Cell(
        verdict=result.verdict,
        close=result.close,
        observed=visible(result.observed),
        deviation=visible(result.deviation) if result.deviation else None,
        unexpected=visible(result.unexpected) if result.unexpected else None,
        cases=[index[case.case] for case in result.cases],
    )


def _case(run: ConformanceRun, case: CaseResult) -> Case:
    view = Case(
        case=line(case.case),
        verdict=case.verdict,
        close=case.close,
        expected=visible(case.expected),
        observed=visible(case.observed),
        reason=visible(case.reason),
        examples=case.examples,
        seconds=case.seconds,
        evidence=line(case.evidence) if case.evidence else None,
    )
    if evidence := run.evidence(case):
        view.transcript = _packed(_transcript(evidence.transcript)) if evidence.transcript else None
        domain = run.manifest.domain
        view.replay = replay_command(evidence.replay, domain) if evidence.replay else None
    return view


def _packed(text: str) -> str:
    """For a page that unpacks it when it is opened: transcripts are most of it, and much alike."""
    return b64encode(zlib.compress(text.encode(), 9)).decode()


def _transcript(path: Path) -> str:
    """The whole transcript, or its beginning and its end where it is very long."""
    with path.open("rb") as file:
        data = file.read(TRANSCRIPT_HEAD + TRANSCRIPT_TAIL)
        left = path.stat().st_size - len(data)
        if left <= 0:
            return _decoded(data)
        file.seek(-TRANSCRIPT_TAIL, 2)
        head, tail = data[:TRANSCRIPT_HEAD], file.read(TRANSCRIPT_TAIL)
    return f"{_decoded(head)}\n[{left:,} bytes are left out here]\n{_decoded(tail)}"


def _decoded(data: bytes) -> str:
    return visible(data.decode("utf-8", "backslashreplace"))
