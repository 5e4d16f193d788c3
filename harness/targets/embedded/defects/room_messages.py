"""Defects of rooms (XEP-0045): messages and the subject."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element

from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.defects.rooms import other_condition, tolerant
from harness.targets.embedded.rooms import messages
from harness.targets.embedded.rooms.room import Occupant, Room, Said
from harness.targets.embedded.wrapping import clone
from harness.xmpp import namespaces as ns

_SUBJECT = f"{{{ns.CLIENT}}}subject"


@defect("muc-not-to-oneself", breaks=["muc-message-reflected"])
def _(patches: Patches) -> None:
    """Who writes to all does not get the own message."""

    def to_all(room: Room, session: Any, message: Element) -> None:
        others = [(who, jid) for who, jid in room.sessions() if jid != session.jid]
        for_others = Patches()
        for_others.set(room, "sessions", lambda: iter(others))
        try:
            before(room, session, message)
        finally:
            for_others.undo()

    before = patches.set(messages, "to_all", to_all)


@defect("muc-visitors-heard", breaks=["muc-message-visitor"])
def _(patches: Patches) -> None:
    """Visitors speak to all."""

    def to_all(room: Room, session: Any, message: Element) -> None:
        occupant = room.occupant(session.jid)
        if occupant is None or occupant.role != "visitor":
            before(room, session, message)
            return
        occupant.role = "participant"
        try:
            before(room, session, message)
        finally:
            occupant.role = "visitor"

    before = patches.set(messages, "to_all", to_all)


@defect("muc-outsiders-misled", breaks=["muc-message-outsider", "muc-private-outsider"])
def _(patches: Patches) -> None:
    """A message from outside is forbidden instead of not acceptable."""
    for name in ("to_all", "in_private"):
        other_condition(patches, messages, name, "not-acceptable", "forbidden")


@defect("muc-private-to-all", breaks=["muc-private"])
def _(patches: Patches) -> None:
    """What is for one occupant reaches every one."""

    def in_private(room: Room, session: Any, message: Element, to: Any) -> None:
        for nick in list(room.occupants):
            before(room, session, message, replace(to, resource=nick))

    before = patches.set(messages, "in_private", in_private)


@defect("muc-private-to-nobody", breaks=["muc-private-nobody"])
def _(patches: Patches) -> None:
    """A private message to nobody is dropped without a word."""
    tolerant(patches, messages, "in_private", "item-not-found")


@defect("muc-history-anyway", breaks=["muc-history-none"])
def _(patches: Patches) -> None:
    """Who asks for no history gets it."""
    patches.set(messages, "_wanted", lambda room, _limits: list(room.history))


@defect("muc-no-empty-subject", breaks=["muc-subject-sent"])
def _(patches: Patches) -> None:
    """Where there never was a subject, who enters gets none."""

    def recall(room: Room, jid: str, stanza: Element) -> None:
        if room.subject is not None:
            before(room, jid, stanza)

    before = patches.set(messages, "recall", recall)


@defect("muc-subject-undated", breaks=["muc-subject-delay"], tolerated=True)
def _(patches: Patches) -> None:
    """The subject is shown without the time when it was set."""

    def delayed(room: Room, said: Said) -> Element:
        return said.message if said is room.subject else before(room, said)

    before = patches.set(messages, "_delayed", delayed)


@defect("muc-subject-of-anybody", breaks=["muc-subject-refused"])
def _(patches: Patches) -> None:
    """Everybody changes the subject."""
    patches.set(messages, "_may_change_subject", lambda _room, _occupant: True)


@defect("muc-body-is-subject", breaks=["muc-subject-with-body"])
def _(patches: Patches) -> None:
    """A message with a body and a subject changes the subject of the room."""

    def kept(room: Room, occupant: Occupant, message: Element) -> Said:
        said: Said = before(room, occupant, message)
        if said.message.find(_SUBJECT) is not None:
            alone = clone(said.message)
            for child in alone.findall("*"):
                if child.tag != _SUBJECT:
                    alone.remove(child)
            room.subject = replace(said, message=alone)
        return said

    before = patches.set(messages, "_kept", kept)
