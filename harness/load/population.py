"""Who is online on one worker, and who acts next: all that the seed decides of both.

Each user has a seat: the position of the account in the worker's share. What is drawn are seats,
whether somebody is online there or not, so that neither the order in which logins end nor a lost
connection changes what follows. For a user who is not online a substitute acts, who is drawn from
a source of its own.

Sender and receiver are users of the same worker, hence another number of workers makes other pairs.
"""

from __future__ import annotations

from random import Random

from harness.load import placement
from harness.load.client import Client
from harness.load.session import Session


class Population:
    """The users of one worker."""

    def __init__(self, session: Session) -> None:
        self.online: list[Client] = []
        self._first, self._step = session.first_index, session.step
        self._seats: list[Client | None] = []
        self._place: dict[int, int] = {}  # account number -> position in `online`
        self._draw = placement.placement(session.placement)
        self._random = session.random("pairs")
        self._substitutes = session.random("substitutes")

    def seat(self, index: int) -> int:
        """The seat of an account, by its number in the run."""
        return (index - self._first) // self._step

    def expect(self, seat: int) -> None:
        """There is a user at this seat, online or not."""
        self._seats += [None] * (seat + 1 - len(self._seats))

    def enter(self, client: Client) -> None:
        """A user is online."""
        seat = self.seat(client.index)
        self.expect(seat)
        self._seats[seat] = client
        self._place[client.index] = len(self.online)
        self.online.append(client)

    def leave(self, client: Client) -> bool:
        """A user is online no more; False when it was not."""
        place = self._place.pop(client.index, None)
        if place is None:
            return False
        self._seats[self.seat(client.index)] = None
        last = self.online.pop()
        if last is not client:
            self.online[place] = last
            self._place[last.index] = place
        return True

    def is_online(self, index: int) -> bool:
        """Whether the account of this number is online on this worker."""
        return index in self._place

    def one(self) -> Client | None:
        """Who acts next in a plan; None when nobody is online."""
        drawn = self._seats[self._draw(self._random, len(self._seats))] if self._seats else None
        if drawn is None and self.online:
            return self.online[self._draw(self._substitutes, len(self.online))]
        return drawn

    def pair(self) -> tuple[Client, Client] | None:
        """Sender and receiver of a plan's next message; None when fewer than two are online."""
        if len(self._seats) < 2:
            return None
        one, other = placement.pair(self._draw, self._random, len(self._seats))
        if len(self.online) < 2:
            return None
        sender = self._seats[one]
        if sender is None:
            sender = self.online[self._draw(self._substitutes, len(self.online))]
        return sender, self._other(sender, self._seats[other])

    def peer(self, client: Client, random: Random) -> Client | None:
        """Somebody else, drawn from `random`; None when nobody else is online."""
        if len(self._seats) < 2:
            return None
        drawn = placement.another(self.seat(client.index), random, len(self._seats))
        if len(self.online) == self.is_online(client.index):
            return None
        return self._other(client, self._seats[drawn])

    def after(self, client: Client) -> Client | None:
        """Who is online at the next seat that is not empty; None when nobody else is."""
        place, count = self.seat(client.index), len(self._seats)
        others = (self._seats[(place + step) % count] for step in range(1, count))
        return next((other for other in others if other is not None), None)

    def _other(self, client: Client, drawn: Client | None) -> Client:
        """Who was drawn, or a substitute where that is nobody or the client itself."""
        if drawn is not None and drawn is not client:
            return drawn
        place = self._place.get(client.index)
        if place is None:
            return self.online[int(self._substitutes.random() * len(self.online))]
        return self.online[placement.another(place, self._substitutes, len(self.online))]
