"""The service for rooms: it finds the room that a stanza is for (XEP-0045)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from harness.targets.embedded import disco, iq
from harness.targets.embedded.disco import Item
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.extension import Extension
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.rooms import admin, entry, messages, owner
from harness.targets.embedded.rooms.reflection import JOIN, USER, Notice
from harness.targets.embedded.rooms.room import Occupant, Room
from harness.targets.embedded.wrapping import clone
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import serialise

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session

LABEL = "conference"
_STABLE_ID = f"{ns.MUC}#stable_id"
# Errors that say that somebody is gone (section 18.1.2).
_DELIVERY_ERRORS = frozenset(
    f"{{{ns.STANZAS}}}{name}"
    for name in (
        "gone",
        "item-not-found",
        "recipient-unavailable",
        "redirect",
        "remote-server-not-found",
        "remote-server-timeout",
    )
)
_NO_JOIN = Notice(("307", "333"), gone=True, role="none")


class Rooms:
    """Every room of the service. An empty one is forgotten unless it is persistent."""

    def __init__(self, domain: Domain, address: str) -> None:
        self.domain = domain
        self.address = address
        self.rooms: dict[str, Room] = {}  # by bare JID

    def take(self, session: Session, stanza: Element, to: Jid) -> None:
        """Any stanza of a client to the service, a room or an occupant. Raises StanzaFault."""
        room = self.rooms.get(to.bare)
        if stanza.get("type") == "error":
            self._bounced(room, session, stanza, to)
        elif stanza.tag == ns.PRESENCE:
            self._presence(room, session, stanza, to)
        elif stanza.tag == ns.IQ:
            self._iq(room, session, stanza, to)
        elif room is None or room.locked:
            raise StanzaFault("item-not-found" if to.local else "service-unavailable")
        elif to.resource:
            messages.in_private(room, session, stanza, to)
        elif stanza.get("type") == "groupchat":
            messages.to_all(room, session, stanza)
        else:
            messages.to_room(room, session, stanza)

    # Presence

    def _presence(self, room: Room | None, session: Session, stanza: Element, to: Jid) -> None:
        kind = stanza.get("type")
        occupant = room.occupant(session.jid) if room is not None else None
        if kind == "unavailable":
            if room is not None and occupant is not None:
                entry.leave(room, occupant, session.jid, stanza)
                self._tidy(room)
            return
        if kind is not None:
            return  # neither a way in nor a way out (section 17.3)
        if not to.local or not to.resource.strip():
            raise StanzaFault("jid-malformed")
        if room is not None and occupant is not None:
            entry.again(room, occupant, session, stanza, to.resource)
        elif stanza.find(JOIN) is None:
            _turn_away(session, to)
        else:
            self._enter(room, session, stanza, to)

    def _enter(self, room: Room | None, session: Session, stanza: Element, to: Jid) -> None:
        if created := room is None:
            room = self.rooms[to.bare] = Room(self.domain, to.bare, session.owner.jid)
        entry.enter(room, session, stanza, to.resource, created=created)

    def _bounced(self, room: Room | None, session: Session, stanza: Element, to: Jid) -> None:
        """An error of a client: where it says that nobody is there, nobody is there."""
        occupant = room.occupant(session.jid) if room is not None else None
        if room is None or occupant is None:
            return
        conditions = {child.tag for error in stanza.iterfind(ns.ERROR) for child in error}
        if stanza.tag == ns.IQ:
            self._forward(room, occupant, session, stanza, to)
        elif not conditions.isdisjoint(_DELIVERY_ERRORS):
            entry.remove(room, occupant, session.jid, ("333",))
            self._tidy(room)

    def _tidy(self, room: Room) -> None:
        if not room.occupants and (room.locked or not room.settings.persistent):
            self._forget(room)

    def _forget(self, room: Room) -> None:
        del self.rooms[room.jid]

    # Requests

    def _iq(self, room: Room | None, session: Session, stanza: Element, to: Jid) -> None:
        asks = stanza.get("type") in ("get", "set")
        if not asks and stanza.get("type") != "result":
            raise StanzaFault("bad-request")
        if to.resource and room is not None:
            occupant = room.occupant(session.jid)
            if occupant is None:
                raise StanzaFault("bad-request")  # section 6.6
            self._forward(room, occupant, session, stanza, to)
        elif asks:
            request = iq.Request(self.domain, session, stanza, iq.payload_of(stanza), None)
            self._answer(request, room, to)

    def _answer(self, request: iq.Request, room: Room | None, to: Jid) -> None:
        tag = request.payload.tag
        if to.local and room is None:
            raise StanzaFault("item-not-found")
        if tag == f"{{{disco.INFO}}}query" and not request.is_set:
            request.reply(_described(request, room))
        elif tag == f"{{{disco.ITEMS}}}query" and not request.is_set:
            request.reply(self._items(request, room))
        elif room is not None and tag == f"{{{admin.NAMESPACE}}}query":
            admin.handle(request, room)
            self._tidy(room)
        elif room is not None and tag == f"{{{owner.NAMESPACE}}}query":
            owner.handle(request, room, self._forget)
        else:
            raise StanzaFault("service-unavailable")

    def _items(self, request: iq.Request, room: Room | None) -> Element:
        """The public rooms of the service; of a room nothing (section 6.5)."""
        if request.payload.get("node"):
            raise StanzaFault("item-not-found")
        answer = Element(f"{{{disco.ITEMS}}}query")
        for one in self.rooms.values() if room is None else ():
            if one.settings.public and not one.locked:
                item = Item(one.jid, name=one.settings.name)._asdict()
                listed = {name: value for name, value in item.items() if value}
                answer.append(Element(f"{{{disco.ITEMS}}}item", listed))
        return answer

    def _forward(
        self, room: Room, sender: Occupant, session: Session, stanza: Element, to: Jid
    ) -> None:
        """A request or its answer, from one occupant to another (section 17.4)."""
        recipient = room.occupants.get(to.resource)
        if recipient is None:
            if stanza.get("type") in ("get", "set"):
                raise StanzaFault("item-not-found")
            return
        passed = clone(stanza)
        passed.attrib.pop("to", None)
        passed.set("from", room.address(sender))
        jid = next(reversed(recipient.presences))
        room.send(jid, serialise(passed), room.address(sender))


def _turn_away(session: Session, to: Jid) -> None:
    """Whoever does not speak the protocol is told that they are not in the room (7.2.18)."""
    gone = Element(ns.PRESENCE, {"from": to.full, "to": session.jid, "type": "unavailable"})
    extension = Element(USER)
    extension.append(Element(f"{{{ns.MUC_USER}}}item", {"affiliation": "none", "role": "none"}))
    for code in ("110", *_NO_JOIN.codes):
        extension.append(Element(f"{{{ns.MUC_USER}}}status", {"code": code}))
    gone.append(extension)
    session.send(serialise(gone))


def _described(request: iq.Request, room: Room | None) -> Element:
    node = request.payload.get("node", "")
    if node == "x-roomuser-item":
        raise StanzaFault("feature-not-implemented")  # section 7.12
    if node == f"{ns.MUC}#traffic":
        raise StanzaFault("service-unavailable")  # section 18.1.1: we take nothing out
    if node:
        raise StanzaFault("item-not-found")
    features = [disco.INFO, disco.ITEMS, ns.MUC, _STABLE_ID]
    if room is None:
        return disco.query([("conference", "text")], features)
    settings = room.settings
    told = {
        "muc_persistent": settings.persistent,
        "muc_temporary": not settings.persistent,
        "muc_public": settings.public,
        "muc_hidden": not settings.public,
        "muc_moderated": settings.moderated,
        "muc_unmoderated": not settings.moderated,
        "muc_membersonly": settings.members_only,
        "muc_open": not settings.members_only,
        "muc_passwordprotected": settings.protected,
        "muc_unsecured": not settings.protected,
        "muc_semianonymous": settings.anonymous,
        "muc_nonanonymous": not settings.anonymous,
    }
    answer = disco.query(
        [("conference", "text")], [*features, *(name for name, holds in told.items() if holds)]
    )
    if settings.name:
        answer[0].set("name", settings.name)
    return answer


EXTENSION = Extension(services={LABEL: Rooms})
