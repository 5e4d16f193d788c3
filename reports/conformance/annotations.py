"""The unexpected verdicts as workflow commands, which GitHub shows beside the job."""

from __future__ import annotations

from harness.record.conformance import ConformanceRun
from reports.conformance import wording
from reports.conformance.results import results

SHOWN = 10  # GitHub keeps no more of one step


def render(run: ConformanceRun) -> str:
    """One line each; a notice where there is nothing, or more than is shown."""
    news = [result for result in results(run) if result.unexpected]
    lines = [
        _command("error", f"{r.verdict or 'no case'} {r.id}", f"{r.unexpected}")
        for r in news[:SHOWN]
    ]
    if run.outcome is None or run.outcome.verdict == "incomplete":
        lines.append(_command("error", "conformance", wording.outcome(run)[1] or "incomplete"))
    elif not news:
        lines.append(_command("notice", "conformance", wording.outcome(run)[1]))
    elif left := len(news) - len(lines):
        lines.append(_command("notice", "conformance", f"{left} more: see the report"))
    return "\n".join(lines)


def _command(kind: str, title: str, message: str) -> str:
    """One line, in which nothing ends the command early or begins another."""
    name = _data(wording.line(title)).replace(":", "%3A").replace(",", "%2C")
    return f"::{kind} title={name}::{_data(wording.visible(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
