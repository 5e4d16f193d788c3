"""The asking process, seen from the one that records."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec

import harness
from harness.statistics.said import Said
from harness.targets.sources import Source

_PACKAGES = Path(harness.__file__).parents[1]
_END_S = 2.0


class Observer:
    """Asks a source once a second, in a process of its own, until `stop`."""

    def __init__(self, source: Source) -> None:
        """Start the process. It is told the source over a pipe, as it may hold a password."""
        read, write = os.pipe()
        commands, self._commands = os.pipe()
        paths = filter(None, [str(_PACKAGES), os.environ.get("PYTHONPATH")])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.statistics"],
            stdin=commands,
            stdout=write,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            start_new_session=True,
        )
        os.close(commands)
        os.close(write)
        os.set_blocking(read, False)
        self._read: int | None = read
        self._rest = b""
        os.write(self._commands, msgspec.json.encode(source) + b"\n")

    def first(self, timeout_s: float = 20.0) -> str:
        """Wait for the first answer: why there are no figures; empty when there are."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if said := self.take():
                return said[0].error
            if self._process.poll() is not None:
                return f"the process that asks ended with code {self._process.returncode}"
            time.sleep(0.02)
        return f"no answer within {timeout_s:g} s"

    def take(self) -> list[Said]:
        """What has been said since the last call; does not wait."""
        if self._read is None:
            return []
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._read, 65536):
                self._rest += data
        *lines, self._rest = self._rest.split(b"\n")
        return [msgspec.json.decode(line, type=Said) for line in lines]

    def stop(self) -> None:
        """End the process; a second call does nothing."""
        if self._read is None:
            return
        os.close(self._commands)
        os.close(self._read)
        self._read = None
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
