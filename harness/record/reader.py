"""Reads a run directory, complete or cut short."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.record.files import LOAD, read_if_there, read_log, read_manifest
from harness.record.model import (
    FORMAT,
    Anomaly,
    Floor,
    GeneratorSample,
    Manifest,
    Outcome,
    Sample,
    ServerSample,
    Window,
)

_WINDOWS = msgspec.json.Decoder(Window)
_SAMPLES: msgspec.json.Decoder[Sample] = msgspec.json.Decoder(Sample)
_ANOMALIES = msgspec.json.Decoder(Anomaly)


class Run:
    """One load run's directory in memory. Raises HarnessError when it is not one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.manifest = read_manifest(directory, LOAD, Manifest, FORMAT)
        self.outcome = read_if_there(directory / "outcome.json", Outcome)
        self.floor = read_if_there(directory / "floor.json", Floor)
        self.windows = list(read_log(directory / "windows.jsonl", _WINDOWS))
        self.anomalies = list(read_log(directory / "anomalies.jsonl", _ANOMALIES))
        self.generator: list[GeneratorSample] = []
        self.server: list[ServerSample] = []
        for sample in read_log(directory / "samples.jsonl", _SAMPLES):
            if isinstance(sample, ServerSample):
                self.server.append(sample)
            else:
                self.generator.append(sample)
