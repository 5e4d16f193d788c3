"""What the cases about streams share: where a header is due, what ends a stream, raw bytes."""

from __future__ import annotations

import re
import ssl
import xml.parsers.expat as expat
from typing import NamedTuple

import pytest

from conformance.suite import Case
from conformance.wire.negotiation import authenticate, open_stream
from conformance.wire.stream import Gone, Item, RawStream, Reaction, shown
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza
from harness.xmpp.client import END
from harness.xmpp.parser import StreamEnd, StreamHeader

OPENINGS = ("first", "after-tls", "after-sasl")
EVERY_OPENING = pytest.mark.parametrize("opening", OPENINGS)
RESTARTS = pytest.mark.parametrize("opening", OPENINGS[1:])
LEFT_OPEN = "a connection left open"


async def due(case: Case, opening: str, earlier: str = "", account: int = 0) -> RawStream:
    """A connection on which a header of ours is due: the first, or that of a restart (section
    4.3.3). `earlier` is the header of each stream before."""
    stream = await case.stream()
    if opening == "first":
        return stream
    await open_stream(stream, earlier)
    if case.subject.mode == "starttls":
        await stream.send(f"<starttls xmlns='{ns.TLS}'/>")
        await stream.element("^tls proceed$")
        await stream.handshake()
        stream.restart()
        if opening == "after-tls":
            return stream
        await open_stream(stream, earlier)
    elif opening == "after-tls":
        case.not_applicable("without STARTTLS TLS restarts nothing")
    await authenticate(stream, case.subject.accounts[account], account)
    return stream


async def response(case: Case, stream: RawStream) -> StreamHeader:
    """The response header that is due now."""
    item = await stream.next()
    if isinstance(item, Gone) and item.how == "open":
        raise case.unknown("no response header came")
    case.check(isinstance(item, StreamHeader), "a response header", shown(item))
    assert isinstance(item, StreamHeader)
    return item


async def reached(receiver: RawStream) -> Reaction:
    """What has come to a bound stream, up to a message that it sends to itself."""
    to = stanza.escape(receiver.jid).decode()
    await receiver.send(f"<message to='{to}' id='own' type='headline'/>")
    return await receiver.react("^message .*own$")


async def messages(receiver: RawStream) -> list[str]:
    """The ids of the messages that have come to a bound stream."""
    came = await reached(receiver)
    return [element.get("id", "") for element in came.elements if element.tag == ns.MESSAGE]


async def to_the_end(stream: RawStream) -> list[Item]:
    """All that still comes; the last item is `Gone`. Our closing tag answers theirs."""
    items: list[Item] = []
    while not items or not isinstance(items[-1], Gone):
        items.append(await stream.next())
        if isinstance(items[-1], StreamEnd):
            await stream.send(END)
    return items


def ended(items: list[Item]) -> bool:
    """Whether the server has ended the connection."""
    return isinstance(items[-1], Gone) and items[-1].how != "open"


def close_notify_came(stream: RawStream) -> bool:
    """Whether the server has ended its direction of TLS."""
    assert stream.connection.tls is not None
    try:
        return stream.connection.tls.ssl.read(1) == b""
    except ssl.SSLZeroReturnError:
        return True
    except ssl.SSLError:
        return False


def names(items: list[Item]) -> str:
    """The items in few words."""
    return ", ".join(map(shown, items))


def tap(stream: RawStream) -> bytearray:
    """All bytes that come on the connection from now on."""
    received, read = bytearray(), stream.connection.read

    async def reading() -> bytes:
        data = await read()
        received.extend(data)
        return data

    stream.connection.read = reading  # type: ignore[method-assign]
    return received


def behind_the_end(received: bytearray) -> bytes:
    """What stands behind the closing tag; also where there is none."""
    found = re.search(rb"</([A-Za-z0-9_.-]+:)?stream\s*>(.*)", received, re.DOTALL)
    return bytes(found[2]) if found else b""


class Tag(NamedTuple):
    """A start tag as it is written."""

    name: str  # with its prefix
    attributes: dict[str, str]  # namespace declarations among them
    uri: str  # the namespace that it is in
    depth: int  # 0: the root

    @property
    def prefix(self) -> str:
        """The prefix of its name; empty without."""
        return self.name.rpartition(":")[0]


def tags(document: bytes) -> list[Tag]:
    """The start tags of a document, which may break off. Raises ExpatError."""
    found: list[Tag] = []
    scopes: list[dict[str, str]] = [{}]

    def start(name: str, attributes: dict[str, str]) -> None:
        declared = {
            key.removeprefix("xmlns").removeprefix(":"): uri
            for key, uri in attributes.items()
            if key == "xmlns" or key.startswith("xmlns:")
        }
        scopes.append(scopes[-1] | declared)
        uri = scopes[-1].get(name.rpartition(":")[0], "")
        found.append(Tag(name, attributes, uri, len(scopes) - 2))

    def end(_name: str) -> None:
        scopes.pop()

    parser = expat.ParserCreate("UTF-8")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(document)
    return found
