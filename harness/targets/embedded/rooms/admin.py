"""Roles and affiliations: who may change them, and who hears of it (XEP-0045 sections 8 and 9)."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import iq, jids
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.rooms.reflection import Notice, broadcast, show
from harness.targets.embedded.rooms.room import RANKS, ROLES, Occupant, Room
from harness.xmpp import namespaces as ns

NAMESPACE = f"{ns.MUC}#admin"
_ITEM = f"{{{NAMESPACE}}}item"
_REASON = f"{{{NAMESPACE}}}reason"
_Rest = Callable[[], None]  # what is done when the asker has the result


def handle(request: iq.Request, room: Room) -> None:
    """A list, or changes: all of them or none. Raises StanzaFault."""
    items = request.payload.findall(_ITEM)
    if not items:
        raise StanzaFault("bad-request")
    if not request.is_set:
        request.reply(_listed(request, room, items[0]))
        return
    changes = [_change(request, room, item) for item in items]
    rest = [change() for change in changes]
    request.reply()
    for told in rest:
        told()


def _change(request: iq.Request, room: Room, item: Element) -> Callable[[], _Rest]:
    """What is to be done for an item that is allowed."""
    role, affiliation = item.get("role"), item.get("affiliation")
    if (role is None) == (affiliation is None):
        raise StanzaFault("bad-request")
    reason = item.findtext(_REASON) or ""
    if role is not None:
        target = _role_target(request, room, item, role)
        return lambda: _set_role(room, target, role, reason, _actor(request, room))
    account = _account(item)
    assert affiliation is not None
    _check_affiliation(request, room, account, affiliation)
    return lambda: _set_affiliation(room, account, affiliation, reason, _actor(request, room))


def _actor(request: iq.Request, room: Room) -> str:
    occupant = room.occupant(request.session.jid)
    return occupant.nick if occupant is not None else ""


# Roles


def _role_target(request: iq.Request, room: Room, item: Element, role: str) -> Occupant:
    if role not in ROLES:
        raise StanzaFault("bad-request")
    actor = room.occupant(request.session.jid)
    if actor is None or actor.role != "moderator":
        raise StanzaFault("forbidden")
    target = room.occupants.get(item.get("nick", ""))
    if target is None:
        raise StanzaFault("item-not-found")
    mine, theirs = (RANKS[room.affiliation(one.account)] for one in (actor, target))
    if role == "none" and theirs > mine:
        raise StanzaFault("not-allowed")  # section 8.2
    if role in ("visitor", "participant") and theirs >= RANKS["admin"]:
        raise StanzaFault("not-allowed")  # sections 8.4 and 9.7
    if role == "visitor" and theirs >= mine:
        raise StanzaFault("not-allowed")  # section 8.4
    if "moderator" in (role, target.role) and role != "none" and mine < RANKS["admin"]:
        raise StanzaFault("forbidden")
    return target


def _set_role(room: Room, target: Occupant, role: str, reason: str, actor: str) -> _Rest:
    if role == "none":
        return expel(room, target, Notice(("307",), reason=reason, actor=actor))
    target.role = role
    return lambda: broadcast(room, target, Notice(reason=reason, actor=actor))


def expel(room: Room, target: Occupant, notice: Notice) -> _Rest:
    """Remove an occupant, who hears of it at once; what comes back tells the others."""
    gone = Notice(notice.codes, gone=True, reason=notice.reason, actor=notice.actor, role="none")
    sessions = tuple(target.presences)
    for jid in sessions:
        show(room, target, jid, target, gone)
    presences = dict(target.presences)
    for jid in sessions:
        room.discard(target, jid)

    def tell() -> None:
        target.presences = presences  # their real JID is still said to those who may know it
        broadcast(room, target, gone, without=sessions)
        target.presences = {}

    return tell


# Affiliations


def _account(item: Element) -> str:
    try:
        return jids.parse(item.get("jid", "")).bare
    except ValueError:
        raise StanzaFault("jid-malformed" if item.get("jid") else "bad-request") from None


def _check_affiliation(request: iq.Request, room: Room, account: str, affiliation: str) -> None:
    if affiliation not in RANKS:
        raise StanzaFault("bad-request")
    own = request.session.owner.jid
    mine, theirs = RANKS[room.affiliation(own)], RANKS[room.affiliation(account)]
    admin, owner = RANKS["admin"], RANKS["owner"]
    if mine < admin or (mine < owner and RANKS[affiliation] >= admin):
        raise StanzaFault("forbidden")
    if affiliation == "outcast" and account == own:
        raise StanzaFault("conflict")  # section 9.1
    if theirs > mine or (mine < owner and theirs >= admin and account != own):
        raise StanzaFault("not-allowed")
    owners = [jid for jid, held in room.affiliations.items() if held == "owner"]
    if owners == [account] and affiliation != "owner":
        raise StanzaFault("conflict")  # section 10.2


def _set_affiliation(room: Room, account: str, affiliation: str, reason: str, actor: str) -> _Rest:
    before = room.affiliation(account)
    if affiliation == "none":
        room.affiliations.pop(account, None)
    else:
        room.affiliations[account] = affiliation
    present = [one for one in room.occupants.values() if one.account == account]
    code = ""
    if affiliation == "outcast":
        code = "301"
    elif room.settings.members_only and RANKS[affiliation] < RANKS["member"]:
        code = "321"
    rests = [_affected(room, one, code, before, reason, actor) for one in present]

    def tell() -> None:
        for rest in rests:
            rest()

    return tell


def _affected(
    room: Room, occupant: Occupant, code: str, before: str, reason: str, actor: str
) -> _Rest:
    """One who is in the room: has to go, with a code, or has another role."""
    if code:
        return expel(room, occupant, Notice((code,), reason=reason, actor=actor))
    occupant.role = _role_after(room, occupant, before)
    return lambda: broadcast(room, occupant, Notice(reason=reason))


def _role_after(room: Room, occupant: Occupant, before: str) -> str:
    """An affiliation that comes or goes brings its role (section 5.1.3)."""
    if before == room.affiliation(occupant.account):
        return occupant.role
    return room.role_by_default(occupant.account)


# Lists


def _listed(request: iq.Request, room: Room, item: Element) -> Element:
    role, affiliation = item.get("role"), item.get("affiliation")
    asker = room.occupant(request.session.jid)
    rank = RANKS[room.affiliation(request.session.owner.jid)]
    answer = Element(f"{{{NAMESPACE}}}query")
    if role in ROLES and affiliation is None:
        if asker is None or asker.role != "moderator":
            raise StanzaFault("forbidden")
        for one in room.occupants.values():
            if one.role == role:
                _described(room, answer, one)
    elif affiliation in RANKS and role is None:
        if rank < RANKS["admin"]:
            raise StanzaFault("forbidden")
        for jid, held in room.affiliations.items():
            if held == affiliation:
                SubElement(answer, _ITEM, {"affiliation": held, "jid": jid})
    else:
        raise StanzaFault("bad-request")
    return answer


def _described(room: Room, answer: Element, occupant: Occupant) -> None:
    SubElement(
        answer,
        _ITEM,
        {
            "affiliation": room.affiliation(occupant.account),
            "jid": next(reversed(occupant.presences)),
            "nick": occupant.nick,
            "role": occupant.role,
        },
    )
