"""The delivery ledger of one worker: what became of each message that we sent (D5).

Each measured stanza has the id `xh<worker>-<sequence>` in hexadecimal. The ledger keeps 29 bytes
for each and closes every one of them out: delivered, bounced or lost; duplicates and wrong
order are counted besides. Times are monotonic seconds.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from harness.record.model import Anomaly, Messages
from harness.xmpp.scan import MARKER

_PENDING, _DELIVERED, _BOUNCED = 0, 1, 2
ANOMALIES_KEPT = 10_000  # of each kind that is noted while running; counts stay exact


class Ledger:
    """Messages by sequence number; people by the index of their account."""

    def __init__(self, worker: int, origin: float) -> None:
        self.prefix = f"{MARKER}{worker:x}-"
        self.late_after: float | None = None  # the drain's soft limit, once the drain has begun
        self._origin = origin
        self._planned = array("d")
        self._actual = array("d")
        self._sender = array("i")
        self._receiver = array("i")
        self._state = bytearray()
        self._arrival = array("I")  # position in the order of arrivals, from 1
        self._counts = Messages()
        self._arrivals = 0
        self._noted: list[Anomaly] = []

    @property
    def outstanding(self) -> int:
        """Messages of which nothing has been heard."""
        counts = self._counts
        return counts.sent - counts.delivered - counts.bounced

    def sent(self, sender: int, receiver: int, planned: float, now: float) -> str:
        """Enter a message that is about to be written; returns its id."""
        sequence = len(self._state)
        self._planned.append(planned)
        self._actual.append(now)
        self._sender.append(sender)
        self._receiver.append(receiver)
        self._state.append(_PENDING)
        self._arrival.append(0)
        self._counts.sent += 1
        return f"{self.prefix}{sequence:x}"

    def received(self, id: str, receiver: int, now: float) -> tuple[float, float] | None:  # noqa: A002
        """Enter an arrival. The planned and actual send times when it is the first of a message
        of ours at the right receiver; otherwise None."""
        sequence = self._sequence(id)
        if sequence is None or self._receiver[sequence] != receiver:
            return None
        counts = self._counts
        if self._state[sequence] == _DELIVERED:
            counts.duplicated += 1
            self._note("duplicated", sequence, now)
            return None
        if self._state[sequence] == _BOUNCED:  # it came after all
            counts.bounced -= 1
        self._state[sequence] = _DELIVERED
        counts.delivered += 1
        self._arrivals += 1
        self._arrival[sequence] = self._arrivals
        if self.late_after is not None and now > self.late_after:
            counts.late += 1
            self._note("late", sequence, now)
        return self._planned[sequence], self._actual[sequence]

    def bounced(self, id: str, condition: str, now: float) -> None:  # noqa: A002
        """Enter a stanza error that came back for a message."""
        sequence = self._sequence(id)
        if sequence is not None and self._state[sequence] == _PENDING:
            self._state[sequence] = _BOUNCED
            self._counts.bounced += 1
            self._note("bounced", sequence, now, condition)

    def counts(self) -> Messages:
        """The figures so far; lost and reordered are known only after `close`."""
        counts = self._counts
        return Messages(**{name: getattr(counts, name) for name in counts.__struct_fields__})

    def close(self) -> tuple[Messages, list[Anomaly]]:
        """End of the drain: what is outstanding is lost. The figures and the anomalies."""
        self._counts.lost = self.outstanding
        anomalies = self._noted
        for sequence, state in enumerate(self._state):
            if state == _PENDING:
                anomalies.append(self._anomaly("lost", sequence))
        for sequence in self._out_of_order():
            self._counts.reordered += 1
            anomalies.append(self._anomaly("reordered", sequence))
        self._noted = []
        return self.counts(), anomalies

    def _out_of_order(self) -> Iterator[int]:
        """Messages that arrived before an earlier one of the same sender and receiver."""
        latest: dict[tuple[int, int], int] = {}
        for sequence, arrival in enumerate(self._arrival):
            if not arrival:
                continue
            pair = self._sender[sequence], self._receiver[sequence]
            if arrival < latest.get(pair, 0):
                yield sequence
            else:
                latest[pair] = arrival

    def _sequence(self, id: str) -> int | None:  # noqa: A002
        prefix = self.prefix
        if not id.startswith(prefix):
            return None
        try:
            sequence = int(id[len(prefix) :], 16)
        except ValueError:
            return None
        return sequence if 0 <= sequence < len(self._state) else None

    def _note(self, kind: str, sequence: int, now: float, condition: str | None = None) -> None:
        if len(self._noted) < ANOMALIES_KEPT:
            self._noted.append(self._anomaly(kind, sequence, now, condition))

    def _anomaly(
        self, kind: str, sequence: int, now: float | None = None, condition: str | None = None
    ) -> Anomaly:
        return Anomaly(
            kind=kind,  # type: ignore[arg-type]
            id=f"{self.prefix}{sequence:x}",
            sender=f"account {self._sender[sequence]}",
            receiver=f"account {self._receiver[sequence]}",
            sent_t=round(self._actual[sequence] - self._origin, 6),
            received_t=None if now is None else round(now - self._origin, 6),
            condition=condition,
        )
