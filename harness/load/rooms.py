"""The rooms (XEP-0045) of one worker's users, and who is in which.

A room has users of one worker only, so that one clock sees both ends of every message, and a name
that no other run has used.
"""

from __future__ import annotations

from gevent.event import Event

from harness.load.session import Session


class Room:
    """One room. `address` is its bare JID."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.opened = Event()  # others than the first may enter
        self.occupants: list[int] = []  # the numbers of their accounts


class Rooms:
    """The rooms of one worker, by a number that its users have chosen."""

    def __init__(self, session: Session) -> None:
        self._prefix = f"r{session.run}-{session.worker}-"
        self._service = session.rooms
        self._rooms: dict[int, Room] = {}

    def room(self, number: int) -> tuple[Room, bool]:
        """The room of this number, and whether it is new: who hears that it is opens it.

        A server forgets a room when the last one has left it, so an empty one is new again.
        """
        room = self._rooms.get(number)
        if room is None:
            room = self._rooms[number] = Room(f"{self._prefix}{number}@{self._service}")
        elif room.occupants or not room.opened.is_set():
            return room, False
        room.opened.clear()
        return room, True

    def leave(self, account: int) -> list[Room]:
        """Nothing more is sent to this account through rooms; those in which it was."""
        left = [room for room in self._rooms.values() if account in room.occupants]
        for room in left:
            room.occupants.remove(account)
        return left
