"""The models of archives and carbons say what the documents' examples say."""

from __future__ import annotations

import pytest

from conformance.xep0280 import seats
from conformance.xep0280.seats import Role, Seat
from conformance.xep0313.model import Entry, Query, answer

OWNER, B, C = "a@x", "b@x", "c@x"
ARCHIVE = [
    Entry("1", "2026-01-01T00:00:00Z", "a@x/r", B, "m1"),
    Entry("2", "2026-01-01T00:00:01Z", "c@x/r", OWNER, "m2"),
    Entry("3", "2026-01-01T00:00:01Z", "a@x/r", "a@x/s", "m3"),
    Entry("4", "2026-01-01T00:00:02Z", "b@x/r", "a@x/r", "m4"),
]


@pytest.mark.parametrize(
    ("query", "uids", "complete"),
    [
        (Query(), "1234", True),
        (Query(other=B), "14", True),
        (Query(other="b@x/r"), "4", True),
        (Query(other=OWNER), "3", True),
        (Query(start="2026-01-01T00:00:01Z"), "234", True),
        (Query(end="2026-01-01T01:00:01+01:00"), "123", True),
        (Query(after_id="1", before_id="4"), "23", True),
        (Query(ids=("2", "4")), "24", True),
        (Query(most=2), "12", False),
        (Query(most=2, after="2"), "34", True),
        (Query(most=2, before="4"), "23", False),
        (Query(most=1, before=""), "4", False),
        (Query(other=C, before="4"), "2", True),
        (Query(most=0), "", False),
        (Query(most=2, before="", flip=True), "43", False),
    ],
)
def test_what_a_query_brings(query: Query, uids: str, complete: bool) -> None:
    found = answer(ARCHIVE, OWNER, query)
    assert "".join(found.uids) == uids
    assert found.complete is complete
    assert {found.first, found.last} <= {*uids, ""}


def _seat(role: Role, *got: str, enabled: bool = True) -> Seat:
    return Seat(role, enabled, got)


GOOD = [
    _seat(Role.SENDER),
    _seat(Role.OWN, "sent"),
    _seat(Role.OWN, enabled=False),
    _seat(Role.THEIRS, "message"),
    _seat(Role.THEIRS, "received"),
    _seat(Role.THEIRS, "message", enabled=False),
]
JUDGES = (seats.received, seats.twice, seats.sent, seats.sender, seats.unwanted, seats.own)


def test_copies_that_are_due() -> None:
    assert [judge(GOOD) for judge in JUDGES] == [""] * len(JUDGES)


@pytest.mark.parametrize(
    ("judge", "seat"),
    [
        (seats.received, _seat(Role.THEIRS)),
        (seats.received, _seat(Role.THEIRS, "sent")),
        (seats.received, _seat(Role.THEIRS, "received", "received")),
        (seats.twice, _seat(Role.THEIRS, "message", "received")),
        (seats.twice, _seat(Role.SELF, "message", "received")),
        (seats.sent, _seat(Role.OWN)),
        (seats.sent, _seat(Role.OWN, "received")),
        (seats.sender, _seat(Role.SENDER, "sent")),
        (seats.unwanted, _seat(Role.THEIRS, "received", enabled=False)),
        (seats.own, _seat(Role.SELF)),
    ],
)
def test_copies_that_are_wrong(judge: object, seat: Seat) -> None:
    found = {one.__name__ for one in JUDGES if one([*GOOD, seat])}
    assert getattr(judge, "__name__", "") in found
