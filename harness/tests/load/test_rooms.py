"""Rooms of one worker: who opens one, who is in it, who gets what is said there."""

from __future__ import annotations

import msgspec
import pytest

from harness.load.rooms import Rooms
from harness.tests.load.test_population import a_session


@pytest.fixture
def rooms():
    return Rooms(msgspec.structs.replace(a_session(), run="ab12", rooms="rooms.test"))


def test_the_first_who_asks_opens_a_room(rooms):
    room, first = rooms.room(3)
    again, second = rooms.room(3)
    assert (first, second) == (True, False)
    assert again is room
    assert room.address == "rab12-0-3@rooms.test"
    assert not room.opened.is_set()
    assert rooms.room(4)[0].address != room.address


def test_who_leaves_is_in_no_room_any_more(rooms):
    one, other = rooms.room(1)[0], rooms.room(2)[0]
    one.occupants += [5, 6]
    other.occupants += [6]
    assert rooms.leave(6) == [one, other]
    assert rooms.leave(6) == []
    assert (one.occupants, other.occupants) == ([5], [])


def test_an_empty_room_is_opened_anew(rooms):
    """Servers forget it; while somebody opens it, the others wait."""
    room, _ = rooms.room(1)
    room.opened.set()
    room.occupants.append(5)
    assert rooms.room(1) == (room, False)
    rooms.leave(5)
    assert rooms.room(1) == (room, True)
    assert rooms.room(1) == (room, False)
    assert not room.opened.is_set()
