"""Defects of rooms (XEP-0045): what moderators, admins and owners do."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.defects.rooms import other_condition, tolerant
from harness.targets.embedded.rooms import admin, owner
from harness.targets.embedded.rooms.reflection import Notice
from harness.targets.embedded.rooms.room import Occupant, Room

# Moderators


@defect("muc-kick-told-first", breaks=["muc-kick-order"])
def _(patches: Patches) -> None:
    """The others hear of a kick before the moderator has the result."""

    def expel(room: Room, target: Occupant, notice: Notice) -> Any:
        before(room, target, notice)()
        return lambda: None

    before = patches.set(admin, "expel", expel)


@defect("muc-kick-without-code", breaks=["muc-kick", "muc-ban", "muc-member-revoked"])
def _(patches: Patches) -> None:
    """Nobody is told why somebody had to go."""

    def expel(room: Room, target: Occupant, notice: Notice) -> Any:
        return before(room, target, Notice(reason=notice.reason, actor=notice.actor))

    before = patches.set(admin, "expel", expel)


@defect("muc-kick-higher-misnamed", breaks=["muc-kick-higher"])
def _(patches: Patches) -> None:
    """Who kicks somebody above them is told that it is forbidden."""
    other_condition(patches, admin, "_role_target", "not-allowed", "forbidden")


@defect("muc-kick-misnamed", breaks=["muc-moderators-only"])
def _(patches: Patches) -> None:
    """Who is no moderator and kicks is told that it is not allowed."""
    other_condition(patches, admin, "_role_target", "forbidden", "not-allowed")


@defect("muc-both-at-once", breaks=["muc-admin-role-and-affiliation"])
def _(patches: Patches) -> None:
    """Of role and affiliation in one item the affiliation is carried out."""

    def change(request: Any, room: Room, item: Element) -> Any:
        if item.get("affiliation") is not None:
            item.attrib.pop("role", None)
        return before(request, room, item)

    before = patches.set(admin, "_change", change)


# Admins


@defect("muc-anybody-bans", breaks=["muc-admins-only"])
def _(patches: Patches) -> None:
    """Everybody changes affiliations."""
    tolerant(patches, admin, "_check_affiliation", "forbidden")


@defect("muc-owners-banned", breaks=["muc-ban-owner"])
def _(patches: Patches) -> None:
    """Admins ban owners."""
    tolerant(patches, admin, "_check_affiliation", "not-allowed")


@defect("muc-ban-of-oneself", breaks=["muc-ban-oneself", "muc-last-owner"])
def _(patches: Patches) -> None:
    """Admins ban themselves, and the last owner of a room goes."""
    tolerant(patches, admin, "_check_affiliation", "conflict")


@defect("muc-banned-stay", breaks=["muc-ban"])
def _(patches: Patches) -> None:
    """Who is banned stays until the next time."""

    def affected(room: Room, who: Occupant, code: str, *rest: str) -> Any:
        return before(room, who, "" if code == "301" else code, *rest)

    before = patches.set(admin, "_affected", affected)


@defect("muc-first-ban-alone", breaks=["muc-ban-several"])
def _(patches: Patches) -> None:
    """Of several changes the first one alone is carried out."""

    def handle(request: Any, room: Room) -> None:
        for item in request.payload[1:]:
            request.payload.remove(item)
        before(request, room)

    before = patches.set(admin, "handle", handle)


@defect("muc-ban-list-empty", breaks=["muc-ban-list"])
def _(patches: Patches) -> None:
    """The list of who is banned is empty."""

    def listed(answer: Element) -> Element:
        for item in answer.findall(f"{{{admin.NAMESPACE}}}item"):
            if item.get("affiliation") == "outcast":
                answer.remove(item)
        return answer

    patches.after(admin, "_listed", listed)


# Owners


@defect("muc-cancel-ignored", breaks=["muc-create-cancelled"])
def _(patches: Patches) -> None:
    """A room whose first settings are cancelled stays."""
    patches.set(owner, "_is_cancelled", lambda _payload: False)


@defect("muc-form-misnamed", breaks=["muc-config-owners-only", "muc-destroy-owners-only"])
def _(patches: Patches) -> None:
    """What owners alone may do is not allowed to others, instead of forbidden."""
    other_condition(patches, owner, "handle", "forbidden", "not-allowed")


@defect("muc-nobody-taken-out", breaks=["muc-config-members-only"])
def _(patches: Patches) -> None:
    """When a room becomes one for members alone, the others stay."""
    patches.set(owner, "_only_members", lambda _room: None)


@defect("muc-settings-untold", breaks=["muc-config-privacy-notice", "muc-config-notice"])
def _(patches: Patches) -> None:
    """Nobody hears that the settings have changed."""
    patches.set(owner, "_notify", lambda _room, _before: None)


@defect("muc-end-untold", breaks=["muc-destroy"])
def _(patches: Patches) -> None:
    """Nobody hears that the room is no more."""
    patches.set(owner, "show", lambda *_: None)
