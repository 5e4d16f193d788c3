"""Writes a run directory while the run goes on; each line is on disk before the next second."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import IO

import msgspec

from harness.errors import HarnessError
from harness.record.model import Anomaly, Manifest, Outcome, Sample, Window

_json = msgspec.json.Encoder()


class RunWriter:
    """One run's files. Raises HarnessError when the directory can not be written."""

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        self.directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
            if (directory / "manifest.json").exists():
                raise HarnessError(f"{directory} already holds a run: choose another --out")
            self._put("manifest.json", manifest)
            self._lines = {
                name: (directory / name).open("ab", buffering=0)
                for name in ("windows.jsonl", "samples.jsonl", "anomalies.jsonl")
            }
        except OSError as error:
            raise HarnessError(f"cannot write the run directory {directory}: {error}") from error

    def windows(self, windows: Iterable[Window]) -> None:
        self._append("windows.jsonl", windows)

    def samples(self, samples: Iterable[Sample]) -> None:
        self._append("samples.jsonl", samples)

    def anomalies(self, anomalies: Iterable[Anomaly]) -> None:
        self._append("anomalies.jsonl", anomalies)

    def finish(self, outcome: Outcome) -> None:
        """Write the outcome and close the files. The last call."""
        self._put("outcome.json", outcome)
        for file in self._lines.values():
            file.close()

    def _put(self, name: str, value: Manifest | Outcome) -> None:
        text = msgspec.json.format(_json.encode(value), indent=2)
        (self.directory / name).write_bytes(text + b"\n")

    def _append(self, name: str, values: Iterable[msgspec.Struct]) -> None:
        data = b"".join(_json.encode(value) + b"\n" for value in values)
        if data:
            file: IO[bytes] = self._lines[name]
            file.write(data)
