"""Defects of addresses: limits, preparation, enforcement (RFC 7622)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache
from xml.etree.ElementTree import Element

from harness.targets.embedded import bind, jids, roster, router
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.session import Session
from harness.targets.embedded.store import Account

_CACHED = ("parse", "prepare_local", "prepare_resource", "prepare_domain")
_Prepare = Callable[[str], str]


def _afresh(patches: Patches) -> None:
    """Nothing is remembered of the time before, nor kept for the time after."""
    for name in _CACHED:
        function = getattr(jids, name)
        patches.set(jids, name, lru_cache(getattr(function, "__wrapped__", function)))


def _prepared(patches: Patches, name: str, change: Callable[[_Prepare], _Prepare]) -> None:
    """A part of an address is prepared otherwise."""
    _afresh(patches)
    patches.set(jids, name, change(getattr(jids, name)))


def _words(prepare: _Prepare, change: Callable[[str], str]) -> _Prepare:
    """The same, but with text changed before it is prepared."""
    return lambda text: prepare(change(text))


# Lengths


def _limited(patches: Patches, most: int) -> None:
    _afresh(patches)
    patches.set(jids, "_MAX_BYTES", most)


@defect("part-of-1024-bytes", breaks=["jid-part-bytes", "address-localpart-length"])
def _(patches: Patches) -> None:
    """A part of an address may have 1024 bytes."""
    _limited(patches, 1024)


@defect("part-of-1022-bytes", breaks=["jid-part-bytes", "address-resource-length"])
def _(patches: Patches) -> None:
    """A part of an address may not have more than 1022 bytes."""
    _limited(patches, 1022)


@defect("length-in-characters", breaks=["jid-part-bytes"])
def _(patches: Patches) -> None:
    """The length of a part is counted in characters."""
    _afresh(patches)

    def sized(text: str) -> str:
        if not 1 <= len(text) <= 1023:
            raise ValueError("a part of the address is empty or too long")
        return text

    patches.set(jids, "_sized", sized)


@defect("length-before-mapping", breaks=["jid-part-length-after-mapping"])
def _(patches: Patches) -> None:
    """The limit applies to what the client wrote."""
    for name in ("prepare_local", "prepare_resource"):
        _prepared(patches, name, lambda prepare: _words(prepare, jids._sized))


@defect("empty-resource-accepted", breaks=["address-resource-length"])
def _(patches: Patches) -> None:
    """An address that ends in a slash is the one before it."""
    _parsed(patches, lambda text: text.removesuffix("/"))


def _parsed(patches: Patches, change: Callable[[str], str]) -> None:
    _afresh(patches)
    before = jids.parse

    def parse(text: str) -> Jid:
        return before(change(text))

    patches.set(jids, "parse", lru_cache(parse))


# Domainparts


@defect("final-dot-kept", breaks=["jid-domain-final-dot"])
def _(patches: Patches) -> None:
    """A final dot makes another domain."""

    def change(prepare: _Prepare) -> _Prepare:
        return lambda text: prepare(text) + ("." if text.endswith(".") else "")

    _prepared(patches, "prepare_domain", change)


@defect("domain-case-kept", breaks=["jid-domain-mapped", "jid-domain-comparison"])
def _(patches: Patches) -> None:
    """Upper case makes another domain."""

    def change(prepare: _Prepare) -> _Prepare:
        return lambda text: text if text != text.lower() and prepare(text) else prepare(text)

    _prepared(patches, "prepare_domain", change)


@defect("a-labels-kept", breaks=["jid-domain-a-labels"], tolerated=True)
def _(patches: Patches) -> None:
    """A-labels stay what they are."""

    def change(prepare: _Prepare) -> _Prepare:
        return lambda text: text if text.startswith("xn--") and prepare(text) else prepare(text)

    _prepared(patches, "prepare_domain", change)


@defect("last-at-sign-divides", breaks=["jid-domain-extracted", "jid-resource-opaque"])
def _(patches: Patches) -> None:
    """The domain begins behind the last at sign of all."""
    _afresh(patches)
    before = jids.parse

    def parse(text: str) -> Jid:
        if "@" in text.partition("/")[2]:
            text = text.rpartition("@")[2]
        return before(text)

    patches.set(jids, "parse", lru_cache(parse))


@defect("ip-address-refused", breaks=["jid-domain-forms"])
def _(patches: Patches) -> None:
    """An IPv6 address is no domainpart."""
    _prepared(patches, "prepare_domain", lambda prepare: _words(prepare, lambda t: t.strip("[]")))


# Localparts


@defect("localpart-case-kept", breaks=["jid-localpart-case", "jid-localpart-comparison"])
def _(patches: Patches) -> None:
    """Upper case makes another account."""

    def change(prepare: _Prepare) -> _Prepare:
        return lambda text: unicodedata.normalize("NFC", text) if prepare(text) != text else text

    _prepared(patches, "prepare_local", change)


@defect("localpart-width-kept", breaks=["jid-localpart-width", "jid-localpart-comparison"])
def _(patches: Patches) -> None:
    """Fullwidth letters make another account."""

    def change(prepare: _Prepare) -> _Prepare:
        return lambda text: text.lower() if prepare(text) and _has_wide(text) else prepare(text)

    _prepared(patches, "prepare_local", change)


def _has_wide(text: str) -> bool:
    return any("\uff00" <= char <= "\uffef" for char in text)


@defect("localpart-not-composed", breaks=["jid-localpart-normalised"])
def _(patches: Patches) -> None:
    """Decomposed letters make another account."""

    def change(prepare: _Prepare) -> _Prepare:
        return lambda text: text if prepare(text) != text and _decomposed(text) else prepare(text)

    _prepared(patches, "prepare_local", change)


def _decomposed(text: str) -> bool:
    return unicodedata.normalize("NFC", text) != text


@defect("localpart-folded", breaks=["jid-localpart-no-folding"], tolerated=True)
def _(patches: Patches) -> None:
    """Case is folded: sharp s is the same as two letters s."""
    _prepared(patches, "prepare_local", lambda prepare: _words(prepare, str.casefold))


@defect("localpart-with-spaces", breaks=["jid-localpart-disallowed", "jid-malformed-refused"])
def _(patches: Patches) -> None:
    """Spaces in a localpart are taken out rather than refused."""
    _prepared(
        patches, "prepare_local", lambda prepare: _words(prepare, lambda t: "".join(t.split()))
    )


@defect("localpart-excludes-nothing", breaks=["jid-localpart-excluded", "jid-separators-first"])
def _(patches: Patches) -> None:
    """Quotes, colons and separators can stand in a localpart."""
    _afresh(patches)
    patches.set(jids, "_NOT_IN_LOCALPART", frozenset())


# Resourceparts


@defect("resource-lower-case", breaks=["jid-resource-kept", "jid-resource-case"])
def _(patches: Patches) -> None:
    """Resources are in lower case."""
    _prepared(patches, "prepare_resource", lambda prepare: _words(prepare, str.lower))


@defect("resource-not-composed", breaks=["jid-resource-normalised", "jid-resource-comparison"])
def _(patches: Patches) -> None:
    """Decomposed letters make another resource."""

    def change(prepare: _Prepare) -> _Prepare:
        return lambda text: text if prepare(text) and _decomposed(text) else prepare(text)

    _prepared(patches, "prepare_resource", change)


@defect("resource-spaces-kept", breaks=["jid-resource-spaces", "jid-resource-comparison"])
def _(patches: Patches) -> None:
    """Spaces of other kinds make another resource."""

    def change(prepare: _Prepare) -> _Prepare:
        return lambda text: text if prepare(text).split(" ") != text.split(" ") else prepare(text)

    _prepared(patches, "prepare_resource", change)


@defect("resource-with-anything", breaks=["jid-resource-disallowed"])
def _(patches: Patches) -> None:
    """Controls and private characters can stand in a resourcepart."""
    _prepared(patches, "prepare_resource", lambda prepare: lambda text: jids._sized(text))


# Enforcement


@defect("roster-address-as-written", breaks=["jid-enforced-in-roster"])
def _(patches: Patches) -> None:
    """A roster item keeps its address as the client wrote it."""
    before = roster._contact_jid

    def contact_jid(item: Element, account: Account) -> str:
        before(item, account)
        return item.get("jid", "")

    patches.set(roster, "_contact_jid", contact_jid)


@defect("bound-resource-as-written", breaks=["jid-enforced-in-bind", "jid-resource-normalised"])
def _(patches: Patches) -> None:
    """The resource that is bound is what the client wrote."""
    before = bind._resource_for

    def resource_for(domain: Domain, session: Session, request: Element) -> str:
        prepared = before(domain, session, request)
        return request.findtext(bind._RESOURCE) or prepared

    patches.set(bind, "_resource_for", resource_for)


@defect("malformed-address-unavailable", breaks=["jid-malformed-refused"], tolerated=True)
def _(patches: Patches) -> None:
    """What is no address is refused as if nobody were there."""
    before = router._address

    def address(domain: Domain, stanza: Element) -> Jid | None:
        try:
            return before(domain, stanza)
        except StanzaFault as fault:
            if fault.condition != "jid-malformed":
                raise
            raise StanzaFault("not-acceptable") from None

    patches.set(router, "_address", address)
