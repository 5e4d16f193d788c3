"""Sections 4.1 and 4.3 as a model: which messages of an archive a query brings, in what order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from harness.xmpp import jid as jids


class Entry(NamedTuple):
    """A message as the archive shows it; `name` is the message's own id."""

    uid: str
    stamp: str
    sender: str
    to: str
    name: str

    @property
    def when(self) -> datetime:
        """The time of the stamp. Raises ValueError."""
        return datetime.fromisoformat(self.stamp)


class Query(NamedTuple):
    """What is asked for; None is left out. `before` "" asks for the last page."""

    other: str | None = None  # the field "with"
    start: str | None = None
    end: str | None = None
    after_id: str | None = None
    before_id: str | None = None
    ids: tuple[str, ...] = ()
    most: int | None = None
    after: str | None = None
    before: str | None = None
    flip: bool = False


class Answer(NamedTuple):
    """What comes: the ids of results in their order, what <fin/> says, and an error instead."""

    uids: tuple[str, ...]
    complete: bool
    first: str = ""
    last: str = ""


def answer(archive: Sequence[Entry], owner: str, query: Query) -> Answer:
    """What a query must bring; ids that it names are in the archive."""
    place = {entry.uid: number for number, entry in enumerate(archive)}
    chosen = [entry for entry in archive if _matches(entry, owner, query, place)]
    if query.after:
        chosen = [entry for entry in chosen if place[entry.uid] > place[query.after]]
    if query.before:
        chosen = [entry for entry in chosen if place[entry.uid] < place[query.before]]
    most = len(chosen) if query.most is None else query.most
    page = chosen[:most] if query.before is None else chosen[max(0, len(chosen) - most) :]
    uids = tuple(entry.uid for entry in page)
    first, last = (uids[0], uids[-1]) if uids else ("", "")
    shown = uids[::-1] if query.flip else uids
    return Answer(shown, len(page) == len(chosen), first, last)


def _matches(entry: Entry, owner: str, query: Query, place: dict[str, int]) -> bool:
    number = place[entry.uid]
    return (
        (query.other is None or _is_with(entry, query.other, owner))
        and (query.start is None or entry.when >= datetime.fromisoformat(query.start))
        and (query.end is None or entry.when <= datetime.fromisoformat(query.end))
        and (query.after_id is None or number > place[query.after_id])
        and (query.before_id is None or number < place[query.before_id])
        and (not query.ids or entry.uid in query.ids)
    )


def _is_with(entry: Entry, other: str, owner: str) -> bool:
    ends = [entry.sender, entry.to]
    if "/" not in other:
        ends = [jids.bare(end) for end in ends]
    return ends == [owner, owner] if other == owner else other in ends
