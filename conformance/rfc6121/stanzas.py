"""Stanzas of every kind and type as the cases of section 8 send them, and see them arrive."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from conformance.rfc6120.common import QUERY, written
from conformance.rfc6121.recipient import Wanted
from conformance.wire.stream import RawStream
from harness.xmpp import jid as jids
from harness.xmpp import namespaces as ns

SUBSCRIPTIONS = ("subscribe", "subscribed", "unsubscribe", "unsubscribed")
_ERROR = f"<error type='cancel'><gone xmlns='{ns.STANZAS}'/></error>"
_UNTYPED = {"message": "normal", "presence": "available"}


def made(kind: str, type_: str, to: str, identifier: str) -> str:
    """A stanza with what its type demands; presence "available" has no type."""
    inner = "<body>x</body>" if kind == "message" else ""
    if type_ in ("get", "set"):
        inner = QUERY
    if type_ == "error":
        inner = _ERROR
    sent = None if type_ == "available" else type_
    return written(kind, to, inner, id=identifier, type=sent)


def copies_of(kind: str, type_: str, sender: RawStream, identifier: str) -> Wanted:
    """Whether an element is this stanza as it is delivered. A subscription may lose its id."""

    def is_copy(element: Element) -> bool:
        return (
            element.tag == f"{{{ns.CLIENT}}}{kind}"
            and element.get("type", _UNTYPED.get(kind)) == type_
            and jids.bare(element.get("from", "")) == jids.bare(sender.jid)
            and (type_ in SUBSCRIPTIONS or element.get("id") == identifier)
        )

    return is_copy


def is_reaction(element: Element, kind: str, type_: str = "") -> bool:
    """Whether it may be for the sender of such a stanza: not a roster push, nor the word that a
    subscription request has arrived (RFC 6121 section 3.1.3)."""
    if element.tag != f"{{{ns.CLIENT}}}{kind}":
        return False
    if kind == "iq":
        return element.get("type") in ("result", "error")
    return not (type_ == "subscribe" and element.get("type") == "unavailable")
