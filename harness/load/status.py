"""Telling the caller how the run goes: JSON lines on a pipe for `bench`, the log otherwise."""

from __future__ import annotations

import json
import logging
import os
from typing import Any

VARIABLE = "XMPP_HARNESS_STATUS_FD"
_log = logging.getLogger("xmpp-harness")


class Status:
    """Keys of a line: `stage` (text), or `error` (text), or figures of the running second."""

    def __init__(self) -> None:
        number = os.environ.get(VARIABLE)
        self._fd = int(number) if number else None

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

    def figures(self, **figures: Any) -> None:
        """Once a second."""
        self._write(figures)

    def _write(self, line: dict[str, Any]) -> None:
        if self._fd is None:
            return
        try:
            os.write(self._fd, json.dumps(line).encode() + b"\n")
        except OSError:  # nobody reads any more; the run goes on
            self._fd = None
