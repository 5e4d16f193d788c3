"""How values are written for people: one place for digits, units and unknowns."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from harness.record.model import TargetRecord
from harness.record.reader import Run
from reports.figures import WorkerClock

UNKNOWN = "not known"
REFERENCE_SERVER = "The project's own reference server: not a benchmark of a server."
PLANNED_AND_ACTUAL = (
    "Planned counts from when a stanza was due (what a user feels), actual from when "
    "it was sent; the difference is the time it waited in the generator, for its turn or "
    "for a user who was still waiting for an answer."
)
FLOOR = (
    "Floor is the same load on the embedded target: what the generator and the machine "
    "need by themselves."
)
STATISTICS = (
    "The server's own figures, as it gave them once a second; its sessions may be connections, "
    "which are there before the login and after the logout."
)
CLOCKS = (
    "Offset is what a worker's clock shows minus what the master's shows, at the moment when it "
    "was known least; the truth is no further from it than the bound. No latency depends on it: "
    "sender and receiver of a delivery are users of one worker, so one clock sees both."
)
# Over which seconds the figures of a run's page are, and who saw them, by the page's section.
WINDOWS = {
    "key": "Counts are of the whole run, logins and drain included, as the clients saw them. "
    "Latencies are of its clean seconds. Logins and the server's CPU and memory are of the whole "
    "run.",
    "latencies": "In milliseconds, as the clients saw them, over the clean seconds of the whole "
    "run; over all of them where fewer than half of the load's are clean.",
    "plots": "All seconds of the run, clean or not, as the clients saw them, unless a plot says "
    "otherwise; the plots of the server are of its processes.",
    "logins-table": "In milliseconds, as the clients saw them: all logins of the whole run, in "
    "clean seconds or not. The last row is the whole from the moment for which the login was "
    "planned: a server that is behind the plan keeps logins waiting before their TCP begins.",
    "statistics": "Over the whole run.",
    "generator-table": "The harness's own processes, over the whole run.",
    "errors": "Of the whole run, as the clients saw them.",
    "anomalies": "Of the whole run, as the clients saw them.",
}
PHASE_NAMES = {"planned": "since planned"}
NOUNS = {
    "message": "messages",
    "presence": "presence stanzas",
    "iq": "requests",
    "roster": "roster requests",
}
OK = "The load ran as asked. Whether the figures are good is for you to judge."
_TLS = {"off": "off (plaintext)", "starttls": "STARTTLS", "direct": "direct TLS"}


def clean(text: str) -> str:
    """One line without control characters: what a server says must not steer a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def count(value: int | None) -> str:
    """A whole number with thousands separated."""
    return UNKNOWN if value is None else f"{value:,}"


def amount(value: float | None, unknown: str = "-") -> str:
    """A measured value, in three significant digits or whole numbers; the caller has the unit."""
    if value is None:
        return unknown
    size = abs(value)
    if size >= 100 or size == 0:
        return f"{value:,.0f}"
    return f"{value:.{1 if size >= 10 else 2 if size >= 1 else 3}f}"


def clocks(workers: Sequence[WorkerClock]) -> str:
    """How far the workers' clocks may be from the master's, in a few words."""
    apart = max(abs(clock.offset) + clock.bound for clock in workers)
    return f"clocks within {amount(apart)} ms"


def server(target: TargetRecord) -> str:
    """The software under test and its version, with the target's own name where it differs."""
    software = clean(target.server or target.name)
    version = clean(target.version) if target.version else f"version {UNKNOWN}"
    known_as = "" if software.lower() == target.name.lower() else f" (target {clean(target.name)})"
    return f"{software} {version}{known_as}"


def tls(target: TargetRecord) -> str:
    """Mode, version and cipher."""
    if target.tls == "off":
        return _TLS["off"]
    version = clean(target.tls_version or f"version {UNKNOWN}")
    return f"{_TLS[target.tls]}, {version}, {clean(target.tls_cipher or f'cipher {UNKNOWN}')}"


def machine(run: Run) -> str:
    """System, processor, cores and memory of the machine that generated the load."""
    known = dict(run.manifest.machine)
    cores, memory = known.pop("cores", None), known.pop("memory_gb", None)
    words = [clean(str(value)) for value in known.values()]
    if cores is not None:
        words.append(f"{cores} cores")
    if memory is not None:
        words.append(f"{memory} GB memory")
    return ", ".join(words) or UNKNOWN


def facts(run: Run) -> dict[str, str]:
    """What decides the figures, by label, in the order of the page's top."""
    manifest, target = run.manifest, run.manifest.target
    outcome = run.outcome
    return {
        "Target": server(target),
        "Address": clean(f"{target.host}:{target.port}, domain {target.domain}"),
        "TLS": tls(target),
        "SASL mechanism": clean(target.sasl_mechanism or UNKNOWN),
        "Password store": clean(target.password_store or UNKNOWN),
        "Archive": clean(target.archive or UNKNOWN),
        "Machine": machine(run),
        "Scenario": clean(manifest.scenario),
        "Parameters": _pairs(manifest.parameters),
        "Workers": count(manifest.workers),
        "Started": clean(manifest.started),
        "Duration": f"{amount(outcome.duration_s)} s" if outcome else UNKNOWN,
        "Versions": _pairs(manifest.versions),
        "Configuration": f"SHA-256 {clean(manifest.config_digest)}",
        "Command": clean(shlex.join(manifest.command)),
    }


def _pairs(values: object) -> str:
    items = values.items() if isinstance(values, dict) else ()
    given = (clean(f"{name} {value}") for name, value in items if value not in (None, ""))
    return ", ".join(given) or "none"
