"""What a reader of servers beside each other must know before the figures."""

from __future__ import annotations

from harness.record.side import Side
from reports import wording
from reports.clean import ENOUGH, warning
from reports.side.servers import Server


def not_as_asked(side: Side, known: list[Server]) -> list[str]:
    """Why something is missing, or did not go as it was asked for; empty when all did."""
    found = [
        f"{server.title}: {text}"
        for server in known
        for text in [*server.errors, *server.verdicts, *server.breaches]
    ]
    if not side.complete:
        how = "Stopped by the user" if side.interrupted else "Its record ends"
        done, asked = len(side.trials), side.repeats * len(side.targets)
        found.append(f"{how} before all runs were done: {done} of {asked}.")
    return found


def careful(known: list[Server]) -> list[str]:
    """What the figures do not mean."""
    found = []
    for server in known:
        if server.name == "embedded":
            found.append(f"{server.title}: {wording.REFERENCE_SERVER}")
        for number, m in enumerate(server.runs, start=1):
            if (m.summary.clean or 0.0) < ENOUGH and (said := warning(m.run)):
                found.append(f"{server.title}, run {number}: {said}")
    return found
