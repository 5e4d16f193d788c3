"""Who comes into a room, who is called otherwise, and who goes (XEP-0045 sections 7.1 to 7.14)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.rooms import messages
from harness.targets.embedded.rooms.reflection import (
    CREATED,
    JOIN,
    NON_ANONYMOUS,
    UPDATE,
    Notice,
    broadcast,
    show,
)
from harness.targets.embedded.rooms.room import RANKS, Occupant, Room
from harness.xmpp import namespaces as ns

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session

_PASSWORD = f"{JOIN}/{{{ns.MUC}}}password"
_BY_ADMINS = 10  # places for admins and owners in a room that is full


def enter(room: Room, session: Session, stanza: Element, nick: str, *, created: bool) -> None:
    """Let a session in. Raises StanzaFault where it may not (section 7.2.17)."""
    account = session.owner.jid
    if not created:
        _check(room, account, stanza)
    present = room.occupants.get(nick)
    if present is not None and present.account != account:
        raise StanzaFault("conflict")
    if present is None and _is_full(room, account):
        raise StanzaFault("service-unavailable")
    occupant = present or Occupant(nick, account, room.role_by_default(account))
    room.add(occupant, session.jid, stanza)
    codes = () if room.settings.anonymous else (NON_ANONYMOUS,)
    introduce(room, occupant, session.jid, stanza, codes + ((CREATED,) if created else ()))
    broadcast(room, occupant, without=(session.jid,))


def introduce(
    room: Room, occupant: Occupant, jid: str, stanza: Element, codes: tuple[str, ...]
) -> None:
    """Show the room to a session, in the order of section 7.1."""
    viewer = occupant
    for other in list(room.occupants.values()):
        if other is not occupant:
            show(room, other, jid, viewer)
    show(room, occupant, jid, viewer, Notice(codes=codes))
    messages.recall(room, jid, stanza)


def _check(room: Room, account: str, stanza: Element) -> None:
    affiliation = room.affiliation(account)
    if room.locked:
        raise StanzaFault("item-not-found")
    if affiliation == "outcast":
        raise StanzaFault("forbidden")
    if room.settings.members_only and RANKS[affiliation] < RANKS["member"]:
        raise StanzaFault("registration-required")
    if room.settings.protected and stanza.findtext(_PASSWORD) != room.settings.secret:
        raise StanzaFault("not-authorized")


def _is_full(room: Room, account: str) -> bool:
    most = room.settings.most
    if most and RANKS[room.affiliation(account)] >= RANKS["admin"]:
        most += _BY_ADMINS
    return bool(most) and len(room.occupants) >= most


def again(room: Room, occupant: Occupant, session: Session, stanza: Element, nick: str) -> None:
    """Presence of somebody who is in the room: another nickname, a join, or a mere update."""
    if nick != occupant.nick:
        if nick in room.occupants:
            raise StanzaFault("conflict")
        room.add(occupant, session.jid, stanza)
        _rename(room, occupant, nick)
        return
    room.add(occupant, session.jid, stanza)
    if stanza.find(JOIN) is None:
        broadcast(room, occupant)
        return
    codes = () if room.settings.anonymous else (NON_ANONYMOUS,)  # section 17.3
    introduce(room, occupant, session.jid, stanza, codes)
    broadcast(room, occupant, without=(session.jid,))


def _rename(room: Room, occupant: Occupant, nick: str) -> None:
    broadcast(room, occupant, Notice(codes=("303",), gone=True, nick=nick))
    room.rename(occupant, nick)
    broadcast(room, occupant)


def leave(room: Room, occupant: Occupant, jid: str, stanza: Element | None = None) -> None:
    """A session goes, on its own account."""
    remove(room, occupant, jid, stanza=stanza)


def remove(
    room: Room,
    occupant: Occupant,
    jid: str,
    codes: tuple[str, ...] = (),
    stanza: Element | None = None,
) -> None:
    """A session goes: it hears of it first; the others do when it was the occupant's last one."""
    if stanza is not None:
        room.add(occupant, jid, stanza)
    notice = Notice(codes=codes, gone=True, role="none")
    if len(occupant.presences) == 1:
        broadcast(room, occupant, notice)
        room.discard(occupant, jid)
    else:
        show(room, occupant, jid, occupant, notice)
        room.discard(occupant, jid)
        broadcast(room, occupant, UPDATE)
