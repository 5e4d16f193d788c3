"""The chat scenario that writes down each message as it is planned: NOTES names a directory.

A line is [sender, receiver, planned offset in seconds (null where no plan made it), bytes].
"""

import json
import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.load import engine
from harness.load.pacing import Pump
from scenarios.chat import ChatUser  # noqa: F401 - Locust looks for it here


class NotingPump(Pump):
    """Keeps the planned offsets, exactly as the plan gave them."""

    def __init__(self, of: Any, plan: Iterator[float]) -> None:
        self.offsets: deque[float] = deque()
        super().__init__(of, self._noted(plan))

    def _noted(self, plan: Iterator[float]) -> Iterator[float]:
        for offset in plan:
            self.offsets.append(offset)
            yield offset


_send = engine.Engine.send_message


def _noting_send(self: Any, sender: Any, to: Any, body: str, *rest: Any) -> None:
    offset = self.pump.offsets.popleft() if self.pump else None
    line = json.dumps([sender.index, to.index, offset, len(body.encode())])
    with (Path(os.environ["NOTES"]) / f"{self.session.worker}.jsonl").open("a") as notes:
        notes.write(line + "\n")
    _send(self, sender, to, body, *rest)


engine.Pump = NotingPump  # type: ignore[misc]
engine.Engine.send_message = _noting_send  # type: ignore[method-assign]
