"""Reading our own chat messages without an XML parser.

A message that this harness sent comes back in a shape that we know: printable ASCII, at most
the five core attributes, one <body/>. Whatever matches the pattern below is well-formed and
means what expat would say it means (a generated test holds the two against each other);
everything else, also a stanza cut in half, is left to expat.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from harness.xmpp import namespaces as ns

# Ids of measured stanzas: marker, worker, sequence number, how many of them (hexadecimal).
MARKER = "xh"

_VALUE = r"(?:'[ !#-%(-;?-~]*'|\"[ !#-%(-;?-~]*\")"
_NAME = rf"{MARKER}[0-9a-f]+-[0-9a-f]+(?:\+[0-9a-f]+)?"
_ID = rf"(?:'(?P<id1>{_NAME})'|\"(?P<id2>{_NAME})\")"
_TYPE = "(?:{0}(?:chat|normal|groupchat|headline){0})"  # an error is no delivery
_TYPES = _TYPE.format("'") + "|" + _TYPE.format('"')
# Values hold neither "=" nor ">", so the lookahead sees each attribute name, and only names.
_ONCE = r"(?![^>]* (id|from|to|type|xml:lang)=[^>]* \1=)"
_PATTERN = re.compile(
    rf"[ \n]*<message{_ONCE}(?: (?:(?:from|to|xml:lang)={_VALUE}|type=(?:{_TYPES})|id={_ID}))+>"
    r"<body>[ -%'-;=?-\\^-~]*</body></message>".encode()
)
_ATTRIBUTES = re.compile(rb" ([a-z:]+)=(?:'([^']*)'|\"([^\"]*)\")")


class ScannedMessage:
    """A measured chat message: its id at once, its element when somebody asks."""

    __slots__ = ("_raw", "id")

    def __init__(self, id: str, raw: bytes) -> None:  # noqa: A002 - the stanza's own word
        self.id = id
        self._raw = raw

    def element(self) -> Element:
        """The same element that expat would have built."""
        start, _, rest = self._raw.partition(b">")
        attributes = {
            _attribute_name(name): (single or double).decode("ascii")
            for name, single, double in _ATTRIBUTES.findall(start)
        }
        message = Element(ns.MESSAGE, attributes)
        body = SubElement(message, ns.BODY)
        body.text = rest[len("<body>") : -len("</body></message>")].decode("ascii") or None
        return message


def scan(data: bytes, events: list[Any], limit: int) -> int:
    """Append the measured messages at the start of `data`; return the offset after them."""
    position = 0
    match = _PATTERN.match
    while found := match(data, position):
        end = found.end()
        name = found["id1"] or found["id2"]
        if name is None or end - position > limit:
            break
        events.append(ScannedMessage(name.decode("ascii"), data[position:end].lstrip()))
        position = end
    return position


@cache
def _attribute_name(name: bytes) -> str:
    return ns.LANG if name == b"xml:lang" else name.decode("ascii")
