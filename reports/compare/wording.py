"""How figures of a comparison are written."""

from __future__ import annotations

from reports.compare.figures import Comparison, Difference, Figure, Group, Interval
from reports.wording import amount

NOT_MEASURED = "not measured"
WITHOUT_BOUND = "∞"
_NAMES = {
    "p50": "median",
    "p90": "90th percentile",
    "p99": "99th percentile",
    "p999": "99.9th percentile",
}
_OF = {"delivery": "Delivery", "login": "Login", "login.planned": "Login since planned"}
_TITLES = {
    "throughput": "Throughput",
    "lost": "Lost",
    "server.cpu_per_message": "Server CPU per message",
    "generator.cpu_per_message": "Generator CPU per message",
}
VERDICTS = {
    "same": "no difference shown",
    "better": "better",
    "worse": "worse",
    "not comparable": "not comparable",
}


def after(verdict: str, reason: str) -> str:
    """What is left to say of the reason when the verdict stands before it."""
    return reason.removeprefix(VERDICTS[verdict]).lstrip(": ")


def title(figure: Figure) -> str:
    """The figure's name for people."""
    what, _, last = figure.metric.rpartition(".")
    if last in _NAMES:
        return f"{_OF[what]}, {_NAMES[last]}"
    return _TITLES[figure.metric]


def value(number: float | None, figure: Figure) -> str:
    """With its unit."""
    if number is None:
        return NOT_MEASURED
    return f"{_digits(number)}{'' if figure.unit == '/s' else ' '}{figure.unit}"


def ratio(figure: Figure) -> str:
    """B / A."""
    if figure.ratio is not None:
        return times(figure.ratio)
    return WITHOUT_BOUND if figure.b else "-"


def interval(of: Interval | None) -> str:
    """From its lower to its upper bound."""
    if of is None:
        return "-"
    return f"{times(of.low)} to {WITHOUT_BOUND if of.high is None else times(of.high)}"


def times(number: float) -> str:
    """A ratio in three significant digits at most, and in two decimals around 1."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.{1 if number >= 10 else 2}f}"


def group(of: Group) -> str:
    """What was measured, in one line."""
    runs = f", {len(of.runs)} runs" if len(of.runs) > 1 else ""
    return f"{of.server}{runs}"


WINDOW = (
    "Figures are of the load, as the clients saw it; latencies are of its clean seconds, and what "
    "arrived in the drain counts with its last second. Logins are of the whole run."
)


def tolerance(comparison: Comparison) -> str:
    """The sentence on what counts as a finding."""
    return (
        f"A difference of less than {100 * comparison.tolerance:g} %, or whose 95 % interval "
        "holds 1, is no finding."
    )


def difference(of: Difference) -> str:
    """The key, and what each group has."""
    return f"{of.key}: " + "; ".join(f"{name} {text}" for name, text in of.values.items())


def _digits(number: float) -> str:
    return f"{number:.2g}" if 0 < abs(number) < 0.01 else amount(number)
