"""Requests to an archive (XEP-0313 sections 4 and 5) and its preferences (XEP-0441)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import archive_filter, iq, jids, result_sets
from harness.targets.embedded.archive import STANZA_IDS, Archive, Entry, Preferences
from harness.targets.embedded.disco import Said
from harness.targets.embedded.extension import Extension
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.messages import DELAY
from harness.targets.embedded.wrapping import wrapped
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import serialise

_HERE = f"{{{ns.ARCHIVE}}}"
_QUERY, _METADATA, _PREFS = f"{_HERE}query", f"{_HERE}metadata", f"{_HERE}prefs"
_MOST = 100  # results of one query


def _own(handle: Callable[[iq.Request, Archive], None]) -> iq.Handler:
    """Only the owner may ask (section 8.1); who else asks does not learn who has an archive."""

    def handler(request: iq.Request) -> None:
        if not request.domain.archives:
            raise StanzaFault("service-unavailable")
        if not request.own:
            raise StanzaFault("forbidden")
        account = request.session.owner
        account.archive = account.archive or Archive(request.domain.config.archive_messages)
        handle(request, account.archive)

    return handler


@_own
def _query(request: iq.Request, archive: Archive) -> None:
    if not request.is_set:
        answer = Element(_QUERY)
        answer.append(archive_filter.form())
        request.reply(answer)
        return
    wish = result_sets.wish_in(request.payload)
    entries = archive_filter.chosen(archive, request.session.owner.jid, request.payload)
    page = result_sets.page(entries, lambda entry: entry.number, archive.number, wish, _MOST)
    flipped = request.payload.find(f"{_HERE}flip-page") is not None
    for entry in reversed(page.items) if flipped else page.items:
        request.session.send(serialise(_result(request, entry)))
    fin = Element(f"{_HERE}fin", {"complete": "true"} if page.complete else {})
    fin.append(result_sets.described(page, lambda entry: entry.uid))
    request.reply(fin)


def _result(request: iq.Request, entry: Entry) -> Element:
    result = wrapped(f"{_HERE}result", entry.message)
    result.set("id", entry.uid)
    if (name := request.payload.get("queryid")) is not None:
        result.set("queryid", name)
    result[0].insert(0, Element(f"{{{DELAY}}}delay", {"stamp": stamp(entry.when)}))
    session = request.session
    message = Element(ns.MESSAGE, {"from": session.owner.jid, "to": session.jid})
    message.append(result)
    return message


def stamp(when: datetime) -> str:
    """The time in the form of XEP-0082, to the millisecond."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@_own
def _metadata(request: iq.Request, archive: Archive) -> None:
    if request.is_set:
        raise StanzaFault("bad-request")
    answer, entries = Element(_METADATA), list(archive)
    for name, entry in zip(("start", "end"), entries[:1] + entries[-1:], strict=False):
        told = {"id": entry.uid, "timestamp": stamp(entry.when)}
        SubElement(answer, f"{_HERE}{name}", told)
    request.reply(answer)


@_own
def _preferences(request: iq.Request, archive: Archive) -> None:
    if request.is_set:
        default = request.payload.get("default")
        if default not in ("always", "never", "roster"):
            raise StanzaFault("bad-request")
        always, never = _listed(request.payload, "always"), _listed(request.payload, "never")
        archive.preferences = Preferences(default, always, never)
    known = archive.preferences
    answer = Element(_PREFS, {"default": known.default})
    for name, listed in (("always", known.always), ("never", known.never)):
        part = SubElement(answer, f"{_HERE}{name}")
        for jid in listed:
            SubElement(part, f"{_HERE}jid").text = jid
    request.reply(answer)


def _listed(prefs: Element, name: str) -> list[str]:
    found: Sequence[Element] = prefs.findall(f"{_HERE}{name}/{_HERE}jid")
    try:
        return [jids.parse((element.text or "").strip()).full for element in found]
    except ValueError:
        raise StanzaFault("jid-malformed") from None


HANDLERS = {_QUERY: _query, _METADATA: _metadata, _PREFS: _preferences}
EXTENSION = Extension(
    for_account=HANDLERS,
    for_nobody=HANDLERS,
    of_account=Said(
        optional=[
            (feature, lambda config: config.archive)
            for feature in (ns.ARCHIVE, f"{ns.ARCHIVE}#extended", STANZA_IDS)
        ]
    ),
)
