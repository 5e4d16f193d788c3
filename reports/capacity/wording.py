"""How a capacity search is put into words; above all the one line to quote."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from harness.record.capacity import Capacity, Find, Result
from reports import wording
from reports.capacity.curve import Point, curve
from reports.wording import UNKNOWN, amount

UNITS: dict[Find, str] = {"rate": "messages/s", "users": "users"}
VERDICTS = {
    "found": "found",
    "at least": "lower bound",
    "not met": "not met",
    "unseen": "not known",
    "incomplete": "incomplete",
    "running": "no end",
}
FINDINGS = {
    "met": "met",
    "breached": "not met",
    "blind": "generator",
    "undecided": "undecided",
    "short": "too short",
    "interrupted": "interrupted",
}
CAUSES = {
    "objective": "objective breached",
    "server-cpu": "server CPU",
    "generator": "generator",
    "files": "file limit",
    "logins": "logins",
    "failed": "failure of the run",
}
_NOT_THE_SERVER = {
    "generator": "the generator was the limit, not the server",
    "files": "the generator's file limit was reached, not a limit of the server",
    "failed": "above that the generator failed, not the server",
}
REPEATED = "Where a load was tried more than once, figures are medians, and the majority decides."
WINDOW = (
    "Latencies are of the clean seconds of each step's run, from the planned moment of sending, as "
    "the clients saw them; lost messages are of all that its clients sent."
)
SAME_SERVER = (
    "All steps ran on one server, which was not started anew: what one step left behind, the next "
    "ones met."
)


def verdict(capacity: Capacity) -> str:
    """The key of what came of the search."""
    return capacity.result.verdict if capacity.result else "running"


def load(value: float | None, find: Find) -> str:
    """With its unit."""
    return UNKNOWN if value is None else f"{number(value)} {UNITS[find]}"


def number(value: float) -> str:
    """A load without its unit."""
    return f"{value:,.10g}"


def objective(capacity: Capacity) -> str:
    """The lines of the file; what goes without saying is left out."""
    lines = [f"{line.metric} {line.limit}" for line in capacity.objective if not line.implied]
    return wording.clean(_listed(lines))


def subject(capacity: Capacity) -> str:
    """The server under test."""
    return wording.server(capacity.target) if capacity.target else UNKNOWN


def scenario(capacity: Capacity) -> str:
    """Scenario and users, for the quote: what else decides the figure stands in the report."""
    said = [wording.clean(capacity.scenario)]
    if (users := capacity.parameters.get("users")) is not None:
        said.append(f"{users:,} users" if isinstance(users, int) else f"{users} users")
    if capacity.target is not None:
        said.append("no TLS" if capacity.target.tls == "off" else "TLS")
    return ", ".join(said)


def quote(capacity: Capacity) -> str | None:
    """The result in one line; None where there is nothing to quote."""
    result = capacity.result
    if result is None or result.load is None or result.verdict not in ("found", "at least"):
        return None
    bound = "at least " if result.verdict == "at least" else ""
    said = (
        f"{subject(capacity)}: {bound}{load(result.load, capacity.find)}{_pace(capacity)} with "
        f"{objective(capacity)} ({scenario(capacity)}); {_above(result)}."
    )
    if _embedded(capacity):
        said += f" {wording.REFERENCE_SERVER}"
    return said


def _pace(capacity: Capacity) -> str:
    """What so many users came to: they act by themselves, and their number says little."""
    if capacity.find == "rate" or capacity.result is None:
        return ""
    for point in curve(capacity):
        if point.load == capacity.result.load and point.throughput is not None:
            return f" ({amount(point.throughput)} deliveries/s)"
    return ""


def _above(result: Result) -> str:
    if result.factor is None:
        return "higher loads were not tried"
    if result.verdict == "at least":
        return _NOT_THE_SERVER[result.factor.cause]
    return wording.clean(result.reason)


def reason(capacity: Capacity) -> str:
    """Why the search ended where it did."""
    if capacity.result is None:
        return f"the search was cut short after {len(capacity.steps)} steps"
    return wording.clean(capacity.result.reason)


def outcome(capacity: Capacity) -> str:
    """The verdict with its load: what a reader wants first."""
    key, result = verdict(capacity), capacity.result
    highest = load(result.load if result else None, capacity.find)
    return {
        "found": highest,
        "at least": f"at least {highest}",
        "not met": "the objective was not met",
        "unseen": "the generator was the limit",
        "incomplete": f"{highest} met until then" if result and result.load else "incomplete",
        "running": "incomplete",
    }[key]


def facts(capacity: Capacity) -> dict[str, str]:
    """What decides the result, by label."""
    known = {"Target": subject(capacity)}
    if capacity.target is not None:
        known["TLS"] = wording.tls(capacity.target)
        known["SASL mechanism"] = wording.clean(capacity.target.sasl_mechanism or UNKNOWN)
        known["Password store"] = wording.clean(capacity.target.password_store or UNKNOWN)
        known["Archive"] = wording.clean(capacity.target.archive or UNKNOWN)
    given = {k: v for k, v in capacity.parameters.items() if v not in (None, "")}
    return known | {
        "Machine": _machine(capacity),
        "Scenario": wording.clean(capacity.scenario),
        "Parameters": wording.clean(", ".join(f"{k} {v}" for k, v in given.items()) or "none"),
        "Objective": _listed(
            wording.clean(f"{x.metric} {x.limit}{' (implied)' if x.implied else ''}")
            for x in capacity.objective
        ),
        "Search": search(capacity),
        "Started": wording.clean(capacity.started),
        "Command": wording.clean(shlex.join(capacity.command)),
    }


def search(capacity: Capacity) -> str:
    """How it was searched."""
    top = f" to {number(capacity.highest)}" if capacity.highest is not None else ""
    trials = f"the majority of {capacity.repeats} trials" if capacity.repeats > 1 else "one trial"
    return (
        f"{UNITS[capacity.find]} from {number(capacity.lowest)}{top}, doubled and then bisected to "
        f"{100 * capacity.tolerance:g} %, at the edge {trials}; "
        f"{len(capacity.steps)} steps"
    )


def _machine(capacity: Capacity) -> str:
    """The machine that generated the load."""
    units = {"cores": " cores", "memory_gb": " GB memory"}
    words = (f"{value}{units.get(name, '')}" for name, value in capacity.machine.items())
    return wording.clean(", ".join(words) or UNKNOWN)


def notices(capacity: Capacity) -> list[str]:
    """What a reader must know before the figures."""
    found = [wording.REFERENCE_SERVER] if _embedded(capacity) else []
    if capacity.target is not None and capacity.target.name == "external":
        found.append(SAME_SERVER)
    return found


def cells(point: Point) -> list[str]:
    """p50, p99, loss, server CPU, generator CPU and share of clean seconds, without units."""
    loss = "-" if point.loss is None else f"{point.loss:.2g}"
    values = [point.server_cpu, point.generator_cpu, point.clean]
    whole = ["-" if value is None else f"{value:,.0f}" for value in values]
    return [amount(point.p50_ms), amount(point.p99_ms), loss, *whole]


def finding(point: Point) -> str:
    """With the number of trials that met the objective."""
    return f"{FINDINGS[point.finding]}, {point.met} of {point.trials}"


def _embedded(capacity: Capacity) -> bool:
    return capacity.target is not None and capacity.target.name == "embedded"


def _listed(lines: Iterable[str]) -> str:
    *first, last = lines
    return f"{', '.join(first)} and {last}" if first else last
