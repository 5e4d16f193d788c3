"""The delivery ledger of one worker: what became of each message that we sent (D5).

Each measured stanza has the id `xh<run><worker>-<sequence>` in hexadecimal; one that goes to
many (group chat) takes a sequence number for each receiver, and its id names the first of them and
how many there are: `...-<sequence>+<count>`; figures count each of them, and anomalies name each by
its own number. The ledger closes every one of them out as delivered, bounced or lost; duplicates,
wrong order and lateness are counted besides. Times are monotonic seconds, people are the numbers of
their accounts.

*Reordered* is the message that was overtaken, as RFC 4737 section 3 has it for packets: it
arrives after one that the same sender sent later to the same receiver. One straggler is one
reordered message, however many have passed it.

*Delivered* outweighs bounced: a message that arrives although its sender was told of an error
counts as delivered. The error stays among the anomalies, since it did come; the message takes no
part in the order.

Messages go along *paths*, which senders name ("chat" where nobody says otherwise); each has its
own figures. A message that comes with a delay stamp (XEP-0203) was stored on its way, and its
latency says nothing of the path that it was sent on: it moves to the path "<path>.delayed".

Memory: 26 bytes a message, some 140 for each pair of sender and receiver with a message under
way, and the anomalies until they are taken.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from copy import copy

from harness.record.model import Anomaly, Messages
from harness.xmpp.scan import MARKER

CHAT = "chat"
GROUPCHAT = "groupchat"
DELAYED = ".delayed"
_PENDING, _DELIVERED, _BOUNCED = 0, 1, 2


class Ledger:
    """Messages by sequence number, in the order in which they were sent."""

    def __init__(self, worker: int, origin: float, run: str = "") -> None:
        """`run`: hexadecimal digits, as many in each run, that tell runs on one server apart: what
        a server has stored during one run may come during another."""
        self.prefix = f"{MARKER}{run}{worker:x}-"
        self.late_after: float | None = None  # the drain's soft limit, once the drain has begun
        self.paths: list[str] = []
        self._origin = origin
        self._planned = array("d")
        self._actual = array("d")
        self._sender = array("i")
        self._receiver = array("i")
        self._state = bytearray()
        self._path = bytearray()  # positions in `paths`
        self._numbers: dict[str, int] = {}  # the same, by name
        self._counts: list[Messages] = []  # of each path
        self._under_way: dict[int, int] = {}  # by pair: neither arrived nor bounced
        self._latest: dict[int, int] = {}  # of these pairs: the highest sequence that arrived
        self._noted: list[Anomaly] = []
        self._finished = False
        self._number(CHAT)

    @property
    def outstanding(self) -> int:
        """Messages of which nothing has been heard."""
        return sum(_open(counts) for counts in self._counts)

    def sent(self, sender: int, receiver: int, planned: float, now: float, path: str = CHAT) -> str:
        """Enter a message that is about to be written; returns its id."""
        sequence = len(self._state)
        number = self._numbers.get(path)
        if number is None:
            number = self._number(path)
        self._planned.append(planned)
        self._actual.append(now)
        self._sender.append(sender)
        self._receiver.append(receiver)
        self._state.append(_PENDING)
        self._path.append(number)
        self._counts[number].sent += 1
        pair = sender << 32 | receiver
        self._under_way[pair] = self._under_way.get(pair, 0) + 1
        return f"{self.prefix}{sequence:x}"

    def sent_to_many(
        self, sender: int, receivers: Sequence[int], planned: float, now: float, path: str
    ) -> str:
        """Enter one stanza that is to reach each of these (one at least); returns its id."""
        ids = [self.sent(sender, receiver, planned, now, path) for receiver in receivers]
        return f"{ids[0]}+{len(ids):x}"

    def received(
        self,
        id: str,  # noqa: A002 - the stanza's own word
        receiver: int,
        now: float,
        delayed: bool = False,
    ) -> tuple[float, float] | None:
        """Enter an arrival; `delayed`: it bears a delay stamp. The planned and actual send times
        when it is the first of a message of ours at the right receiver; otherwise None."""
        sequence = self._sequence(id, receiver)
        if sequence is None or self._receiver[sequence] != receiver:
            return None
        counts, state = self._counts[self._path[sequence]], self._state[sequence]
        if state == _DELIVERED:
            counts.duplicated += 1
            self._note("duplicated", sequence, now)
            return None
        if state == _BOUNCED:
            counts.bounced -= 1
        if delayed:
            counts = self._moved(sequence, counts)
        self._state[sequence] = _DELIVERED
        counts.delivered += 1
        if state == _PENDING and self._overtaken(sequence):
            counts.reordered += 1
            self._note("reordered", sequence, now)
        if self.late_after is not None and now > self.late_after:
            counts.late += 1
            self._note("late", sequence, now)
        return self._planned[sequence], self._actual[sequence]

    def bounced(self, id: str, condition: str, now: float) -> None:  # noqa: A002
        """Enter a stanza error that came back for a message, for all of its receivers."""
        first, count = self._named(id)
        for sequence in range(first, first + count):
            self._note("bounced", sequence, now, condition)
            if self._state[sequence] == _PENDING:
                self._state[sequence] = _BOUNCED
                self._counts[self._path[sequence]].bounced += 1
                self._landed(self._pair(sequence))

    def path_of(self, id: str, receiver: int) -> str | None:  # noqa: A002
        """The path of a message as far as it is known by now; None for others' messages."""
        sequence = self._sequence(id, receiver)
        return None if sequence is None else self.paths[self._path[sequence]]

    def awaits(self, receiver: int) -> bool:
        """Whether something is under way to this account."""
        return any(pair & 0xFFFFFFFF == receiver for pair in self._under_way)

    def counts(self) -> Messages:
        """The figures so far, of all paths together; lost is known only after `finish`."""
        names = Messages.__struct_fields__
        return Messages(**{n: sum(getattr(c, n) for c in self._counts) for n in names})

    def by_path(self) -> dict[str, Messages]:
        """The figures so far, of each path; sent == delivered + bounced + lost in each."""
        return {path: copy(counts) for path, counts in zip(self.paths, self._counts, strict=True)}

    def take(self) -> list[Anomaly]:
        """The anomalies since the last call."""
        noted, self._noted = self._noted, []
        return noted

    def finish(self) -> Iterator[Anomaly]:
        """End of the drain: what is outstanding is lost, and nothing more is entered.

        Gives the anomalies that were not taken, one by one, since a run may lose every message.
        """
        self._finished = True
        for counts in self._counts:
            counts.lost = _open(counts)
        return self._remaining(len(self._state))

    def _remaining(self, end: int) -> Iterator[Anomaly]:
        yield from self.take()
        sequence = self._state.find(_PENDING, 0, end)
        while sequence >= 0:
            yield self._anomaly("lost", sequence)
            sequence = self._state.find(_PENDING, sequence + 1, end)

    # Paths.

    def _number(self, path: str) -> int:
        """The position of a path in `paths`, where it is put if it is new."""
        number = self._numbers.setdefault(path, len(self.paths))
        if number == len(self.paths):
            self.paths.append(path)
            self._counts.append(Messages())
        return number

    def _moved(self, sequence: int, counts: Messages) -> Messages:
        """Move a message that was stored on its way; the figures of its new path."""
        counts.sent -= 1
        self._path[sequence] = self._number(self.paths[self._path[sequence]] + DELAYED)
        counts = self._counts[self._path[sequence]]
        counts.sent += 1
        return counts

    # Order. Only a message that is under way can be overtaken, so that a pair is forgotten as
    # soon as it has none.

    def _pair(self, sequence: int) -> int:
        return self._sender[sequence] << 32 | self._receiver[sequence]

    def _overtaken(self, sequence: int) -> bool:
        """Enter an arrival; whether one of its pair that was sent later has arrived before."""
        pair = self._pair(sequence)
        latest = self._latest.get(pair, -1) if self._latest else -1
        if self._landed(pair) and sequence > latest:
            self._latest[pair] = sequence
        return sequence < latest

    def _landed(self, pair: int) -> int:
        """One message of the pair is under way no more; how many still are."""
        left = self._under_way.pop(pair) - 1
        if left:
            self._under_way[pair] = left
        elif self._latest:
            self._latest.pop(pair, None)
        return left

    # Ids and anomalies.

    def _sequence(self, id: str, receiver: int) -> int | None:  # noqa: A002
        """The sequence number of a message of ours, of those to many that to this receiver."""
        prefix = self.prefix
        if self._finished or not id.startswith(prefix):
            return None
        try:
            sequence = int(id[len(prefix) :], 16)
        except ValueError:
            first, count = self._named(id)
            among = range(first, first + count)
            return next((at for at in among if self._receiver[at] == receiver), None)
        return sequence if 0 <= sequence < len(self._state) else None

    def _named(self, id: str) -> tuple[int, int]:  # noqa: A002
        """The first sequence number that an id names, and how many; none in others' ids."""
        prefix = self.prefix
        if self._finished or not id.startswith(prefix):
            return 0, 0
        text, many, number = id[len(prefix) :].partition("+")
        try:
            first, count = int(text, 16), int(number, 16) if many else 1
        except ValueError:
            return 0, 0
        return (first, count) if 0 <= first <= len(self._state) - count and count > 0 else (0, 0)

    def _note(self, kind: str, sequence: int, now: float, condition: str | None = None) -> None:
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
            path=self.paths[self._path[sequence]],
        )


def _open(counts: Messages) -> int:
    return counts.sent - counts.delivered - counts.bounced
