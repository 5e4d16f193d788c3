"""Presence that we broadcast and measure: one stanza out, one delivery for each contact."""

from __future__ import annotations

from array import array

MARKER = "xp"


class Broadcasts:
    """Send times by sequence number; ids are `xp<worker>-<sequence>` in hexadecimal."""

    def __init__(self, worker: int) -> None:
        self._prefix = f"{MARKER}{worker:x}-"
        self._planned = array("d")
        self._actual = array("d")
        self.outstanding = 0  # deliveries, of all broadcasts together

    def sent(self, planned: float, now: float, contacts: int) -> str:
        """Enter a broadcast that is about to be written to so many; returns its id."""
        self._planned.append(planned)
        self._actual.append(now)
        self.outstanding += contacts
        return f"{self._prefix}{len(self._actual) - 1:x}"

    def received(self, id: str, since: float = 0.0) -> tuple[float, float] | None:  # noqa: A002
        """A delivery: the planned and actual send times of a broadcast of this worker; None for
        others, and for one that was sent before `since`, when the receiver came online: servers
        show the latest presence to who comes (RFC 6121 section 4.3.2), with its old id."""
        if not id.startswith(self._prefix):
            return None
        try:
            sequence = int(id[len(self._prefix) :], 16)
        except ValueError:
            return None
        if not 0 <= sequence < len(self._actual):
            return None
        if self._actual[sequence] < since:
            return None
        self.outstanding -= 1
        return self._planned[sequence], self._actual[sequence]
