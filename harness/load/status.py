"""Telling the caller how the run goes: JSON lines on a pipe for `bench`, the log otherwise."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import msgspec

from harness.load.live import Live

VARIABLE = "XMPP_HARNESS_STATUS_FD"
_READ = 1  # libev's EV_READ
_log = logging.getLogger("xmpp-harness")


class Status:
    """Keys of a line: `stage` (text), or `error` (text), or `web` (the URL of the web UI), or
    `recorded` (the directory of a run that is over), or `live` (a `harness.load.live.Snapshot`),
    or figures of the running second."""

    def __init__(self, on_orphaned: Callable[[], None]) -> None:
        """`on_orphaned` is called from the loop when the reader of the pipe is gone."""
        number = os.environ.get(VARIABLE)
        self._fd = int(number) if number else None
        self._on_orphaned = on_orphaned
        if self._fd is not None:
            # Nothing can be read from this end: it becomes readable when the other end closes.
            self._watcher = gevent.get_hub().loop.io(self._fd, _READ)
            self._watcher.start(self._reader_gone)

    def stage(self, text: str) -> None:
        """What is being done now."""
        self._write({"stage": text})
        if self._fd is None:
            _log.info(text)

    def error(self, text: str) -> None:
        """Why the run can not go on: one line."""
        self._write({"error": text})
        if self._fd is None:
            _log.error(text)

    def web(self, url: str) -> None:
        """Where the web UI is."""
        self._write({"web": url})

    def recorded(self, directory: Path) -> None:
        """A run is over; it is in this directory."""
        self.stage(f"recorded in {directory}")
        self._write({"recorded": str(directory)})

    def live(self, live: Live) -> None:
        """Everything that is known, but the lines over time."""
        figures = msgspec.to_builtins(live.snapshot)
        self._write({"live": figures | {"seconds": []}})

    def figures(self, **figures: Any) -> None:
        """Once a second."""
        self._write(figures)

    def _write(self, line: dict[str, Any]) -> None:
        if self._fd is None:
            return
        try:
            os.write(self._fd, json.dumps(line).encode() + b"\n")
        except OSError:
            self._fd = None  # nobody reads any more: the watcher sees it too

    def _reader_gone(self) -> None:
        self._watcher.stop()
        self._fd = None
        self._on_orphaned()
