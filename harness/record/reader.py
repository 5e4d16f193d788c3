"""Reads a run directory, complete or cut short."""

from __future__ import annotations

from collections.abc import Iterator
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
    StatisticsSample,
    Window,
)

_WINDOWS = msgspec.json.Decoder(Window)
_SAMPLES: msgspec.json.Decoder[Sample] = msgspec.json.Decoder(Sample)
_ANOMALIES = msgspec.json.Decoder(Anomaly)


class Run:
    """One load run's directory, in memory but for its anomalies, as a run may lose every message.

    Raises HarnessError when it is not one.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.manifest = read_manifest(directory, LOAD, Manifest, FORMAT)
        self.outcome = read_if_there(directory / "outcome.json", Outcome)
        self.floor = read_if_there(directory / "floor.json", Floor)
        self.windows = list(read_log(directory / "windows.jsonl", _WINDOWS))
        self.generator: list[GeneratorSample] = []
        self.server: list[ServerSample] = []
        self.statistics: list[StatisticsSample] = []
        for sample in read_log(directory / "samples.jsonl", _SAMPLES):
            if isinstance(sample, ServerSample):
                self.server.append(sample)
            elif isinstance(sample, StatisticsSample):
                self.statistics.append(sample)
            else:
                self.generator.append(sample)

    @property
    def anomalies(self) -> Iterator[Anomaly]:
        """Every anomaly in the order of the record, read anew and one by one each time.

        Iterating raises HarnessError for a damaged line.
        """
        return read_log(self.directory / "anomalies.jsonl", _ANOMALIES)
