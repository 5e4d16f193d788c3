"""Messages in a room: to all, in private, the subject, the past (XEP-0045 sections 7.2 to 8.1)."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import jids
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.messages import DELAY
from harness.targets.embedded.rooms.reflection import JOIN, USER
from harness.targets.embedded.rooms.room import Occupant, Room, Said
from harness.targets.embedded.wrapping import clone
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import serialise

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session

_SUBJECT = f"{{{ns.CLIENT}}}subject"
_THREAD = f"{{{ns.CLIENT}}}thread"
_HISTORY = f"{JOIN}/{{{ns.MUC}}}history"
_INVITE = f"{{{ns.MUC_USER}}}invite"
_DECLINE = f"{{{ns.MUC_USER}}}decline"
_LONGEST_S = 10**9  # further back there is nothing
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


def to_all(room: Room, session: Session, message: Element) -> None:
    """Reflect a message of an occupant. Raises StanzaFault (section 7.4)."""
    occupant = room.occupant(session.jid)
    if occupant is None:
        raise StanzaFault("not-acceptable")
    subject = message.find(_SUBJECT) is not None
    if subject and message.find(ns.BODY) is None and message.find(_THREAD) is None:
        if occupant.role != "moderator" and not _may_change_subject(room, occupant):
            raise StanzaFault("forbidden")
        said = _kept(room, occupant, message)
        room.subject = said
    elif occupant.role == "visitor":
        raise StanzaFault("forbidden")
    else:
        said = _kept(room, occupant, message)
        room.history.append(said)
    sender, data = room.address(occupant), serialise(said.message)
    for _, jid in room.sessions():
        room.send(jid, data, sender)


def _may_change_subject(room: Room, occupant: Occupant) -> bool:
    return room.settings.subject_for_all and occupant.role == "participant"


def _kept(room: Room, occupant: Occupant, message: Element) -> Said:
    kept = clone(message)
    kept.attrib.pop("to", None)
    kept.set("from", room.address(occupant))
    return Said(datetime.now(UTC), kept)


def in_private(room: Room, session: Session, message: Element, to: Jid) -> None:
    """From one occupant to another (section 7.5). Raises StanzaFault."""
    if message.get("type") == "groupchat":
        raise StanzaFault("bad-request")
    sender = room.occupant(session.jid)
    if sender is None:
        raise StanzaFault("not-acceptable")
    recipient = room.occupants.get(to.resource)
    if recipient is None:
        raise StanzaFault("item-not-found")
    private = clone(message)
    private.attrib.pop("to", None)
    private.set("from", room.address(sender))
    if private.find(USER) is None:
        SubElement(private, USER)
    for jid in list(recipient.presences):
        room.send(jid, serialise(private), room.address(sender))


def to_room(room: Room, session: Session, message: Element) -> None:
    """What is for the room itself: an invitation, or its refusal (section 7.8.2)."""
    extension = message.find(USER)
    for name in (_INVITE, _DECLINE):
        found = extension.find(name) if extension is not None else None
        if found is not None:
            _mediate(room, session, found)
            return
    raise StanzaFault("bad-request")


def _mediate(room: Room, session: Session, said: Element) -> None:
    if said.tag == _INVITE and room.occupant(session.jid) is None:
        raise StanzaFault("not-acceptable")
    try:
        to = jids.parse(said.get("to", ""))
    except ValueError:
        raise StanzaFault("jid-malformed") from None
    account = room.domain.account(to)
    if account is None:
        raise StanzaFault("item-not-found")
    passed = clone(said)
    del passed.attrib["to"]
    passed.set("from", session.owner.jid)
    message = Element(ns.MESSAGE, {"from": room.jid, "to": to.bare})
    extension = SubElement(message, USER)
    extension.append(passed)
    if said.tag == _INVITE and room.settings.protected:
        SubElement(extension, f"{{{ns.MUC_USER}}}password").text = room.settings.secret
    data = serialise(message)
    for resource in account.available():
        resource.send(data)


# The past


def recall(room: Room, jid: str, stanza: Element) -> None:
    """To a session that enters with this presence: history, then the subject."""
    for said in _wanted(room, stanza.find(_HISTORY)):
        message = _delayed(room, said)
        room.send(jid, serialise(message), said.message.get("from", ""))
    if room.subject is not None:
        room.send(jid, serialise(_delayed(room, room.subject)))
        return
    empty = Element(ns.MESSAGE, {"from": room.jid, "type": "groupchat"})
    SubElement(empty, _SUBJECT)
    room.send(jid, serialise(empty))


def _wanted(room: Room, limits: Element | None) -> list[Said]:
    """The newest messages within all limits (section 7.2.14)."""
    found = list(room.history)
    if limits is None:
        return found
    since = _since(limits)
    if since is not None:
        found = [said for said in found if said.when >= since]
    if (most := _number(limits, "maxstanzas")) is not None:
        found = found[max(0, len(found) - most) :]
    if (characters := _number(limits, "maxchars")) is not None:
        while sum(len(serialise(_delayed(room, said))) for said in found) > characters:
            found.pop(0)
    return found


def _number(limits: Element, name: str) -> int | None:
    text = limits.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else None


def _since(limits: Element) -> datetime | None:
    """The later one of two points in time."""
    found = []
    if (seconds := _number(limits, "seconds")) is not None:
        found.append(datetime.now(UTC) - timedelta(seconds=min(seconds, _LONGEST_S)))
    with contextlib.suppress(ValueError):
        found.append(datetime.fromisoformat(limits.get("since", "")).astimezone(UTC))
    return max(found, default=None)


def _delayed(room: Room, said: Said) -> Element:
    message = clone(said.message)
    stamp = said.when.strftime(_STAMP)
    SubElement(message, f"{{{DELAY}}}delay", {"from": room.jid, "stamp": stamp})
    return message
