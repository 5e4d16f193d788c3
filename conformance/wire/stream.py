"""One raw stream: what the case sends, what the server answers, and how it all ended."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal
from xml.etree.ElementTree import Element

from conformance.player import describe, name_of
from conformance.verdicts import Unknown
from conformance.wire.connection import Connection
from conformance.wire.transcript import Transcript
from harness.errors import StreamViolation
from harness.record.verdicts import Close
from harness.targets.base import Endpoint
from harness.transport.tls import client_context
from harness.xmpp import namespaces as ns
from harness.xmpp.client import END
from harness.xmpp.parser import StreamEnd, StreamHeader, StreamParser
from harness.xmpp.scan import ScannedMessage

PATIENCE_S = 5.0  # how long an answer may take
FORGET_S = 1.0  # how long we wait at the end of an example for a server to let go
CLOSE_S = 5.0  # how long a server may leave the connection open after it ended the stream

Ending = Literal["fence", "closed", "reset", "broken", "open"]
"""How a stream stands: it lives, was closed, was reset, brought bad XML, or says nothing."""


@dataclass(frozen=True)
class Gone:
    """The connection is over ("closed", "reset"), or nothing came in time ("open")."""

    how: Literal["closed", "reset", "open"]


Item = StreamHeader | Element | StreamEnd | StreamViolation | Gone

_NEW_STREAM = re.compile(rb"\s*<(\?xml|stream:stream)\s")


@dataclass
class Reaction:
    """What the server did between a provocation and the fence's answer, or the end."""

    elements: list[Element] = field(default_factory=list)
    header: StreamHeader | None = None
    ending: Ending = "open"
    close: Close | None = None  # None: the stream lives

    def __str__(self) -> str:
        return describe(self.elements, self.ending)

    @property
    def error(self) -> Element | None:
        """The stream error, if there is one."""
        return next((e for e in self.elements if e.tag == f"{{{ns.STREAM}}}error"), None)


