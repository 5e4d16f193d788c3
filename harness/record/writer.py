"""Writes a run directory while the run goes on; each line is on disk before the next second."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.record.files import NewDirectory
from harness.record.model import Anomaly, Manifest, Outcome, Sample, Window

_LOGS = ("windows.jsonl", "samples.jsonl", "anomalies.jsonl")


class RunWriter:
    """One run's files. Raises HarnessError when the directory can not be written."""

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        self.directory = directory
        self._files = NewDirectory(directory, manifest, _LOGS)

    def windows(self, windows: Iterable[Window]) -> None:
        self._files.append("windows.jsonl", windows)

    def samples(self, samples: Iterable[Sample]) -> None:
        self._files.append("samples.jsonl", samples)

    def anomalies(self, anomalies: Iterable[Anomaly]) -> None:
        self._files.append("anomalies.jsonl", anomalies)

    def finish(self, outcome: Outcome) -> None:
        """Write the outcome and close the files. The last call."""
        self._files.put("outcome.json", outcome)
        self._files.close()
