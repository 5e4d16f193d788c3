"""Sections 2, 7 and 8 as a model: what a resource sees of one message that is to be copied.

It does not matter here which resources of the recipient get the message itself, which is a matter
of RFC 6121: every other one that wants copies gets exactly one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """Whose resource it is."""

    SENDER = "sender"  # the resource that has sent the message
    OWN = "own"  # another one of the sender's
    THEIRS = "theirs"  # one of the recipient's
    SELF = "self"  # another one of a sender who is the recipient, too


@dataclass(frozen=True)
class Seat:
    """A resource, and what it has got: "message", and "sent" or "received" for each copy."""

    role: Role
    enabled: bool
    got: tuple[str, ...]

    @property
    def copies(self) -> tuple[str, ...]:
        """What it has got but the message itself."""
        return tuple(what for what in self.got if what != "message")


def unwanted(seats: Sequence[Seat]) -> str:
    """A copy for somebody who has not asked for copies (section 2)."""
    found = any(seat.copies for seat in seats if not seat.enabled)
    return "a copy for who has not enabled them" if found else ""


def received(seats: Sequence[Seat]) -> str:
    """What is wrong at the recipient's resources that did not get the message (section 7)."""
    without = [s for s in seats if s.role is Role.THEIRS and s.enabled and "message" not in s.got]
    return _of(without, "received")


def twice(seats: Sequence[Seat]) -> str:
    """A copy for a resource that has got the message itself (section 7)."""
    receivers = [s for s in seats if s.role in (Role.THEIRS, Role.SELF) and "message" in s.got]
    doubled = [s for s in receivers if (s.role is Role.THEIRS and s.copies) or "received" in s.got]
    return "a copy for who has got the message" if doubled else ""


def sent(seats: Sequence[Seat]) -> str:
    """What is wrong at the sender's other resources (section 8)."""
    return _of([s for s in seats if s.role is Role.OWN and s.enabled], "sent")


def sender(seats: Sequence[Seat]) -> str:
    """A copy of what it has sent, for the resource that has sent it (section 8)."""
    found = any("sent" in seat.got for seat in seats if seat.role is Role.SENDER)
    return "a copy for the sender" if found else ""


def own(seats: Sequence[Seat]) -> str:
    """A message to oneself that another resource, which wants copies, does not see.

    It is sent and received: which copy it brings, or whether both, the text does not say.
    """
    missed = any(not seat.got for seat in seats if seat.role is Role.SELF and seat.enabled)
    return "no copy" if missed else ""


def _of(seats: Sequence[Seat], kind: str) -> str:
    for seat in seats:
        if not seat.copies:
            return "no copy"
        if len(seat.copies) > 1:
            return "more than one copy"
        if seat.copies != (kind,):
            return "a copy that is marked otherwise"
    return ""
