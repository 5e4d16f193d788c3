"""Exceptions that nobody foresaw, wherever in this process they come up.

What is measured after one of them can not be trusted, so the run ends; nothing else would end
it, because a greenlet or a callback that fails says so in the log and is gone.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import gevent
from locust.exception import StopTest, StopUser

from harness.errors import HarnessError, PeerError

_EXPECTED = (PeerError, StopTest, StopUser)  # recorded where they were raised; Locust's own words
_MOST = 20  # reports of one process; a fault on the way of each message would fill the log


def in_words(error: BaseException) -> str:
    """One line about it: the text that was written for users, otherwise kind, text and place."""
    if isinstance(error, (HarnessError, PeerError)):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    text = " ".join(str(error).split())
    return f"unexpected {type(error).__name__}{': ' if text else ''}{text}{place}"


def watch(environment: Any, report: Callable[[str], None]) -> None:
    """Call `report` with one line for each kind of unforeseen exception of this process: of any
    greenlet, any callback of the loop, any task of a user. It must not block."""
    hub = gevent.get_hub()
    default = hub.handle_error
    told: set[str] = set()

    def tell(error: BaseException | None) -> bool:
        if not isinstance(error, Exception) or isinstance(error, _EXPECTED):
            return True
        words = in_words(error)
        if words in told or len(told) >= _MOST:
            return False
        told.add(words)
        report(words)
        return True

    def on_error(
        context: object,
        kind: type[BaseException],
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A dictionary is a request to the web UI: none of the run's business.
        if isinstance(context, dict) or tell(error):
            default(context, kind, error, trace)

    hub.handle_error = on_error
    environment.events.user_error.add_listener(lambda exception, **_rest: tell(exception))
