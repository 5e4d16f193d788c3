"""The plan's operations for users whose tasks wait for the server: whose turn it is, since when.

A user does one thing at a time. While it waits for an answer, further turns of its queue up, each
with its planned moment: a server that stands still then shows in every one of them, and not only
in the few that were under way.
"""

from __future__ import annotations

from collections.abc import Callable

from gevent.queue import SimpleQueue

from harness.load.client import Client


class Turns:
    """The turns of one worker's users. `on_finished` is called after each."""

    def __init__(self, on_finished: Callable[[], None]) -> None:
        self.open = 0  # given, and not finished
        self._queues: dict[int, SimpleQueue[float]] = {}  # account number -> planned moments
        self._acting: set[int] = set()
        self._on_finished = on_finished

    @property
    def are_taken(self) -> bool:
        """Whether there are users who take turns."""
        return bool(self._queues)

    def join(self, client: Client) -> None:
        """This user takes turns from now on."""
        self._queues[client.index] = SimpleQueue()

    def leave(self, client: Client) -> None:
        """This user takes no more turns; those that it has stay open, nobody else takes them."""
        self._queues.pop(client.index, None)
        self._acting.discard(client.index)

    def give(self, client: Client, planned: float) -> bool:
        """It is this user's turn at `planned` (monotonic). False when it takes none."""
        queue = self._queues.get(client.index)
        if queue is None:
            return False
        self.open += 1
        queue.put(planned)
        return True

    def next(self, client: Client) -> float:
        """End this user's turn, if it has one, and wait for the next: its planned moment."""
        if client.index in self._acting:
            self._acting.discard(client.index)
            self.open -= 1
            self._on_finished()
        planned: float = self._queues[client.index].get()
        self._acting.add(client.index)
        return planned
