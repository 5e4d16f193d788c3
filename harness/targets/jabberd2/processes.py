"""jabberd2's processes, which live and die together, as the one child of a local server."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from harness.targets.process import Child

MAIN = "c2s"
BACKING = ("router", "sm")  # in the order of their start
_ROUTER_S = 5.0


class Processes(Child):
    """c2s, to which clients connect, is the main process; router and session manager back it.

    The server is alive as long as all three are.
    """

    def __init__(self, home: Path, environment: Mapping[str, str], router_port: int) -> None:
        """Start each part in the directory of its name in `home`, where its configuration is."""
        self._backing: list[Child] = []
        with ExitStack() as undo:
            for part in BACKING:
                child = Child(
                    program(part),
                    command(part),
                    directory=home / part,
                    environment=environment,
                    home=home,
                )
                undo.callback(child.terminate, 0.0)
                self._backing.append(child)
                if part == "router":
                    _await(child, router_port)
            super().__init__(
                program(MAIN),
                command(MAIN),
                directory=home / MAIN,
                environment=environment,
                home=home,
            )
            undo.pop_all()

    def alive(self) -> bool:
        """Whether all of them run."""
        return super().alive() and all(child.alive() for child in self._backing)

    def pids(self) -> list[int]:
        """c2s, the router, the session manager; empty when one of them has ended."""
        found = super().pids()
        return found and found + [pid for child in self._backing for pid in child.pids()]

    def listening(self) -> set[int]:
        """The TCP ports that any of them listens on."""
        return super().listening().union(*(child.listening() for child in self._backing))

    def last_words(self) -> str:
        """Which of them ended and how, in one line; empty while all run.

        The router comes first: without it, the others end too.
        """
        words = [child.last_words() for child in self._backing] + [super().last_words()]
        return next(filter(None, words), "")

    def terminate(self, patience_s: float) -> None:
        """End all of them; returns when they are gone."""
        backing, self._backing = self._backing, []  # from here on, alive() asks c2s alone
        super().terminate(patience_s)  # first: without the router it would sleep before it ends
        for child in reversed(backing):
            child.terminate(patience_s)


def program(part: str) -> str:
    """The name of that part's program."""
    return f"jabberd2-{part}"


def command(part: str) -> list[str]:
    """How to start that part in the directory of its configuration."""
    return [program(part), "-c", f"{part}.xml"]


def _await(router: Child, port: int) -> None:
    """Return when the router listens: the others would wait a second after a vain attempt."""
    deadline = time.monotonic() + _ROUTER_S
    while router.alive() and port not in router.listening() and time.monotonic() < deadline:
        time.sleep(0.01)
