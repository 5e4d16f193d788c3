"""How a run goes, on standard error: a bar in a terminal, a line now and then without one."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

_QUIET = 5.0  # seconds between lines without a terminal


class Progress:
    """Shows status lines of `harness.load.status`; a context manager."""

    def __init__(self, users: int, duration: float) -> None:
        self._users = users
        self._duration = duration
        self._last = 0.0
        self._console = Console(stderr=True)
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task("starting", total=None, figures="")

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def say(self, text: str) -> None:
        """One line that stays."""
        plain = self._bar.disable  # one line stays one for who reads it by program
        self._console.print(text, highlight=False, markup=False, soft_wrap=plain)

    def show(self, status: dict[str, Any]) -> None:
        """A status line of the run."""
        if "stage" in status:
            self._bar.update(self._task, description=status["stage"], total=None, figures="")
            if self._bar.disable:
                self.say(status["stage"])
        elif "web" in status:
            self.say(f"web UI: {status['web']} (Ctrl-C ends it)")
        elif "settled" in status:
            self._figures(status)

    def _figures(self, status: dict[str, Any]) -> None:
        what, done, total = self._course(status)
        text = f"{status['online']} online, {status['sent']} sent, {status['delivered']} delivered"
        if not status["draining"]:
            self._bar.update(self._task, description=what, total=total, completed=done)
        self._bar.update(self._task, figures=text)
        self._now_and_then(f"{what}: {done:.0f} of {total:.0f}, {text}")

    def _course(self, status: dict[str, Any]) -> tuple[str, float, float]:
        """What goes on, how far it is, and how far it goes."""
        if status["load_s"] is None:
            return "logging in", status["settled"], status["expected"] or self._users
        return "under load", status["load_s"], self._duration

    def _now_and_then(self, line: str) -> None:
        """A line where there is no terminal."""
        if self._bar.disable and time.monotonic() - self._last >= _QUIET:
            self._last = time.monotonic()
            self.say(line)
