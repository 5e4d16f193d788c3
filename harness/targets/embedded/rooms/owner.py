"""What owners do: the settings of a room, and its end (XEP-0045 section 10)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import fields
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import forms, iq
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.rooms.admin import expel
from harness.targets.embedded.rooms.reflection import Notice, show
from harness.targets.embedded.rooms.room import RANKS, Room, Settings
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import serialise

NAMESPACE = f"{ns.MUC}#owner"
_QUERY = f"{{{NAMESPACE}}}query"
_DESTROY = f"{{{NAMESPACE}}}destroy"
_KIND = f"{ns.MUC}#roomconfig"
_FIELDS = {  # field of the form -> attribute of the settings
    "roomname": "name",
    "persistentroom": "persistent",
    "publicroom": "public",
    "moderatedroom": "moderated",
    "membersonly": "members_only",
    "passwordprotectedroom": "protected",
    "roomsecret": "secret",
    "changesubject": "subject_for_all",
}
_TYPES = {field.name: field.type for field in fields(Settings)}
_PREFIX = "muc#roomconfig_"
_WHOIS, _MOST = f"{_PREFIX}whois", f"{_PREFIX}maxusers"


def handle(request: iq.Request, room: Room, destroy: Callable[[Room], None]) -> None:
    """The form, its submission, or the end of the room. Raises StanzaFault."""
    if room.affiliation(request.session.owner.jid) != "owner":
        raise StanzaFault("forbidden")
    if not request.is_set:
        answer = Element(_QUERY)
        answer.append(_form(room))
        request.reply(answer)
        return
    end = request.payload.find(_DESTROY)
    if end is not None or (_is_cancelled(request.payload) and room.locked):
        request.reply()
        _dissolve(room, end)
        destroy(room)
        return
    if request.payload.find(forms.FORM) is None:
        raise StanzaFault("bad-request")
    if not _is_cancelled(request.payload):
        _configure(request, room)
    request.reply()


def _is_cancelled(payload: Element) -> bool:
    form = payload.find(forms.FORM)
    return form is not None and form.get("type") == "cancel"


def _form(room: Room) -> Element:
    settings, form = room.settings, forms.form(_KIND)
    for name, attribute in _FIELDS.items():
        value = getattr(settings, attribute)
        kind = "boolean" if isinstance(value, bool) else "text-single"
        if name == "roomsecret":
            kind = "text-private"
        forms.field(form, f"{_PREFIX}{name}", kind, [_written(value)])
    forms.field(form, _MOST, "text-single", [str(settings.most)])
    forms.field(form, _WHOIS, "list-single", ["moderators" if settings.anonymous else "anyone"])
    return form


def _written(value: bool | str) -> str:
    return str(int(value)) if isinstance(value, bool) else value


def _configure(request: iq.Request, room: Room) -> None:
    values = forms.submitted(request.payload, _KIND)
    before, settings = room.settings, copy.copy(room.settings)
    for name, attribute in _FIELDS.items():
        if f"{_PREFIX}{name}" in values:
            text = forms.single(values, f"{_PREFIX}{name}")
            truth = isinstance(getattr(settings, attribute), bool)
            setattr(settings, attribute, _truth(text) if truth else text)
    if _WHOIS in values:
        whois = forms.single(values, _WHOIS)
        if whois not in ("anyone", "moderators"):
            raise StanzaFault("not-acceptable")
        settings.anonymous = whois == "moderators"
    if _MOST in values:
        most = forms.single(values, _MOST)
        if not (most.isascii() and most.isdigit()):
            raise StanzaFault("not-acceptable")
        settings.most = int(most)
    if settings.protected and not settings.secret:
        raise StanzaFault("not-acceptable")  # section 10.1.3
    room.settings = settings
    opened, room.locked = room.locked, False
    if opened or settings == before:
        return
    _notify(room, before)
    if settings.members_only and not before.members_only:
        _only_members(room)


def _truth(text: str) -> bool:
    if text not in ("0", "1", "true", "false"):
        raise StanzaFault("not-acceptable")
    return text in ("1", "true")


def _notify(room: Room, before: Settings) -> None:
    """Which kind of change there was (section 10.2.1)."""
    code = "104"
    if room.settings.anonymous != before.anonymous:
        code = "173" if room.settings.anonymous else "172"
    message = Element(ns.MESSAGE, {"from": room.jid, "type": "groupchat"})
    extension = SubElement(message, f"{{{ns.MUC_USER}}}x")
    SubElement(extension, f"{{{ns.MUC_USER}}}status", {"code": code})
    for _, jid in room.sessions():
        room.send(jid, serialise(message))


def _only_members(room: Room) -> None:
    for occupant in list(room.occupants.values()):
        if RANKS[room.affiliation(occupant.account)] < RANKS["member"]:
            expel(room, occupant, Notice(("322",)))()


def _dissolve(room: Room, end: Element | None) -> None:
    """Each occupant hears that the room is no more, of themselves alone (section 10.9)."""
    told = Element(f"{{{ns.MUC_USER}}}destroy")
    if end is not None:
        if end.get("jid"):
            told.set("jid", end.get("jid", ""))
        for name in ("password", "reason"):
            if text := end.findtext(f"{{{NAMESPACE}}}{name}"):
                SubElement(told, f"{{{ns.MUC_USER}}}{name}").text = text
    for occupant, jid in room.sessions():
        show(room, occupant, jid, occupant, Notice(gone=True, inner=told, role="none"))
        room.discard(occupant, jid)
