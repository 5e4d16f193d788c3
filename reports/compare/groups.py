"""The runs behind an argument of the command: one run directory, or one that holds several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import ascii_uppercase

import msgspec

from harness.errors import HarnessError
from harness.record.reader import Run
from reports import wording
from reports.clean import warning
from reports.compare.figures import Group


class Runs(msgspec.Struct):
    """One argument: its letter, its path and its runs."""

    name: str
    path: Path
    runs: list[Run]

    def about(self) -> Group:
        """What a report says of it; of several runs, what their first one says."""
        manifest = self.runs[0].manifest
        return Group(
            name=self.name,
            path=wording.clean(str(self.path)),
            runs=[wording.clean(str(run.directory)) for run in self.runs],
            server=wording.server(manifest.target),
            scenario=wording.clean(manifest.scenario),
            parameters=wording.facts(self.runs[0])["Parameters"],
        )

    def notices(self) -> list[str]:
        """What a reader must know before the figures."""
        found = []
        if any(run.manifest.target.name == "embedded" for run in self.runs):
            found.append(f"{self.name}: {wording.REFERENCE_SERVER}")
        for run in self.runs:
            if busy := warning(run):
                which = f", {wording.clean(run.directory.name)}" if len(self.runs) > 1 else ""
                found.append(f"{self.name}{which}: {busy}")
        return found


def read(paths: Sequence[Path]) -> list[Runs]:
    """The groups behind these paths. Raises HarnessError for fewer than two, or without a run."""
    if not 2 <= len(paths) <= len(ascii_uppercase):
        raise HarnessError(
            f"a comparison needs 2 to {len(ascii_uppercase)} runs, not {len(paths)}: give the "
            "directories of runs, or directories that each hold repeated runs"
        )
    return [
        Runs(name, path, [Run(directory) for directory in _directories(path)])
        for name, path in zip(ascii_uppercase, paths, strict=False)
    ]


def _directories(path: Path) -> list[Path]:
    if (path / "manifest.json").is_file():
        return [path]
    found = sorted(file.parent for file in path.glob("*/manifest.json"))
    if not found:
        raise HarnessError(
            f"{path} is not a run directory and holds none: neither it nor a directory in it has "
            "a manifest.json"
        )
    return found
