"""Which messages of an archive a query means (XEP-0313 section 4.1)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import forms, jids
from harness.targets.embedded.archive import Archive, Entry
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.jids import Jid
from harness.xmpp import namespaces as ns

_FIELDS = {
    "with": "jid-single",
    "start": "text-single",
    "end": "text-single",
    "before-id": "text-single",
    "after-id": "text-single",
    "ids": "list-multi",
}
_VALIDATE = "{http://jabber.org/protocol/xdata-validate}"


def form() -> Element:
    """The form to be filled in (section 4.1.5)."""
    asked = forms.form(ns.ARCHIVE)
    for name, kind in _FIELDS.items():
        field = forms.field(asked, name, kind)
        if kind == "list-multi":  # any value will do
            validate = SubElement(field, f"{_VALIDATE}validate", {"datatype": "xs:string"})
            SubElement(validate, f"{_VALIDATE}open")
    return asked


def chosen(archive: Archive, owner: str, query: Element) -> list[Entry]:
    """The messages that the query's form means, all without a form. Raises StanzaFault."""
    given = forms.submitted(query, ns.ARCHIVE)
    if not _FIELDS.keys() >= given.keys():
        raise StanzaFault("feature-not-implemented")
    entries: Iterable[Entry] = archive
    try:
        if "ids" in given:
            numbers = {archive.number(uid) for uid in given["ids"]}
            entries = [entry for entry in entries if entry.number in numbers]
        if "after-id" in given:
            after = archive.number(forms.single(given, "after-id"))
            entries = [entry for entry in entries if entry.number > after]
        if "before-id" in given:
            before = archive.number(forms.single(given, "before-id"))
            entries = [entry for entry in entries if entry.number < before]
    except KeyError:
        raise StanzaFault("item-not-found") from None
    if "start" in given:
        start = _time(forms.single(given, "start"))
        entries = [entry for entry in entries if entry.when >= start]
    if "end" in given:
        end = _time(forms.single(given, "end"))
        entries = [entry for entry in entries if entry.when <= end]
    if "with" in given:
        other = _jid(forms.single(given, "with"))
        entries = [entry for entry in entries if _is_with(entry.message, other, owner)]
    return list(entries)


def _is_with(message: Element, other: Jid, owner: str) -> bool:
    """A bare JID means all resources, one's own only messages to oneself (section 4.1.1)."""
    ends = []
    for name in ("from", "to"):
        try:
            jid = jids.parse(message.get(name, ""))
        except ValueError:
            continue
        ends.append(jid.full if other.resource else jid.bare)
    return all(end == owner for end in ends) if other.full == owner else other.full in ends


def _jid(text: str) -> Jid:
    try:
        return jids.parse(text)
    except ValueError:
        raise StanzaFault("jid-malformed") from None


def _time(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise StanzaFault("bad-request") from None
    if when.tzinfo is None or "T" not in text:
        raise StanzaFault("bad-request")
    return when
