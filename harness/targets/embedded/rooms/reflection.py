"""Presence that a room sends: of whom, to whom, with which extension (XEP-0045 section 7.2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded.rooms.room import Occupant, Room
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import serialise

USER = f"{{{ns.MUC_USER}}}x"
JOIN = f"{{{ns.MUC}}}x"
_ITEM = f"{{{ns.MUC_USER}}}item"
_STATUS = f"{{{ns.MUC_USER}}}status"
SELF, NON_ANONYMOUS, CREATED = "110", "100", "201"


@dataclass(frozen=True, slots=True)
class Notice:
    """What presence says besides who somebody is. `gone`: it is of type unavailable."""

    codes: tuple[str, ...] = ()
    gone: bool = False
    nick: str = ""  # the new one
    reason: str = ""
    actor: str = ""  # a nickname
    inner: Element | None = None  # another child of <x/>
    role: str = ""  # another one than the occupant has


UPDATE = Notice()


def show(
    room: Room, occupant: Occupant, jid: str, viewer: Occupant, notice: Notice = UPDATE
) -> None:
    """To one session, of the viewer."""
    own = viewer is occupant
    data = _built(room, occupant, notice, reveals=room.reveals(viewer), own=own)
    room.send(jid, data, room.address(occupant))


def broadcast(
    room: Room, occupant: Occupant, notice: Notice = UPDATE, without: tuple[str, ...] = ()
) -> None:
    """To every session in the room except these full JIDs; the occupant's own come first."""
    for jid in [jid for jid in occupant.presences if jid not in without] if notice.gone else ():
        show(room, occupant, jid, occupant, notice)
    variants: dict[tuple[bool, bool], bytes] = {}
    for viewer, jid in room.sessions():
        own = viewer is occupant
        if jid in without or (own and notice.gone):
            continue
        reveals = room.reveals(viewer)
        data = variants.get((reveals, own))
        if data is None:
            data = _built(room, occupant, notice, reveals=reveals, own=own)
            variants[reveals, own] = data
        room.send(jid, data, room.address(occupant))


def _built(room: Room, occupant: Occupant, notice: Notice, *, reveals: bool, own: bool) -> bytes:
    stanza = Element(ns.PRESENCE, {"from": room.address(occupant)})
    if notice.gone:
        stanza.set("type", "unavailable")
    if occupant.presences and (not notice.gone or occupant.presence.get("type") == "unavailable"):
        _copy_content(occupant.presence, stanza)
    extension = SubElement(stanza, USER)
    extension.append(_item(room, occupant, notice, reveals=reveals))
    if notice.inner is not None:
        extension.append(notice.inner)
    for code in (*notice.codes, *((SELF,) if own else ())):
        SubElement(extension, _STATUS, {"code": code})
    return serialise(stanza)


def _copy_content(presence: Element, stanza: Element) -> None:
    """All but what the room alone says (section 17.3)."""
    for name in ("id", ns.LANG):
        if (value := presence.get(name)) is not None:
            stanza.set(name, value)
    stanza.extend(child for child in presence if child.tag not in (USER, JOIN))


def _item(room: Room, occupant: Occupant, notice: Notice, *, reveals: bool) -> Element:
    role = notice.role or occupant.role
    item = Element(_ITEM, {"affiliation": room.affiliation(occupant.account), "role": role})
    if reveals:
        item.set("jid", next(reversed(occupant.presences), occupant.account))
    if notice.nick:
        item.set("nick", notice.nick)
    if notice.actor:
        SubElement(item, f"{{{ns.MUC_USER}}}actor", {"nick": notice.actor})
    if notice.reason:
        SubElement(item, f"{{{ns.MUC_USER}}}reason").text = notice.reason
    return item
