"""A client's bytes as what its session handles, with the faults that only a server looks for."""

from __future__ import annotations

from xml.etree.ElementTree import Element
from xml.parsers.expat import XMLParserType

from harness.errors import StreamViolation
from harness.xmpp import namespaces as ns
from harness.xmpp.parser import Limits, StreamEnd, StreamHeader, StreamParser
from harness.xmpp.scan import ScannedMessage

Item = StreamHeader | StreamEnd | Element | StreamViolation
_HEADER = f"{ns.STREAM}}}stream"
_CONTENT = f"{ns.CLIENT}}}"


class ServerParser(StreamParser):
    """Also refuses a header within a stream, and prefixes for jabber:client (section 4.8.5)."""

    def _fresh(self) -> XMLParserType:
        self._prefixed = False  # some prefix is bound to jabber:client
        return super()._fresh()

    def _on_namespace(self, prefix: str | None, uri: str | None) -> None:
        if prefix and uri == ns.CLIENT:
            self._prefixed = True
        super()._on_namespace(prefix, uri)

    def _on_start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._open:
            if tag == _HEADER and not self._stack:
                raise StreamViolation("unsupported-stanza-type", "a header within the stream")
            if self._prefixed and tag.startswith(_CONTENT) and ":" in self._written_name():
                raise StreamViolation("bad-namespace-prefix", "jabber:client has no prefix")
        super()._on_start(tag, attributes)


class Reader:
    """Bytes in, items out. One instance for a connection; `reset` at each stream restart."""

    __slots__ = ("_parser", "_tail")

    def __init__(self, limits: Limits) -> None:
        self._parser = ServerParser(limits)
        self._tail = b""  # the last bytes before those that are being read

    def reset(self) -> None:
        """Expect a new stream."""
        self._parser.reset()

    def feed(self, data: bytes) -> list[Item]:
        """The items that these bytes complete. After a violation, feed nothing more."""
        items: list[Item] = []
        for event in self._parser.feed(data):
            if isinstance(event, StreamViolation):
                items.append(self._named(event, data))
            else:
                items.append(event.element() if isinstance(event, ScannedMessage) else event)
        self._tail = (self._tail + data)[-3:] if len(data) < 3 else data[-3:]
        return items

    def _named(self, violation: StreamViolation, data: bytes) -> StreamViolation:
        """To expat, bytes that are no UTF-8 are just not well-formed (section 11.6)."""
        if violation.condition != "not-well-formed" or _is_utf8(self._tail, data):
            return violation
        return StreamViolation("unsupported-encoding", violation.text)


def _is_utf8(before: bytes, data: bytes) -> bool:
    """Whether the data may be a part of UTF-8; `before` and they themselves may cut a character."""
    while before and before[0] & 0xC0 == 0x80:
        before = before[1:]
    try:
        (before + data).decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True
