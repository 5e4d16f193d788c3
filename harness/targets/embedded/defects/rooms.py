"""Defects of rooms (XEP-0045): discovery, the way in and out."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from harness.targets.embedded import disco
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.rooms import entry, messages, reflection, service
from harness.targets.embedded.rooms.reflection import UPDATE, Notice
from harness.targets.embedded.rooms.room import Occupant, Room


def other_condition(patches: Patches, owner: Any, name: str, right: str, wrong: str) -> None:
    """Have a function refuse with another condition."""

    def patched(*args: Any, **options: Any) -> Any:
        try:
            return before(*args, **options)
        except StanzaFault as fault:
            if fault.condition != right:
                raise
            raise StanzaFault(wrong) from None

    before = patches.set(owner, name, patched)


def tolerant(patches: Patches, owner: Any, name: str, condition: str) -> None:
    """Have a function that only checks not refuse for this reason."""

    def patched(*args: Any) -> None:
        try:
            before(*args)
        except StanzaFault as fault:
            if fault.condition != condition:
                raise

    before = patches.set(owner, name, patched)


# Discovery


@defect("muc-service-of-gateways", breaks=["muc-service-info"])
def _(patches: Patches) -> None:
    """The service says that it is a gateway."""

    def renamed(query: Element) -> Element:
        query[0].set("category", "gateway")
        return query

    patches.after(service, "_described", renamed)


@defect("muc-hidden-listed", breaks=["muc-rooms-listed"], tolerated=True)
def _(patches: Patches) -> None:
    """Hidden rooms are listed, public ones are not."""

    def listed(self: service.Rooms, request: Any, room: Room | None) -> Element:
        for one in self.rooms.values():
            one.settings.public = not one.settings.public
        try:
            found: Element = before(self, request, room)
        finally:
            for one in self.rooms.values():
                one.settings.public = not one.settings.public
        return found

    before = patches.set(service.Rooms, "_items", listed)


@defect("muc-kinds-unsaid", breaks=["muc-room-features"], tolerated=True)
def _(patches: Patches) -> None:
    """What kind of room it is is not among its features."""

    def without(query: Element) -> Element:
        for feature in query.findall(f"{{{disco.INFO}}}feature"):
            if feature.get("var", "").startswith("muc_"):
                query.remove(feature)
        return query

    patches.after(service, "_described", without)


@defect("muc-nodes-unknown", breaks=["muc-reserved-nick-node", "muc-traffic-node"])
def _(patches: Patches) -> None:
    """The nodes of reserved nicknames and of traffic are answered as if there were none."""
    for condition in ("feature-not-implemented", "service-unavailable"):
        other_condition(patches, service, "_described", condition, "item-not-found")


@defect("muc-outsider-not-acceptable", breaks=["muc-occupant-info-outsider"])
def _(patches: Patches) -> None:
    """A request to an occupant from outside is not acceptable instead of bad."""
    other_condition(patches, service.Rooms, "_iq", "bad-request", "not-acceptable")


# The way in


@defect("muc-self-first", breaks=["muc-entry-order"])
def _(patches: Patches) -> None:
    """Who enters sees themselves before the others."""

    def introduce(
        room: Room, occupant: Occupant, jid: str, stanza: Element, codes: tuple[str, ...]
    ) -> None:
        reflection.show(room, occupant, jid, occupant, Notice(codes=codes))
        for other in room.occupants.values():
            if other is not occupant:
                reflection.show(room, other, jid, occupant)
        messages.recall(room, jid, stanza)

    patches.set(entry, "introduce", introduce)


@defect("muc-others-unseen", breaks=["muc-roster-to-newcomer"])
def _(patches: Patches) -> None:
    """Who enters sees nobody else."""

    def introduce(
        room: Room, occupant: Occupant, jid: str, stanza: Element, codes: tuple[str, ...]
    ) -> None:
        reflection.show(room, occupant, jid, occupant, Notice(codes=codes))
        messages.recall(room, jid, stanza)

    patches.set(entry, "introduce", introduce)


@defect("muc-arrival-untold", breaks=["muc-newcomer-broadcast"])
def _(patches: Patches) -> None:
    """The others do not hear of who enters."""

    def broadcast(room: Room, who: Occupant, notice: Notice = UPDATE, **options: Any) -> None:
        if not options or notice.gone:
            before(room, who, notice, **options)

    before = patches.set(entry, "broadcast", broadcast)


@defect("muc-self-unmarked", breaks=["muc-self-presence"])
def _(patches: Patches) -> None:
    """Presence of oneself has another status than 110."""
    patches.set(reflection, "SELF", "112")


@defect("muc-created-unsaid", breaks=["muc-created"])
def _(patches: Patches) -> None:
    """Who makes a room is not told by status 201."""
    patches.set(entry, "CREATED", "202")


@defect("muc-addresses-for-all", breaks=["muc-semi-anonymous"])
def _(patches: Patches) -> None:
    """Everybody sees the real addresses."""
    patches.set(Room, "reveals", lambda _room, _viewer: True)


@defect("muc-addresses-for-nobody", breaks=["muc-non-anonymous"])
def _(patches: Patches) -> None:
    """Where everybody may see the real addresses, moderators alone do."""
    patches.set(Room, "reveals", lambda _room, viewer: viewer.role == "moderator")


@defect("muc-any-password", breaks=["muc-password"])
def _(patches: Patches) -> None:
    """Any password opens the room."""
    tolerant(patches, entry, "_check", "not-authorized")


@defect("muc-members-and-others", breaks=["muc-members-only"])
def _(patches: Patches) -> None:
    """A room for members alone lets others in."""
    tolerant(patches, entry, "_check", "registration-required")


@defect("muc-banned-let-in", breaks=["muc-banned"])
def _(patches: Patches) -> None:
    """Who is banned comes in."""
    tolerant(patches, entry, "_check", "forbidden")


@defect("muc-never-locked", breaks=["muc-locked"])
def _(patches: Patches) -> None:
    """A room without its first settings lets everybody in."""
    tolerant(patches, entry, "_check", "item-not-found")


@defect("muc-conflict-misnamed", breaks=["muc-nick-conflict", "muc-nick-change-conflict"])
def _(patches: Patches) -> None:
    """A nickname that somebody has is not acceptable instead of a conflict."""
    for name in ("enter", "again"):
        other_condition(patches, entry, name, "conflict", "not-acceptable")


@defect("muc-overfull", breaks=["muc-full"], tolerated=True)
def _(patches: Patches) -> None:
    """A full room lets everybody in."""
    patches.set(entry, "_is_full", lambda _room, _account: False)


@defect("muc-full-for-owners", breaks=["muc-full-owner"])
def _(patches: Patches) -> None:
    """A full room keeps its owner out."""
    patches.set(entry, "_BY_ADMINS", 0)


@defect("muc-not-again", breaks=["muc-resync"])
def _(patches: Patches) -> None:
    """Who enters once more is taken for somebody who changes presence."""

    def again(room: Room, who: Occupant, session: Any, stanza: Element, nick: str) -> None:
        for extension in stanza.findall(reflection.JOIN):
            stanza.remove(extension)
        before(room, who, session, stanza, nick)

    before = patches.set(entry, "again", again)


# The way out, and other nicknames


@defect("muc-new-name-alone", breaks=["muc-nick-change"])
def _(patches: Patches) -> None:
    """Of another nickname only the new one is shown."""

    def rename(room: Room, occupant: Occupant, nick: str) -> None:
        room.rename(occupant, nick)
        reflection.broadcast(room, occupant)

    patches.set(entry, "_rename", rename)


@defect("muc-leave-untold", breaks=["muc-leave", "muc-session-end"])
def _(patches: Patches) -> None:
    """The others do not hear of who leaves."""

    def broadcast(room: Room, who: Occupant, notice: Notice = UPDATE, **options: Any) -> None:
        if notice.gone and not notice.nick:
            for jid in list(who.presences):
                reflection.show(room, who, jid, who, notice)
        else:
            before(room, who, notice, **options)

    before = patches.set(entry, "broadcast", broadcast)


@defect("muc-room-stays", breaks=["muc-empty-room-gone"])
def _(patches: Patches) -> None:
    """A room that everybody has left is still there."""
    patches.set(service.Rooms, "_tidy", lambda _rooms, _room: None)


@defect("muc-ghosts", breaks=["muc-ghost"], tolerated=True)
def _(patches: Patches) -> None:
    """Who answers that nobody is there stays in the room."""
    patches.set(service.Rooms, "_bounced", lambda *_: None)


@defect("muc-said-by-anybody", breaks=["muc-presence-forged"])
def _(patches: Patches) -> None:
    """What an occupant claims of roles and codes is passed on."""

    def copied(presence: Element, stanza: Element) -> None:
        before(presence, stanza)
        stanza.extend(presence.findall(reflection.USER))

    before = patches.set(reflection, "_copy_content", copied)
