"""A command of ours as a child process: it tells how it goes, and is asked to stop in order.

The child writes JSON lines to the descriptor whose number is in `STATUS_VARIABLE`; a line with
the key `error` says why it cannot go on.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
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

    error = None
    with _interrupts(child, stop), os.fdopen(read) as lines:
        for line in lines:
            said = json.loads(line)
            error = error or said.get("error")  # the first one is the cause
            on_line(said, stop)
        return error, child.wait()


@contextlib.contextmanager
def _interrupts(child: subprocess.Popen[bytes], stop: Stop) -> Iterator[None]:
    received = 0

    def pass_on(_number: int, _frame: FrameType | None) -> None:
        nonlocal received
        received += 1
        if received > 2:
            os.killpg(child.pid, signal.SIGKILL)
        elif received == 1:
            stop()

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
