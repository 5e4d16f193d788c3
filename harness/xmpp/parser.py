"""An XML stream as events: header, one element per child of the root, end.

Incremental expat (RFC 6120 sections 4 and 11). Nothing that RFC 6120 section 11.1 restricts is
processed: a comment, processing instruction, document type or entity ends parsing with the
typed violation, as do malformed XML and input beyond the limits. The violation is the last
event of the list, so that what came before it is not lost.

While expat stands between two stanzas and holds no bytes, stanzas of our own template are read
by a bytes scan instead (module `scan`), which gives the same result for a fifth of the cost.
"""

from __future__ import annotations

import re
import sys
import xml.parsers.expat as expat
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

from harness.errors import StreamViolation
from harness.xmpp import namespaces as ns
from harness.xmpp.scan import ScannedMessage, scan

_UNDEFINED_ENTITY = expat.errors.codes[expat.errors.XML_ERROR_UNDEFINED_ENTITY]
_TAG = re.compile(rb"<([^\s/>]+)")
_WHITESPACE = " \t\r\n"


@dataclass(frozen=True)
class Limits:
    """What a hostile peer may make us hold. Bytes of one stanza, and levels below the root."""

    stanza_bytes: int = 4 * 1024 * 1024
    depth: int = 128


class StreamHeader(NamedTuple):
    """The opening tag of a stream (RFC 6120 section 4.7), whatever its name and attributes."""

    tag: str
    attributes: dict[str, str]
    namespaces: dict[str, str]  # prefix ("" for the default) to URI, as declared on the tag


class StreamEnd(NamedTuple):
    """The closing tag of the stream (RFC 6120 section 4.4)."""


ParserEvent = StreamHeader | StreamEnd | Element | ScannedMessage | StreamViolation


class StreamParser:
    """Bytes in, events out. One instance for a connection; `reset` at each stream restart."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self._limits = limits
        self.reset()

    def reset(self) -> None:
        """Forget everything and expect a new XML document (RFC 6120 section 4.3.3)."""
        self._events: list[ParserEvent] = []
        self._stack: list[Element] = []
        self._namespaces: dict[str, str] = {}
        self._open = False  # the header has come, the end has not
        self._root = ""  # the root element's name as written, with its prefix
        self._scannable = False
        self._idle = False
        self._expat: expat.XMLParserType | None = self._fresh()

    def rest(self) -> None:
        """Free the XML parser, some 10 KB, while nothing is under way; `feed` makes a new one
        when a stanza needs it. For sessions that will mostly be idle."""
        if self._idle:
            self._expat = None

    def _fresh(self) -> expat.XMLParserType:
        self._fed = 0
        self._start = 0  # offset of the current stanza
        parser = expat.ParserCreate("UTF-8", "}")
        parser.buffer_text = True
        parser.StartElementHandler = self._on_start
        parser.EndElementHandler = self._on_end
        parser.CharacterDataHandler = self._on_text
        parser.StartNamespaceDeclHandler = self._on_namespace
        parser.XmlDeclHandler = self._on_declaration
        parser.StartDoctypeDeclHandler = _restricted
        parser.CommentHandler = _restricted
        parser.ProcessingInstructionHandler = _restricted
        if hasattr(parser, "SetReparseDeferralEnabled"):
            parser.SetReparseDeferralEnabled(False)  # it would hold back a finished stanza
        return parser

    def _awake(self) -> expat.XMLParserType:
        """The XML parser; after a rest, a new one inside the same open root."""
        if self._expat is not None:
            return self._expat
        declared = " ".join(
            f'xmlns{":" if prefix else ""}{prefix}="{uri}"'
            for prefix, uri in self._namespaces.items()
        )
        self._open = False
        self._expat = self._fresh()
        self._parse(self._expat, f"<{self._root} {declared}>".encode())
        self._events.clear()  # the header is no news
        return self._expat

    @property
    def idle(self) -> bool:
        """Between two stanzas, with no byte held back."""
        return self._idle

    def feed(self, data: bytes) -> list[ParserEvent]:
        """The events that these bytes complete. After a violation, feed nothing more."""
        events: list[ParserEvent] = []
        if self._scannable and self._idle:
            end = scan(data, events, self._limits.stanza_bytes)
            if end == len(data):
                return events
            if end:
                data = data[end:]
        try:
            self._parse(self._awake(), data)
        except expat.ExpatError as error:
            self._events.append(StreamViolation(_condition(error.code), str(error)))
        except StreamViolation as violation:
            self._events.append(violation)
        events += self._events
        self._events = []
        return events

    def _parse(self, parser: expat.XMLParserType, data: bytes) -> None:
        if not self._open and b"\0" in data:  # expat would read UTF-16 although told UTF-8
            raise StreamViolation("unsupported-encoding", "this is not UTF-8")
        parser.Parse(data)
        self._fed += len(data)
        self._idle = self._open and not self._stack and parser.CurrentByteIndex == self._fed
        if self._idle:
            self._start = self._fed
        elif self._fed - self._start > self._limits.stanza_bytes:
            raise self._too_big()

    def _on_start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = "{" + tag if "}" in tag else tag
        for name in attributes:
            if "}" in name:
                attributes = {"{" + k if "}" in k else k: v for k, v in attributes.items()}
                break
        stack = self._stack
        if stack:
            if len(stack) >= self._limits.depth:
                raise StreamViolation("policy-violation", f"deeper than {self._limits.depth}")
            stack.append(SubElement(stack[-1], tag, attributes))
        elif self._open:
            self._start = self._offset()
            stack.append(Element(tag, attributes))
        else:
            self._open = True
            self._root = self._written_name()
            self._scannable = self._namespaces.get("") == ns.CLIENT
            self._events.append(StreamHeader(tag, attributes, self._namespaces))

    def _on_end(self, _tag: str) -> None:
        stack = self._stack
        if not stack:
            self._open = False
            self._events.append(StreamEnd())
            return
        element = stack.pop()
        if not stack:
            if self._offset() - self._start > self._limits.stanza_bytes:
                raise self._too_big()
            self._events.append(element)

    def _on_text(self, text: str) -> None:
        stack = self._stack
        if not stack:
            if text.strip(_WHITESPACE):
                raise StreamViolation("bad-format", "text between stanzas")
            return
        element = stack[-1]
        if len(element):
            element[-1].tail = (element[-1].tail or "") + text
        else:
            element.text = (element.text or "") + text

    def _on_namespace(self, prefix: str | None, uri: str | None) -> None:
        if not self._open:
            self._namespaces[prefix or ""] = uri or ""

    def _on_declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.upper() != "UTF-8":
            raise StreamViolation("unsupported-encoding", encoding)

    def _offset(self) -> int:
        assert self._expat is not None
        return self._expat.CurrentByteIndex

    def _written_name(self) -> str:
        """The name of the tag that is being read, as it stands in the input."""
        assert self._expat is not None
        found = _TAG.match(self._expat.GetInputContext() or b"")
        return sys.intern(found[1].decode()) if found else ""

    def _too_big(self) -> StreamViolation:
        return StreamViolation("policy-violation", f"stanza over {self._limits.stanza_bytes} bytes")


def _restricted(*_args: object) -> None:
    raise StreamViolation("restricted-xml")


def _condition(code: int) -> str:
    """The stream error that an expat error earns (RFC 6120 section 4.9.3)."""
    return "restricted-xml" if code == _UNDEFINED_ENTITY else "not-well-formed"
