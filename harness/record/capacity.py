"""What the directory of a capacity search holds: `capacity.json`, and one run for each step.

    capacity.json        one Capacity, written anew after each step
    steps/NN-LOAD/       the run directory of each step (`harness.record.model`)
    report.html          the page

`capacity.json` has no `result` while the search goes on, or when it was killed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from harness.errors import HarnessError
from harness.record.files import read
from harness.record.model import TargetRecord

FORMAT = 1
NAME = "capacity.json"

Find = Literal["rate", "users"]
"""What is sought: messages per second by plan, or users who act by themselves."""

Verdict = Literal["met", "breached", "blind", "short", "interrupted"]
"""Of a step. met: the objective was. breached: it was not, or the run failed. blind: the generator
was at its own limits, so that the step says nothing of the server. short: too few deliveries for
the percentile, measured again for longer. interrupted: by the user."""

Cause = Literal["objective", "server-cpu", "generator", "files", "logins", "failed"]
"""What stood in the way. objective: a line was breached, and the server had CPU left or was not
watched. server-cpu: the same, with the server's CPU used up. generator: our own limits. files: no
more file descriptors. logins: not all users got in. failed: the run ended early."""


class Line(msgspec.Struct, kw_only=True, frozen=True):
    """One line of the objective. `implied`: it stands in no file, but goes without saying."""

    metric: str
    limit: str
    implied: bool = False


class Check(msgspec.Struct, kw_only=True, frozen=True):
    """One line of the objective against one step, as text with units."""

    metric: str
    limit: str
    measured: str
    ok: bool


class Factor(msgspec.Struct, kw_only=True, frozen=True):
    """What stood in the way of a higher load. `text` says it in words, with what was measured."""

    cause: Cause
    text: str


class Measured(msgspec.Struct, kw_only=True):
    """One step in figures. None: not known.

    Latencies are in milliseconds from the planned moment of sending, of clean seconds; CPU is the
    mean over the load in percent of one core.
    """

    verdict: Verdict
    checks: list[Check] = []
    factor: Factor | None = None  # where the step was not met
    p50_ms: float | None = None
    p99_ms: float | None = None
    sent: int | None = None
    lost: int | None = None
    throughput: float | None = None  # deliveries per second
    deliveries: int = 0  # in the percentiles
    server_cpu: float | None = None
    generator_cpu: float | None = None  # of its busiest process
    server_rss_mb: float | None = None
    clean: float | None = None  # the share of seconds in which the generator was no bottleneck

    @property
    def loss(self) -> float | None:
        """The share of lost messages in percent; None where nothing was sent."""
        return None if self.lost is None or not self.sent else 100 * self.lost / self.sent


class Step(msgspec.Struct, kw_only=True):
    """One load, tried once. `load` is in messages per second, or users."""

    number: int
    load: float
    seconds: float  # how long the load was to be
    directory: str  # of the run, relative to the search's own
    measured: Measured


class Result(msgspec.Struct, kw_only=True):
    """What came of the search.

    `verdict` is "found" (`load` meets the objective and `beyond` does not), "at least" (`load`
    does, and what lies above was not to be seen), "not met" (the lowest load does not), "unseen"
    (even there the generator was at its limits) or "incomplete" (`load` is the highest that was
    met until then). `reason` is one line.
    """

    verdict: Literal["found", "at least", "not met", "unseen", "incomplete"]
    load: float | None
    beyond: float | None
    factor: Factor | None
    reason: str


class Capacity(msgspec.Struct, kw_only=True):
    """A search, complete or not. Holds no password."""

    kind: Literal["capacity"] = "capacity"
    format: int = FORMAT
    started: str  # ISO 8601, UTC
    command: list[str]
    scenario: str
    find: Find
    parameters: dict[str, str | int | float | bool | None]
    objective: list[Line]
    tolerance: float  # the loads of the edge lie at most this share apart
    repeats: int  # trials at the edge, of which the majority decides
    lowest: float
    highest: float | None
    target: TargetRecord | None = None  # as the first step found it
    machine: dict[str, str | int | float] = {}
    steps: list[Step] = []
    result: Result | None = None


def write(directory: Path, capacity: Capacity) -> None:
    """Write the search into its directory, whole or not at all."""
    new = directory / f"{NAME}.new"
    new.write_bytes(msgspec.json.format(msgspec.json.encode(capacity), indent=2) + b"\n")
    new.replace(directory / NAME)


def load(directory: Path) -> Capacity:
    """The search of a directory. Raises HarnessError when it holds none, or a damaged one."""
    path = directory / NAME
    if not path.is_file():
        raise HarnessError(f"{directory} holds no capacity search: it has no {NAME}")
    capacity = read(path, Capacity)
    if capacity.format != FORMAT:
        raise HarnessError(
            f"{directory} has record format {capacity.format}, this version reads {FORMAT}"
        )
    return capacity
