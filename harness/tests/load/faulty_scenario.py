"""The chat scenario with a fault planted in the load engine: the variable FAULT says where."""

import os
from itertools import count
from typing import Any

from harness.load import coordinator, run, worker
from harness.load.engine import Engine
from harness.load.ledger import Ledger
from harness.load.recorder import Recorder
from harness.load.sampling import ServerMeter
from scenarios.chat import ChatUser

# What breaks, and after how many calls in a process that go well.
FAULTS: dict[str, tuple[Any, str, int]] = {
    "preparing": (coordinator, "preflight", 0),
    "beginning": (coordinator, "manifest", 0),
    "beginning in a worker": (worker, "Engine", 0),
    "making users": (ChatUser, "__init__", 5),
    "starting users": (ChatUser, "on_start", 5),
    "after making users": (coordinator.Coordinator, "spawned", 0),
    "a task": (ChatUser, "peer", 10),
    "a callback of the loop": (Engine, "delivered", 50),
    "the ticker": (Recorder, "take", 3),
    "sampling the server": (ServerMeter, "sample", 3),
    "the drain": (Ledger, "finish", 0),
    "writing the outcome": (run, "Outcome", 0),
}


def plant(owner: Any, name: str, good: int) -> None:
    """Make the function fail from its next call after `good` ones."""
    real, calls = getattr(owner, name), count()

    def faulty(*arguments: Any, **named: Any) -> Any:
        if next(calls) >= good:
            raise NameError("planted\nfault")
        return real(*arguments, **named)

    setattr(owner, name, faulty)


plant(*FAULTS[os.environ["FAULT"]])
