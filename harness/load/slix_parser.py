"""slixmpp's XML parser, let go while nothing is under way: an idle one holds some 20 KB."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, XMLPullParser

_TAG = rb"<(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*>"
_OPENING = re.compile(rb"(?!<[?!])" + _TAG)  # no declaration
_COMPLETE = re.compile(_TAG)


class RestingParser:
    """What slixmpp uses of an XMLPullParser, and `rest`. One instance for each stream header."""

    def __init__(self) -> None:
        self._parser = _fresh()
        self._root: Element | None = None
        self._depth = 0
        self._header = b""  # the root's tag as written, with the prefixes that it declares
        self._last = b""  # what was fed last, but for space between stanzas

    def feed(self, data: bytes) -> None:
        """Parse; `read_events` gives the events and must be read to its end."""
        if self._parser is None:
            if data.isspace():
                return
            self._parser = _fresh()
            self._parser.feed(self._header)
            ((_, self._root),) = self._parser.read_events()
        if self._depth == 0:
            self._header += data
        if not data.isspace():
            self._last = data
        self._parser.feed(data)

    def read_events(self) -> Iterator[tuple[str, Element]]:
        """Starts and ends of elements. Raises ParseError."""
        for event, element in self._parser.read_events() if self._parser else ():
            self._depth += 1 if event == "start" else -1
            if self._root is None:
                self._root = element
            yield event, element
            if event == "end" and self._depth == 1:
                self._root.clear()  # slixmpp clears the root that it knows, the first one

    def rest(self) -> None:
        """Let the parser go if it stands between two stanzas and holds no byte."""
        last_tag = self._last[self._last.rfind(b"<") :].rstrip()
        opening = _OPENING.search(self._header)
        if self._depth == 1 and opening and _COMPLETE.fullmatch(last_tag):
            self._parser = None
            self._header = opening[0]
            self._last = b""


def _fresh() -> Any:
    return XMLPullParser(("start", "end"))
