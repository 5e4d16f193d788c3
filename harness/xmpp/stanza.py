"""Outgoing XML: escaping, byte templates for hot paths, and ElementTree elements to bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement

from harness.errors import HarnessError, StanzaError
from harness.xmpp import namespaces as ns

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;", '"': "&quot;"}
# An XML parser makes blanks and line feeds of these.
_ENTITIES |= {"\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_SPECIAL = re.compile("[&<>'\"\t\n\r]")
# Outside the Char production of XML 1.0 section 2.2: no escape makes these legal.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PREFIXES = {ns.XML: "xml", ns.STREAM: "stream"}


def escape(value: str) -> bytes:
    """UTF-8, safe in an attribute of either quote and in text.

    Raises HarnessError for a character that XML can not carry.
    """
    if illegal := _ILLEGAL.search(value):
        raise HarnessError(f"U+{ord(illegal[0]):04X} can not be sent: XML has no such character")
    return _SPECIAL.sub(lambda match: _ENTITIES[match[0]], value).encode()


class Template:
    """A stanza with holes, compiled once. Holes are named in braces: `to='{to}'`.

    Calling it with one str per hole, in the order of the holes, gives bytes; bytes are taken as
    already escaped. The template's own text is ours and is not escaped.
    """

    __slots__ = ("_format", "holes")

    def __init__(self, text: str) -> None:
        parts = re.split(r"\{(\w+)\}", text)
        self.holes = tuple(parts[1::2])
        self._format = b"%b".join(part.replace("%", "%%").encode() for part in parts[::2])

    def __call__(self, *values: str | bytes) -> bytes:
        return self._format % tuple([v if type(v) is bytes else escape(str(v)) for v in values])


CHAT = Template("<message to='{to}' type='chat' id='{id}'><body>{body}</body></message>")


def serialise(element: Element, default: str = ns.CLIENT) -> bytes:
    """The element as bytes for a stream whose default namespace is `default`.

    Namespaces are declared as defaults where they change, as XMPP software does
    (RFC 6120 section 4.8.5); only xml: and stream: appear as prefixes.
    """
    return b"".join(_serialise(element, default))


def _serialise(element: Element, default: str) -> Iterator[bytes]:
    uri, local = _split(element.tag)
    prefix = _PREFIXES.get(uri, "")
    name = f"{prefix}:{local}".encode() if prefix else local.encode()
    yield b"<" + name
    inner = default
    if not prefix and uri != default:
        inner = uri
        yield b" xmlns='" + escape(uri) + b"'"
    extra: dict[str, str] = {}
    for key, value in element.items():
        uri, local = _split(key)
        if uri:
            prefix = _PREFIXES.get(uri) or extra.setdefault(uri, f"a{len(extra)}")
            local = f"{prefix}:{local}"
        yield b" " + local.encode() + b"='" + escape(value) + b"'"
    for uri, prefix in extra.items():
        yield f" xmlns:{prefix}='".encode() + escape(uri) + b"'"
    if not len(element) and not element.text:
        yield b"/>"
        return
    yield b">"
    if element.text:
        yield escape(element.text)
    for child in element:
        yield from _serialise(child, inner)
        if child.tail:
            yield escape(child.tail)
    yield b"</" + name + b">"


def _split(tag: str) -> tuple[str, str]:
    if tag.startswith("{"):
        uri, _, local = tag[1:].partition("}")
        return uri, local
    return "", tag


def iq(type: str, id: str, to: str | None = None, payload: Element | None = None) -> Element:  # noqa: A002 - the stanza's own words
    """An <iq/> (RFC 6120 section 8.2.3)."""
    element = Element(ns.IQ, {"type": type, "id": id})
    if to is not None:
        element.set("to", to)
    if payload is not None:
        element.append(payload)
    return element


def reply(request: Element, type: str = "result", payload: Element | None = None) -> Element:  # noqa: A002
    """The answer to an iq request: its id, addressed to its sender (RFC 6120 section 8.2.3)."""
    return iq(type, request.get("id", ""), request.get("from"), payload)


def error_reply(request: Element, error_type: str, condition: str) -> Element:
    """The stanza error of this type and condition that answers `request` (section 8.3)."""
    element = Element(request.tag, {"type": "error"})
    if (name := request.get("id")) is not None:
        element.set("id", name)
    if (sender := request.get("from")) is not None:
        element.set("to", sender)
    error = SubElement(element, ns.ERROR, {"type": error_type})
    SubElement(error, f"{{{ns.STANZAS}}}{condition}")
    return element


def stanza_error(stanza: Element) -> StanzaError:
    """The typed error of a stanza of type "error" (RFC 6120 section 8.3.2)."""
    error = stanza.find(ns.ERROR)
    condition, text = condition_of(error, ns.STANZAS)
    return StanzaError(condition, text)


def condition_of(error: Element | None, namespace: str) -> tuple[str, str]:
    """The defined condition and the text of an error element; "undefined-condition" if none."""
    condition, text = "undefined-condition", ""
    prefix = f"{{{namespace}}}"
    for child in error if error is not None else ():
        if child.tag == f"{prefix}text":
            text = child.text or ""
        elif child.tag.startswith(prefix):
            condition = child.tag[len(prefix) :]
    return condition, text
