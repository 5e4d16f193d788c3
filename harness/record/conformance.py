"""Writes and reads the run directory of a conformance run (`harness.record.verdicts`)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from harness.errors import HarnessError
from harness.record.files import (
    CONFORMANCE,
    NewDirectory,
    kind_of,
    lines_of,
    read_if_there,
    read_log,
    read_manifest,
)
from harness.record.verdicts import (
    FORMAT,
    CaseResult,
    ConformanceManifest,
    ConformanceOutcome,
    RequirementResult,
)

_CASES = msgspec.json.Decoder(CaseResult)
_REQUIREMENTS = msgspec.json.Decoder(RequirementResult)


class ConformanceWriter:
    """One run's files. Raises HarnessError when the directory cannot be written."""

    def __init__(self, directory: Path, manifest: ConformanceManifest) -> None:
        self.directory = directory
        self._files = NewDirectory(directory, manifest, ["cases.jsonl"])

    def case(self, result: CaseResult) -> None:
        """A case has ended; its line is in the file when this returns."""
        self._files.append("cases.jsonl", [result])

    def finish(
        self, requirements: Iterable[RequirementResult], outcome: ConformanceOutcome
    ) -> None:
        """Write what the cases mean and how the run ended, and close the files. The last call."""
        (self.directory / "requirements.jsonl").write_bytes(lines_of(requirements))
        self._files.put("outcome.json", outcome)
        self._files.close()


class Evidence(msgspec.Struct, frozen=True):
    """What a case left behind. None: that file is not there."""

    transcript: Path | None
    replay: Path | None


class ConformanceRun:
    """One conformance run's directory in memory. Raises HarnessError when it is not one.

    A run that was cut short has no `outcome` and, as a rule, no `requirements`.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.manifest = read_manifest(directory, CONFORMANCE, ConformanceManifest, FORMAT)
        self.outcome = read_if_there(directory / "outcome.json", ConformanceOutcome)
        self.cases = list(read_log(directory / "cases.jsonl", _CASES))
        self.requirements = list(read_log(directory / "requirements.jsonl", _REQUIREMENTS))

    def evidence(self, case: CaseResult) -> Evidence | None:
        """The files that a case left; None when it left none.

        Raises HarnessError for a path that leads out of the run directory: a record that came
        from elsewhere must not bring other files of this machine into a report.
        """
        if case.evidence is None:
            return None
        folder = self.directory / case.evidence
        return Evidence(self._file(folder / "transcript.txt"), self._file(folder / "replay.py"))

    def _file(self, path: Path) -> Path | None:
        if not path.resolve().is_relative_to(self.directory.resolve()):
            raise HarnessError(f"{path} leads out of the run directory: the record is not sound")
        return path if path.is_file() else None


def is_conformance(directory: Path) -> bool:
    """Whether the directory holds a conformance run. Raises HarnessError when it holds none."""
    return kind_of(directory) == CONFORMANCE
