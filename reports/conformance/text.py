"""The verdicts for a terminal, a log or a mail: at most 40 lines of 80 columns."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence

from harness.record.conformance import ConformanceRun
from reports.conformance import wording
from reports.conformance.results import LEVELS, VERDICTS, Result, results
from reports.wording import UNKNOWN

COLUMNS = 80
LINES = 40
LABEL = 13
NEWS_LINES = 4  # of one finding's reason


def render(run: ConformanceRun) -> str:
    """The verdicts as plain text. Only the path of the run may be wider than 80 columns.

    Unexpected findings are shown as far as there is room; a last line counts the others.
    """
    found = results(run)
    head, table, tail = _head(run), _table(found), _tail(run, found)
    room = LINES - len(head) - len(table) - len(tail) - 3
    blocks = [head, table, _news(found, room), tail]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _item(label: str, text: str, lines: int = 1) -> list[str]:
    """A labelled text, wrapped and cut to this many lines."""
    return textwrap.wrap(
        wording.line(text) or "-",
        COLUMNS,
        initial_indent=label.ljust(LABEL),
        subsequent_indent=" " * LABEL,
        max_lines=lines,
        placeholder=" ...",
    )


def _head(run: ConformanceRun) -> list[str]:
    known = wording.facts(run)
    lines = _item("Target", f"{known['Target']}, domain {known['Domain']}", 2)
    if run.manifest.target == "embedded":
        lines += _item("", wording.REFERENCE_SERVER)
    lines += _item("Transport", known["Transport"])
    lines += _item("Effort", f"{known['Effort']}; seed {known['Seed']}; {known['Selected']}")
    lines += _item(
        "Run", f"{known['Cases']} cases, started {known['Started']}, duration {known['Duration']}"
    )
    return lines + (_item("Cells", known["Cells"], 2) if "Cells" in known else [])


def _table(found: Sequence[Result]) -> list[str]:
    """Requirements by level and verdict; a level or `no case` only where there is any."""
    number = Counter((result.level, result.verdict) for result in found)
    verdicts = [*VERDICTS, None] if any(r.verdict is None for r in found) else [*VERDICTS]
    levels = [level for level in (*LEVELS, None) if any(r.level == level for r in found)]
    names = [*(verdict or "no case" for verdict in verdicts), "all"]
    lines = ["Requirements".ljust(LABEL) + _row(names, names)]
    for level in levels:
        cells = [number[level, verdict] for verdict in verdicts]
        lines.append(f"  {level or UNKNOWN}".ljust(LABEL) + _row(names, [*cells, sum(cells)]))
    sums = [sum(number[level, verdict] for level in levels) for verdict in verdicts]
    return [*lines, "  all".ljust(LABEL) + _row(names, [*sums, sum(sums)])]


def _row(names: Sequence[str], cells: Sequence[object]) -> str:
    pairs = zip(names, cells, strict=True)
    return "".join(str(cell or "-").rjust(max(7, len(name) + 2)) for name, cell in pairs)


def _news(found: Sequence[Result], room: int) -> list[str]:
    """What was not expected, and which line to change, in at most `room` lines."""
    news = [result for result in found if result.unexpected]
    if not news:
        return []
    lines = [f"Unexpected: {len(news):,}"]
    for index, result in enumerate(news):
        finding = _finding(result)
        rest = len(news) - index
        if len(lines) + len(finding) + (rest > 1) > room:
            return [*lines, f"  ... and {rest:,} more: the other formats have them all"]
        lines += finding
    return lines


def _finding(result: Result) -> list[str]:
    where = " ".join(filter(None, (result.level, result.document, result.section)))
    title = f"{result.verdict or 'no case'} {result.id} ({where})"
    title = textwrap.shorten(wording.line(title), COLUMNS - 2, placeholder=" ...")
    reason = textwrap.wrap(
        wording.line(result.unexpected or ""),
        COLUMNS,
        initial_indent="    ",
        subsequent_indent="    ",
        max_lines=NEWS_LINES,
        placeholder=" ...",
    )
    return [f"  {title}", *reason]


def _tail(run: ConformanceRun, found: Sequence[Result]) -> list[str]:
    verdict, words = wording.outcome(run)
    lines = _item("Verdict", f"{verdict}: {words}", 2)
    if run.outcome is None:
        lines += _item("", wording.CUT_SHORT, 2)
    known = sum(result.covered for result in found)
    if known:
        lines += _item("Deviations", f"{_number(known, 'requirement')} as is known of this server")
    kept = [case for case in run.cases if case.evidence]
    lines += _item(
        "Evidence",
        f"of {_number(len(kept), 'case')}: finding.txt, transcript.txt and replay.py of each in "
        "evidence/ of the run directory"
        if kept
        else "none: every case was as it should be",
        2,
    )
    return [*lines, "Run".ljust(LABEL) + wording.line(str(run.directory))]


def _number(count: int, of: str) -> str:
    return f"{count:,} {of}{'' if count == 1 else 's'}"