class RawStream:
    """A stream over one connection; the case decides every byte."""

    def __init__(
        self, connection: Connection, endpoint: Endpoint, number: int, transcript: Transcript
    ) -> None:
        self.endpoint = endpoint
        self.number = number
        self.header: StreamHeader | None = None  # the server's last one
        self.features: Element | None = None  # the last ones
        self.jid = ""  # once bound
        self.secure = False
        self.recording = True
        self.connection = connection
        self._transcript = transcript
        self._parser = StreamParser()
        self._items: deque[Item] = deque()
        self._restarting = False
        self._broken = False
        self._over = False  # the connection has ended, or said nothing for too long
        self.awaited = True  # at the end we wait until the server has forgotten us
        self.known: set[str] = set()  # if any: presence of others than these is passed over

    @classmethod
    async def connect(
        cls,
        endpoint: Endpoint,
        number: int,
        transcript: Transcript,
        context: ssl.SSLContext | None = None,
    ) -> RawStream:
        """Connect, with TLS at once where the endpoint is for direct TLS. Raises PeerError."""
        connection = await Connection.open(endpoint.host, endpoint.port)
        stream = cls(connection, endpoint, number, transcript)
        direct = endpoint.tls == "direct"
        transcript.line(number, "*", f"connected{', direct TLS' if direct else ''}")
        transcript.step(number, "connect", tls=direct)
        if direct:
            stream.recording = False
            await stream.handshake(context)
            stream.recording = True
        return stream

    async def handshake(self, context: ssl.SSLContext | None = None) -> None:
        """TLS from here on. Raises PeerError when the server fails it."""
        if self.recording:
            self._transcript.step(self.number, "tls")
        context = context or client_context(self.endpoint.ca, self.endpoint.verify)
        await self.connection.start_tls(context, self.endpoint.domain)
        assert self.connection.tls is not None
        self.secure = True
        self._transcript.line(self.number, "*", f"TLS: {self.connection.tls.ssl.version()}")

    def restart(self) -> None:
        """A new stream may come now (RFC 6120 section 4.3.3), or the end of the old one."""
        self._transcript.step(self.number, "restart")
        self._restarting = True

    async def send(self, data: bytes | str, splits: Sequence[int] = (), times: int = 1) -> None:
        """Send these bytes; in pieces that end at the offsets `splits`, each a write of its own;
        all of it `times` times."""
        data = data.encode() if isinstance(data, str) else data
        if self.recording:
            said = self._transcript.replayable(data)
            self._transcript.step(self.number, "send", data=said, times=times)
        for _ in range(times):
            await self._send(data, splits)

    async def _send(self, data: bytes, splits: Sequence[int]) -> None:
        start = 0
        for end in [*sorted(set(splits)), len(data)]:
            if piece := data[start:end]:
                self._transcript.line(self.number, ">", piece)
                await self.connection.send(piece)
                await asyncio.sleep(0)
                start = end

    async def next(self, timeout: float = PATIENCE_S) -> Item:
        """The next header, element, end or violation; Gone at the end or when nothing comes."""
        if self.recording:
            self._transcript.step(self.number, "next")
        return await self._next(timeout)

    async def element(self, pattern: str = "") -> Element:
        """The next item, which must be an element whose name (`player.name_of`) matches.

        Raises Unknown: the precondition of what was to be looked at did not hold.
        """
        item = await self.next()
        if isinstance(item, Element) and re.search(pattern, name_of(item)):
            return item
        raise Unknown(f"expected {pattern or 'an element'}, but there came {shown(item)}")

    async def react(self, fence: str = "") -> Reaction:
        """All that comes until an element matches `fence` (a pattern of "NAME ID"), or the stream
        is over."""
        self._transcript.step(self.number, "react", fence=fence)
        reaction = Reaction()
        while True:
            item = await self._next(PATIENCE_S)
            if isinstance(item, Element):
                if fence and re.search(fence, f"{name_of(item)} {item.get('id', '')}"):
                    reaction.ending = "fence"
                    return reaction
                reaction.elements.append(item)
                if reaction.error is None:
                    continue
                reaction.close = await self._closing()
                return reaction
            if isinstance(item, StreamHeader):
                reaction.header = item
                continue
            reaction.ending, reaction.close = await self._ending(item)
            return reaction

    async def _ending(self, item: Item) -> tuple[Ending, Close]:
        if isinstance(item, StreamEnd):
            await self._quietly(END)
            return "closed", await self._gone("CLEAN")
        if isinstance(item, StreamViolation):
            return "broken", await self._gone("NO-TAG")
        assert isinstance(item, Gone)
        closes: dict[str, Close] = {"closed": "NO-TAG", "reset": "ABRUPT", "open": "OPEN"}
        return item.how, closes[item.how]

    async def _closing(self) -> Close:
        """How the server goes on after a stream error: the closing tag, then the connection."""
        await self._quietly(END)
        close: Close = "NO-TAG"
        while True:
            item = await self._next(CLOSE_S)
            if isinstance(item, StreamEnd):
                close = "CLEAN"
                return await self._gone(close)
            if isinstance(item, Gone):
                return "OPEN" if item.how == "open" else "ABRUPT" if item.how == "reset" else close

    async def _gone(self, close: Close) -> Close:
        """`close`, if the connection ends now."""
        while not isinstance(item := await self._next(CLOSE_S), Gone):
            pass
        return "OPEN" if item.how == "open" else close

    async def _quietly(self, data: bytes) -> None:
        before, self.recording = self.recording, False
        await self.send(data)
        self.recording = before

    async def half_close(self) -> None:
        """End our direction of the connection."""
        self._transcript.step(self.number, "half-close")
        self._transcript.line(self.number, "*", "our direction closed")
        await self.connection.half_close()

    def cut(self) -> None:
        """Lose the connection, without a word; what has come and is not read is lost too."""
        self._transcript.step(self.number, "half-close")
        self.note("connection cut by us")
        self._over = True
        self.connection.close()

    @property
    def is_open(self) -> bool:
        """Whether the connection is there, as far as we have read."""
        return not self._over

    async def close(self) -> None:
        """End the connection; with a closing tag, and where we were bound with its answer, so that
        the server has forgotten us before the next example."""
        await self._quietly(END)
        if self.jid and self.awaited and not self._over:
            await self._until_closed()
        self.connection.close()

    async def _until_closed(self) -> None:
        with suppress(TimeoutError, ConnectionResetError):
            async with asyncio.timeout(FORGET_S):
                while await self.connection.read():
                    pass

    def note(self, text: str) -> None:
        """A remark in the transcript."""
        self._transcript.line(self.number, "*", text)

    def step(self, do: str, **rest: object) -> None:
        """A step for the replay that stands for what is sent while `recording` is off."""
        self._transcript.step(self.number, do, **rest)

    async def _next(self, timeout: float) -> Item:
        item = await self._any(timeout)
        while self.known and _is_presence_of_others(item, self.known):
            item = await self._any(timeout)
        self._over = isinstance(item, Gone)
        return item

    async def _any(self, timeout: float) -> Item:
        while not self._items:
            try:
                async with asyncio.timeout(timeout):
                    data = await self.connection.read()
            except TimeoutError:
                self.note(f"nothing for {timeout:g} s")
                return Gone("open")
            except ConnectionResetError:
                self.note("reset by the server")
                return Gone("reset")
            if not data:
                self.note("connection closed by the server")
                return Gone("closed")
            self._transcript.line(self.number, "<", data)
            self._feed(data)
        item = self._items.popleft()
        if isinstance(item, StreamHeader):
            self.header = item
        elif isinstance(item, Element) and item.tag == f"{{{ns.STREAM}}}features":
            self.features = item
        return item

    def _feed(self, data: bytes) -> None:
        if self._broken:
            return
        if self._restarting and _NEW_STREAM.match(data):
            self._parser.reset()
        self._restarting = False
        for item in self._parser.feed(data):
            self._items.append(item.element() if isinstance(item, ScannedMessage) else item)
            self._broken = isinstance(item, StreamViolation)


def _is_presence_of_others(item: Item, known: set[str]) -> bool:
    return isinstance(item, Element) and item.tag == ns.PRESENCE and item.get("from") not in known


def shown(item: Item) -> str:
    """An item in few words."""
    if isinstance(item, Element):
        return name_of(item)
    if isinstance(item, StreamHeader):
        return "a stream header"
    if isinstance(item, StreamEnd):
        return "the closing tag"
    if isinstance(item, StreamViolation):
        return f"bad XML ({item})"
    return {"closed": "the end of the connection", "reset": "a reset", "open": "nothing"}[item.how]
