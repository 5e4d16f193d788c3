"""What the directory of a side-by-side run holds: `side.json`, and one run for each trial.

side.json              one Side, written anew after each trial
runs/REPEAT-TARGET/    the run directory of each trial (`harness.record.model`)
report.html            the page
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.errors import HarnessError
from harness.record.checks import Check
from harness.record.files import read

FORMAT = 1
NAME = "side.json"


class Trial(msgspec.Struct, kw_only=True):
    """One server, loaded once. `directory` is relative to the whole's; None where no run came
    about, and then `error` says why."""

    target: str
    repeat: int  # from 1
    directory: str | None = None
    code: int = 0  # as `bench` ends
    error: str | None = None
    limits: list[Check] = []


class Side(msgspec.Struct, kw_only=True):
    """The same load on several servers, complete or not. Holds no password."""

    kind: str = "side"
    format: int = FORMAT
    started: str  # ISO 8601, UTC
    command: list[str]
    scenario: str
    targets: list[str]  # in the order in which they were asked for
    repeats: int
    trials: list[Trial] = []
    interrupted: bool = False

    @property
    def complete(self) -> bool:
        """Whether every trial had its turn, with whatever result."""
        return len(self.trials) == self.repeats * len(self.targets) and not self.interrupted

    def of(self, target: str) -> list[Trial]:
        """The trials of one target, in their order."""
        return [trial for trial in self.trials if trial.target == target]


def is_side(directory: Path) -> bool:
    """Whether the directory holds a side-by-side run."""
    return (directory / NAME).is_file()


def write(directory: Path, side: Side) -> None:
    """Write the record into its directory, whole or not at all."""
    new = directory / f"{NAME}.new"
    new.write_bytes(msgspec.json.format(msgspec.json.encode(side), indent=2) + b"\n")
    new.replace(directory / NAME)


def load(directory: Path) -> Side:
    """The record of a directory. Raises HarnessError when it holds none, or a damaged one."""
    if not is_side(directory):
        raise HarnessError(f"{directory} holds no side-by-side run: it has no {NAME}")
    side = read(directory / NAME, Side)
    if side.format != FORMAT:
        raise HarnessError(
            f"{directory} has record format {side.format}, this version reads {FORMAT}"
        )
    return side
