"""A command of ours as a child process: it tells how it goes, and is asked to stop in order.

The child writes JSON lines to the descriptor whose number is in `STATUS_VARIABLE`; a line with
the key `error` says why it cannot go on.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, BinaryIO

STATUS_VARIABLE = "XMPP_HARNESS_STATUS_FD"
COMMAND_VARIABLE = "XMPP_HARNESS_COMMAND"  # what the user typed, a JSON list; for the record

Stop = Callable[[], None]


def follow(
    command: list[str],
    log: BinaryIO,
    on_line: Callable[[dict[str, Any], Stop], None],
    *,
    stop_signal: signal.Signals,
    on_stop: Callable[[], None] = lambda: None,
) -> tuple[str | None, int]:
    """Run the command to its end; its first error line and its exit code.

    `on_line` gets each line, and a function that ends the child in order.
    Ctrl-C and SIGTERM do that too, after `on_stop`; the third one kills it.
    """
    read, write = os.pipe()
    environment = os.environ | {
        STATUS_VARIABLE: str(write),
        COMMAND_VARIABLE: json.dumps(["xmpp-harness", *sys.argv[1:]]),
        "PYTHONPATH": os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH")])),
    }
    # The signals are caught first: a child would inherit that they are ignored, as they are in a
    # shell's background jobs.
    with _Interrupts() as interrupts, os.fdopen(read) as lines:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[write],
            env=environment,
            start_new_session=True,  # Ctrl-C reaches it through us, once
        )
        os.close(write)

        def stop() -> None:
            on_stop()
            child.send_signal(stop_signal)

        interrupts.end(child, stop)
        error = None
        for line in lines:
            said = json.loads(line)
            error = error or said.get("error")  # the first one is the cause
            on_line(said, stop)
        return error, child.wait()


class _Interrupts:
    """A context manager: Ctrl-C and SIGTERM end the child in order, the third one kills it."""

    def __init__(self) -> None:
        self._received = 0
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> _Interrupts:
        self._before = {
            number: signal.signal(number, self._receive)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def end(self, child: subprocess.Popen[bytes], stop: Stop) -> None:
        """From now on it is this child, also when somebody has asked already."""
        self._child, self._stop = child, stop
        if self._received:
            stop()

    def _receive(self, _number: int, _frame: FrameType | None) -> None:
        self._received += 1
        if self._child and self._received > 2:
            os.killpg(self._child.pid, signal.SIGKILL)
        elif self._child and self._received == 1:
            self._stop()
