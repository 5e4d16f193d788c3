"""The files of a run directory: JSON written whole, and lines appended while the run goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from harness.errors import HarnessError

T = TypeVar("T")
LOAD = "load"
CONFORMANCE = "conformance"

_json = msgspec.json.Encoder()


class _Head(msgspec.Struct, kw_only=True):
    """What every manifest says, whatever else it holds. One without `kind` is of a load run."""

    kind: str = LOAD
    format: int


class NewDirectory:
    """The files of a run that begins: the manifest, and logs of lines that are not buffered.

    Raises HarnessError when the directory holds a run already or cannot be written.
    """

    def __init__(self, path: Path, manifest: msgspec.Struct, logs: Iterable[str]) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            if (path / "manifest.json").exists():
                raise HarnessError(f"{path} already holds a run: choose another --out")
            self.put("manifest.json", manifest)
            self._logs = {name: (path / name).open("ab", buffering=0) for name in logs}
        except OSError as error:
            raise HarnessError(f"cannot write the run directory {path}: {error}") from error

    def put(self, name: str, value: msgspec.Struct) -> None:
        """Write one value as a file, for people as well."""
        text = msgspec.json.format(_json.encode(value), indent=2)
        (self.path / name).write_bytes(text + b"\n")

    def append(self, name: str, values: Iterable[msgspec.Struct]) -> None:
        """Add lines to a log; they are in the file when this returns."""
        if data := lines_of(values):
            self._logs[name].write(data)

    def close(self) -> None:
        """Close the logs."""
        for file in self._logs.values():
            file.close()


def sha256_of(path: Path) -> str:
    """The digest of a file's bytes, in hexadecimal. Raises OSError."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def lines_of(values: Iterable[msgspec.Struct]) -> bytes:
    """One line of JSON for each value."""
    return b"".join(_json.encode(value) + b"\n" for value in values)


def kind_of(directory: Path) -> str:
    """The kind of run that the directory holds. Raises HarnessError when it holds none."""
    path = directory / "manifest.json"
    if not path.is_file():
        raise HarnessError(f"{directory} is not a run directory: it has no manifest.json")
    return read(path, _Head).kind


def read_manifest(directory: Path, kind: str, as_: type[T], known_format: int) -> T:
    """The manifest of a run of this kind and format. Raises HarnessError for any other."""
    found = kind_of(directory)
    if found != kind:
        raise HarnessError(f"{directory} holds a {found} run: this needs a {kind} run")
    path = directory / "manifest.json"
    written = read(path, _Head).format
    if written != known_format:
        raise HarnessError(
            f"{directory} has record format {written}, this version reads {known_format}"
        )
    return read(path, as_)


def read(path: Path, as_: type[T]) -> T:
    """A file of `put`. Raises HarnessError when it is damaged."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=as_)
    except ValueError as error:  # msgspec's own, or the decoder of UTF-8
        raise HarnessError(f"{path} is damaged: {error}") from error


def read_if_there(path: Path, as_: type[T]) -> T | None:
    """A file of `put` that a run which was cut short has not written."""
    return read(path, as_) if path.is_file() else None


def read_log(path: Path, decoder: msgspec.json.Decoder[T]) -> Iterator[T]:
    """The values of a log, none without one. Raises HarnessError for a damaged line.

    The last line may be cut when the harness was killed: without its end it does not count.
    """
    if not path.is_file():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                yield decoder.decode(line)
            except ValueError as error:
                raise HarnessError(f"{path}, line {number}, is damaged: {error}") from error
