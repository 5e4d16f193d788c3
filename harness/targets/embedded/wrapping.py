"""Stanzas within stanzas (XEP-0297), and copies of elements."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

_FORWARDED = "{urn:xmpp:forward:0}forwarded"


def clone(element: Element) -> Element:
    """A copy with attributes of its own; `copy.copy` shares them. The children are the same."""
    copied = Element(element.tag, dict(element.attrib))
    copied.text, copied.tail = element.text, element.tail
    copied.extend(element)
    return copied


def wrapped(name: str, stanza: Element) -> Element:
    """An element of this name that holds the forwarded stanza."""
    outer = Element(name)
    SubElement(outer, _FORWARDED).append(stanza)
    return outer
