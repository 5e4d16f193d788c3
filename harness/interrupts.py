"""Ctrl-C and SIGTERM while one run follows another: they end it in order, also between two."""

from __future__ import annotations

import contextlib
import os
import signal
from types import TracebackType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """A context manager that notices signals, also those that a running step handles itself.

    Python writes the number of every signal to the wake-up descriptor, whoever handles it.
    """

    def __enter__(self) -> Interrupts:
        self._read, self._write = os.pipe()
        for end in (self._read, self._write):
            os.set_blocking(end, False)
        self._fd = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}
        self._asked = False
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd)
        os.close(self._read)
        os.close(self._write)

    @property
    def asked(self) -> bool:
        """Whether somebody has asked for the end since the beginning."""
        with contextlib.suppress(BlockingIOError):
            self._asked |= bool(set(os.read(self._read, 4096)) & set(_SIGNALS))
        return self._asked
