"""Defects of the archive (XEP-0313)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from xml.etree.ElementTree import Element

from harness.targets.embedded import (
    archive,
    archive_filter,
    archive_query,
    forms,
    iq,
    result_sets,
)
from harness.targets.embedded.archive import Archive, Entry
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.result_sets import Page, Wish
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import serialise

_HERE = f"{{{ns.ARCHIVE}}}"


def _wishing(patches: Patches, change: Callable[[Wish], Wish]) -> None:
    """Have another page given than is asked for."""
    patches.after(result_sets, "wish_in", change)


def _paging(patches: Patches, change: Callable[[Page[Entry]], Page[Entry]]) -> None:
    patches.after(result_sets, "page", change)


def _field_ignored(patches: Patches, name: str) -> None:
    """Have one field of the form without effect."""
    before = forms.submitted

    def submitted(parent: Element, kind: str) -> dict[str, list[str]]:
        values = before(parent, kind)
        values.pop(name, None)
        return values

    patches.set(forms, "submitted", submitted)


@defect("archive-backwards", breaks=["mam-order"])
def _(patches: Patches) -> None:
    """The newest messages come first."""
    _paging(patches, lambda page: replace(page, items=page.items[::-1]))


@defect("archive-with-ignored", breaks=["mam-filter-with"])
def _(patches: Patches) -> None:
    """The field "with" has no effect."""
    _field_ignored(patches, "with")


@defect("archive-start-ignored", breaks=["mam-filter-start"])
def _(patches: Patches) -> None:
    """The field "start" has no effect."""
    _field_ignored(patches, "start")


@defect("archive-end-exclusive", breaks=["mam-filter-end"])
def _(patches: Patches) -> None:
    """A message of exactly the time in "end" does not come."""
    patches.after(archive_filter, "_time", lambda when: when - timedelta(microseconds=1))


@defect("archive-with-full-only", breaks=["mam-filter-with"])
def _(patches: Patches) -> None:
    """The field "with" is compared with addresses as they are, resource and all."""

    def is_with(message: Element, other: Jid, owner: str) -> bool:
        return other.full in (message.get("from"), message.get("to"))

    patches.set(archive_filter, "_is_with", is_with)


@defect("archive-page-too-long", breaks=["mam-page-size", "mam-page-after"])
def _(patches: Patches) -> None:
    """A page has one result more than is asked for."""
    _wishing(patches, lambda w: replace(w, most=w.most + 1) if w.most else w)


@defect("archive-size-ignored", breaks=["mam-page-size"])
def _(patches: Patches) -> None:
    """The size that is asked for has no effect."""
    _wishing(patches, lambda wish: replace(wish, most=None))


@defect("archive-before-ignored", breaks=["mam-page-before", "mam-page-last"])
def _(patches: Patches) -> None:
    """<before/> has no effect."""
    _wishing(patches, lambda wish: replace(wish, before=None))


@defect("archive-after-included", breaks=["mam-page-after"])
def _(patches: Patches) -> None:
    """A page begins with the result that was named, not with the one behind it."""
    before = result_sets._behind

    def behind(items: list[Entry], number: Callable[[Entry], int], mark: int) -> int:
        return before(items, number, mark - 1)

    patches.set(result_sets, "_behind", behind)


@defect("archive-always-complete", breaks=["mam-complete"])
def _(patches: Patches) -> None:
    """Every page is said to be complete."""
    _paging(patches, lambda page: replace(page, complete=True))


@defect("archive-never-complete", breaks=["mam-complete"])
def _(patches: Patches) -> None:
    """No page is said to be complete."""
    _paging(patches, lambda page: replace(page, complete=False))


@defect("archive-open", breaks=["mam-private"])
def _(patches: Patches) -> None:
    """Everybody can ask every archive."""

    def query(request: iq.Request) -> None:
        if not request.own and request.account is not None and request.account.archive is not None:
            for entry in request.account.archive:
                message = archive_query._result(request, entry)
                request.session.send(serialise(message))
            request.reply(Element(f"{_HERE}fin", {"complete": "true"}))
        else:
            archive_query._query(request)

    patches.put(iq.FOR_ACCOUNT, f"{_HERE}query", query)


@defect("archive-id-again", breaks=["mam-uid"])
def _(patches: Patches) -> None:
    """Every message has the same id."""
    patches.set(archive, "secrets", SimpleNamespace(token_hex=lambda _: "id"))


@defect("archive-stanza-id-missing", breaks=["mam-stanza-id", "mam-stanza-id-carbon"])
def _(patches: Patches) -> None:
    """Messages do not say which id they have in the archive."""

    def without(parent: Element, *_: object) -> Element:
        return Element(parent.tag)

    patches.set(archive, "SubElement", without)


@defect("archive-spoof-left", breaks=["mam-stanza-id-spoofed"])
def _(patches: Patches) -> None:
    """An id that somebody made up stays in the message."""
    patches.set(archive, "_forget_ids", lambda message, by: None)


@defect("archive-kept-twice", breaks=["mam-once", "mam-order"])
def _(patches: Patches) -> None:
    """Each message is kept twice."""
    before = Archive.add

    def add(kept: Archive, *rest: object) -> str:
        before(kept, *rest)  # type: ignore[arg-type]
        return before(kept, *rest)  # type: ignore[arg-type]

    patches.set(Archive, "add", add)


@defect("archive-chat-only", breaks=["mam-stored"], tolerated=True)
def _(patches: Patches) -> None:
    """Only messages of type chat are kept."""
    before = archive._is_kept
    patches.set(archive, "_is_kept", lambda m: before(m) and m.get("type") == "chat")


@defect("archive-missing-is-empty", breaks=["mam-page-missing", "mam-filter-id-missing"])
def _(patches: Patches) -> None:
    """An id that there is not stands before the first message."""
    before = Archive.number

    def number(kept: Archive, uid: str) -> int:
        try:
            return before(kept, uid)
        except KeyError:
            return -1

    patches.set(Archive, "number", number)


@defect("archive-fields-believed", breaks=["mam-form-unknown"])
def _(patches: Patches) -> None:
    """A field that is not known has no effect."""
    before = forms.submitted

    def submitted(parent: Element, kind: str) -> dict[str, list[str]]:
        given = before(parent, kind)
        return {name: given[name] for name in given if name in archive_filter._FIELDS}

    patches.set(forms, "submitted", submitted)


@defect("archive-not-flipped", breaks=["mam-flip"])
def _(patches: Patches) -> None:
    """<flip-page/> has no effect."""
    key = f"{_HERE}query"
    before = iq.FOR_ACCOUNT[key]

    def query(request: iq.Request) -> None:
        for element in request.payload.findall(f"{_HERE}flip-page"):
            request.payload.remove(element)
        before(request)

    patches.put(iq.FOR_ACCOUNT, key, query)


def _resulting(patches: Patches, change: Callable[[Element], None]) -> None:
    """Have each <result/> changed."""

    def changed(message: Element) -> Element:
        change(message[0])
        return message

    patches.after(archive_query, "_result", changed)


@defect("archive-queryid-missing", breaks=["mam-result-queryid"])
def _(patches: Patches) -> None:
    """Results do not say to which query they belong."""

    def change(result: Element) -> None:
        result.attrib.pop("queryid", None)

    _resulting(patches, change)


@defect("archive-undated", breaks=["mam-result-delay"], tolerated=True)
def _(patches: Patches) -> None:
    """Results do not say when the message came."""

    def change(result: Element) -> None:
        forwarded = result[0]
        forwarded.remove(forwarded[0])

    _resulting(patches, change)


@defect("archive-last-is-first", breaks=["mam-fin"])
def _(patches: Patches) -> None:
    """<fin/> has the id of the first result in <last/>."""

    def change(described: Element) -> Element:
        first = described.find(f"{{{ns.RESULT_SETS}}}first")
        last = described.find(f"{{{ns.RESULT_SETS}}}last")
        if first is not None and last is not None:
            last.text = first.text
        return described

    patches.after(result_sets, "described", change)


@defect("archive-without-metadata", breaks=["mam-metadata"])
def _(patches: Patches) -> None:
    """The metadata of an archive can not be asked for."""

    def metadata(request: iq.Request) -> None:
        raise StanzaFault("feature-not-implemented")

    patches.put(iq.FOR_ACCOUNT, f"{_HERE}metadata", metadata)
