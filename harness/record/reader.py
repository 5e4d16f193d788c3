"""Reads a run directory, complete or cut short."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from harness.errors import HarnessError
from harness.record.model import (
    FORMAT,
    Anomaly,
    GeneratorSample,
    Manifest,
    Outcome,
    Sample,
    ServerSample,
    Window,
)

T = TypeVar("T")


class Run:
    """One run directory in memory. Raises HarnessError when it is not one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        path = directory / "manifest.json"
        if not path.is_file():
            raise HarnessError(f"{directory} is not a run directory: it has no manifest.json")
        self.manifest = _decode(path.read_bytes(), Manifest, path)
        if self.manifest.format != FORMAT:
            raise HarnessError(
                f"{directory} has record format {self.manifest.format}, this version reads {FORMAT}"
            )
        outcome = directory / "outcome.json"
        self.outcome = (
            _decode(outcome.read_bytes(), Outcome, outcome) if outcome.is_file() else None
        )
        self.windows = list(_lines(directory / "windows.jsonl", Window))
        self.anomalies = list(_lines(directory / "anomalies.jsonl", Anomaly))
        self.generator: list[GeneratorSample] = []
        self.server: list[ServerSample] = []
        for sample in _samples(directory / "samples.jsonl"):
            if isinstance(sample, ServerSample):
                self.server.append(sample)
            else:
                self.generator.append(sample)


def _samples(path: Path) -> Iterator[Sample]:
    decoder = msgspec.json.Decoder(Sample)
    for line in _whole_lines(path):
        yield decoder.decode(line)


def _lines(path: Path, kind: type[T]) -> Iterator[T]:
    decoder = msgspec.json.Decoder(kind)
    for line in _whole_lines(path):
        yield decoder.decode(line)


def _whole_lines(path: Path) -> Iterator[bytes]:
    """Complete lines only: the last one may be cut when the harness was killed."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line


def _decode(data: bytes, kind: type[T], path: Path) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError as error:
        raise HarnessError(f"{path} is damaged: {error}") from error
