"""Stanzas between a client and a room (XEP-0045)."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import Template

_OWNER = f"{ns.MUC}#owner"
_FORMS = "jabber:x:data"

GROUPCHAT = Template(
    "<message to='{room}' type='groupchat' id='{id}'><body>{body}</body></message>"
)


def entering(occupant: str) -> Element:
    """Presence that enters a room as room@service/nick, without its history (section 7.2)."""
    presence = Element(ns.PRESENCE, {"to": occupant})
    SubElement(SubElement(presence, f"{{{ns.MUC}}}x"), f"{{{ns.MUC}}}history", {"maxstanzas": "0"})
    return presence


def leaving(occupant: str) -> Element:
    """Presence that leaves it (section 7.14)."""
    return Element(ns.PRESENCE, {"to": occupant, "type": "unavailable"})


def as_it_is() -> Element:
    """The payload that opens a new room with the service's own settings (section 10.1.2)."""
    query = Element(f"{{{_OWNER}}}query")
    SubElement(query, f"{{{_FORMS}}}x", {"type": "submit"})
    return query
