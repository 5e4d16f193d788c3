"""One asyncio loop per process, run by a greenlet of gevent's loop (D3).

Both loops live in one thread. The asyncio loop runs in a greenlet that gives way wherever
asyncio would wait for the kernel, so code of either side never interrupts the other: a greenlet
may call `loop.call_soon`, create futures and write to transports as if it were a callback of
the loop. What it must not do is `await`; that is what `wait` is for.
"""

from __future__ import annotations

import asyncio
import os
import selectors
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from time import monotonic
from typing import Any, TypeVar, TypeVarTuple

import gevent
from gevent.event import AsyncResult
from gevent.monkey import get_original
from gevent.timeout import Timeout

from harness.errors import NoReply

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_READ = 1  # libev's EV_READ
_EPOLLIN, _EPOLLOUT = 1, 4
_BATCH = 64  # descriptors for each turn of the loop, so that a burst does not starve gevent
_TURN = 0.005  # seconds that callbacks may follow each other without a look at gevent's loop


class GeventSelector(selectors._BaseSelectorImpl):
    """Waits in gevent: one libev watcher on a real epoll descriptor that holds all the others.

    (gevent removes epoll from the standard modules; its own selector has a watcher for each
    descriptor and registers them anew for each wait.)
    """

    def __init__(self) -> None:
        super().__init__()
        self._epoll: Any = get_original("select", "epoll")()
        self._hub = gevent.get_hub()
        self._readable = self._hub.loop.io(self._epoll.fileno(), _READ)
        self._alarm: Any = None
        self._alarm_at = 0.0
        self._greenlet: Any = None
        self._waiting = False
        self._woken = False
        self._resumed = 0.0
        self._readable.start(self._resume)

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = super().register(fileobj, events, data)
        mask = _EPOLLIN if events & selectors.EVENT_READ else 0
        mask |= _EPOLLOUT if events & selectors.EVENT_WRITE else 0
        self._epoll.register(key.fd, mask)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        key = super().unregister(fileobj)
        with suppress(OSError):  # closed before it was unregistered
            self._epoll.unregister(key.fd)
        return key

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self._wait(timeout)
        elif monotonic() - self._resumed > _TURN:
            self._wait(0)  # a whole round of gevent's loop; sleep(0) would skip its watchers
        ready = []
        keys = self._fd_to_key  # type: ignore[attr-defined]
        for fd, mask in self._epoll.poll(0, _BATCH):
            key = keys.get(fd)
            if key is not None:
                events = selectors.EVENT_WRITE if mask & ~_EPOLLIN else 0
                events |= selectors.EVENT_READ if mask & ~_EPOLLOUT else 0
                ready.append((key, events & key.events))
        return ready

    def wake(self) -> None:
        """End the wait, from another greenlet or a callback of gevent's loop."""
        if self._waiting and not self._woken:
            self._woken = True
            self._hub.loop.run_callback(self._resume)

    def close(self) -> None:
        self._readable.stop()
        self._readable.close()
        self._stop_alarm()
        self._epoll.close()
        super().close()

    def _wait(self, timeout: float | None) -> None:
        if timeout is not None:
            self._set_alarm(timeout)
        self._greenlet = gevent.getcurrent()
        self._waiting = True
        try:
            self._hub.switch()
        finally:
            self._waiting = self._woken = False
            self._resumed = monotonic()

    def _resume(self) -> None:
        if self._waiting:
            self._greenlet.switch()

    def _set_alarm(self, timeout: float) -> None:
        """Keep a running alarm that rings no later: waking too early costs asyncio one look at
        its timers, a new watcher at each wait would cost more."""
        due = monotonic() + timeout
        if self._alarm is not None and self._alarm.active and self._alarm_at <= due:
            return
        self._stop_alarm()
        self._alarm = self._hub.loop.timer(timeout)
        self._alarm.start(self._resume)
        self._alarm_at = due

    def _stop_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.stop()
            self._alarm.close()
            self._alarm = None


class GeventEventLoop(asyncio.SelectorEventLoop):
    """An asyncio loop that other greenlets of its thread may schedule on."""

    def __init__(self) -> None:
        self._gevent_selector = GeventSelector()
        super().__init__(self._gevent_selector)

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        self._gevent_selector.wake()
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        self._gevent_selector.wake()  # it may be the next timer
        return super().call_at(when, callback, *args, context=context)


_running: tuple[int, GeventEventLoop] | None = None


def event_loop() -> GeventEventLoop:
    """This process's loop, running. A forked process gets one of its own."""
    global _running
    if _running is None or _running[0] != os.getpid():
        loop = GeventEventLoop()
        _running = (os.getpid(), loop)
        started = gevent.event.Event()
        loop.set_exception_handler(_on_error)
        loop.call_soon(started.set)
        gevent.spawn(loop.run_forever)
        started.wait()
    return _running[1]


def _on_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    message, error = context["message"], context.get("exception")
    if error is not None and not message.startswith("Task"):
        # A callback has failed: to be seen where the failures of greenlets are.
        gevent.get_hub().handle_error(loop, type(error), error, error.__traceback__)
    # A client that is no more leaves tasks behind that wait for what can not come.
    elif not message.startswith("Task was destroyed"):
        loop.default_exception_handler(context)


def wait(awaitable: Awaitable[T], timeout: float | None = None) -> T:
    """The result of a coroutine or future of the loop. Blocks the calling greenlet only.

    Raises what the awaitable raises, and NoReply (and cancels it) after `timeout` seconds.
    """
    future = asyncio.ensure_future(awaitable, loop=event_loop())
    done = AsyncResult()
    future.add_done_callback(done.set)
    limit = Timeout(timeout)
    limit.start()
    try:
        done.get()
    except Timeout as expired:
        if expired is not limit:
            raise
        raise NoReply("timeout", f"nothing within {timeout:g} s") from None
    finally:
        limit.cancel()
        if not future.done():
            future.cancel()
    return future.result()
