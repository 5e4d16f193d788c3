"""Defects of uploads (XEP-0363)."""

from __future__ import annotations

import itertools
from urllib.parse import quote
from xml.etree.ElementTree import Element

from harness.targets.embedded import disco, faults, iq, upload
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.disco import Item
from harness.targets.embedded.faults import StanzaFault

_FIELD = "{jabber:x:data}field"
_VALUE = "{jabber:x:data}value"


@defect("upload-unlisted", breaks=["upload-in-items"], tolerated=True)
def _(patches: Patches) -> None:
    """The service is not among the items of the server."""

    def without(found: list[Item]) -> list[Item]:
        return [item for item in found if not item.jid.startswith(f"{upload.LABEL}.")]

    patches.after(disco, "_items", without)


@defect("upload-featureless", breaks=["upload-feature"])
def _(patches: Patches) -> None:
    """The service gives slots, which is not among its features."""

    def without(query: Element) -> Element:
        for feature in query.findall(f"{{{disco.INFO}}}feature"):
            if feature.get("var") == upload.NAMESPACE:
                query.remove(feature)
        return query

    patches.after(upload, "described", without)


# The limit


@defect("upload-limit-unsaid", breaks=["upload-limit-announced"], tolerated=True)
def _(patches: Patches) -> None:
    """The service does not say what size it takes, and refuses what is larger."""

    def without(query: Element) -> Element:
        query.remove(query[-1])
        return query

    patches.after(upload, "described", without)


def _limit(query: Element) -> Element:
    """The field of the form that has the limit."""
    return next(e for e in query.iter(_FIELD) if e.get("var") == "max-file-size")


@defect("upload-limit-misnamed", breaks=["upload-limit-form"])
def _(patches: Patches) -> None:
    """The field with the limit is called max_file_size."""

    def renamed(query: Element) -> Element:
        _limit(query).set("var", "max_file_size")
        return query

    patches.after(upload, "described", renamed)


@defect("upload-limit-with-unit", breaks=["upload-limit-form"])
def _(patches: Patches) -> None:
    """The limit is announced in megabytes, as a number and "MB"."""

    def with_unit(query: Element) -> Element:
        for value in _limit(query).iter(_VALUE):
            value.text = f"{upload.MAX_BYTES >> 20} MB"
        return query

    patches.after(upload, "described", with_unit)


@defect("upload-limit-in-bits", breaks=["upload-limit-in-bytes"])
def _(patches: Patches) -> None:
    """The limit that is announced counts bits."""
    _announce(patches, upload.MAX_BYTES * 8)


@defect("upload-limit-in-kilobytes", breaks=["upload-limit-in-bytes"])
def _(patches: Patches) -> None:
    """The limit that is announced counts kilobytes, that of a refusal bytes."""
    _announce(patches, upload.MAX_BYTES // 1024)


def _announce(patches: Patches, number: int) -> None:
    def announced(query: Element) -> Element:
        for value in _limit(query).iter(_VALUE):
            value.text = str(number)
        return query

    patches.after(upload, "described", announced)


# The slot


@defect("upload-put-alone", breaks=["upload-slot"])
def _(patches: Patches) -> None:
    """A slot has no URL to fetch the file from."""

    def alone(slot: Element) -> Element:
        slot.remove(slot[1])
        return slot

    patches.after(upload.Upload, "_slot", alone)


@defect("upload-over-http", breaks=["upload-url-https"])
def _(patches: Patches) -> None:
    """The URLs are http URLs."""
    patches.after(upload, "url_of", lambda url: url.replace("https:", "http:"))


@defect("upload-name-raw", breaks=["upload-url-syntax"])
def _(patches: Patches) -> None:
    """Characters of ASCII in the name of a file are not encoded."""
    everything = "".join(map(chr, range(0x20, 0x7F)))
    patches.set(upload, "quote", lambda name, safe: quote(name, everything))


@defect("upload-name-foreign", breaks=["upload-url-encoded"])
def _(patches: Patches) -> None:
    """Characters outside of ASCII in the name of a file are not encoded."""

    def foreign(name: str, safe: str) -> str:
        return "".join(quote(c, safe) if c.isascii() else c for c in name)

    patches.set(upload, "quote", foreign)


@defect("upload-name-lost", breaks=["upload-name-kept"], tolerated=True)
def _(patches: Patches) -> None:
    """The URLs end without the name of the file."""
    patches.after(upload, "url_of", lambda url: url.rpartition("/")[0])


@defect("upload-header-empty", breaks=["upload-header-complete"])
def _(patches: Patches) -> None:
    """A header has no value."""
    patches.set(upload, "headers", lambda: [("Authorization", "")])


@defect("upload-header-other", breaks=["upload-header-names"])
def _(patches: Patches) -> None:
    """The client has to send a header that is not one of the three."""
    patches.set(upload, "headers", lambda: [("X-Permission", "granted")])


@defect("upload-purpose-refused", breaks=["upload-purpose"])
def _(patches: Patches) -> None:
    """Who names a purpose, although it is listed, gets no slot."""
    before = upload.Upload._slot

    def slot(service: upload.Upload, request: iq.Request) -> Element:
        if len(request.payload):
            raise StanzaFault("bad-request")
        return before(service, request)

    patches.set(upload.Upload, "_slot", slot)


@defect("upload-numbered", breaks=["upload-unguessable"], tolerated=True)
def _(patches: Patches) -> None:
    """The URLs have a number in place of a random part."""
    numbers = itertools.count(1000)
    patches.set(upload, "url_of", lambda host, name: f"https://{host}/{next(numbers)}/{name}")


# Refusals


@defect("upload-anonymous-file", breaks=["upload-incomplete"], tolerated=True)
def _(patches: Patches) -> None:
    """A file without a name gets a slot."""
    patches.set(upload, "file_name", lambda request: request.get("filename") or "file")


@defect("upload-sizeless", breaks=["upload-incomplete"], tolerated=True)
def _(patches: Patches) -> None:
    """A size that is none is taken for 0, and gets a slot."""
    before = upload.file_size

    def size(request: Element) -> int:
        try:
            return before(request)
        except StanzaFault:
            return 0

    patches.set(upload, "file_size", size)


@defect("upload-refused-unsaid", breaks=["upload-too-large"], tolerated=True)
def _(patches: Patches) -> None:
    """A file that is too large is refused like a request that is not understood."""
    before = upload.Upload._slot

    def slot(service: upload.Upload, request: iq.Request) -> Element:
        try:
            return before(service, request)
        except StanzaFault as fault:
            raise StanzaFault("bad-request") from fault

    patches.set(upload.Upload, "_slot", slot)


@defect("upload-try-again", breaks=["upload-error-type"], tolerated=True)
def _(patches: Patches) -> None:
    """Who asks for what can never be is told to wait."""
    patches.put(faults._TYPES, "bad-request", "wait")
    patches.put(faults._TYPES, "not-acceptable", "wait")
