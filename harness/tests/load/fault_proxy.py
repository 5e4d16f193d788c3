"""Stands between clients and a server, and now and then does to a message what a bad server does.

Plaintext only. From the server to the clients it forwards whole stanzas; a message that it picks
suffers exactly one fault of `FAULTS`, and the log says what a ledger must find. What the clients
send goes through as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from threading import Thread
from typing import NamedTuple
from xml.etree.ElementTree import Element

from harness.xmpp import ScannedMessage, StreamEnd, StreamHeader, StreamParser, serialise
from harness.xmpp import namespaces as ns
from harness.xmpp.scan import MARKER
from harness.xmpp.stanza import error_reply

FAULTS = ("drop", "duplicate", "swap", "delay", "bounce")
_CHUNK = 65_536
_SWAP_S = 1.5  # how long the first of a swap waits for the second, before it goes on unharmed
_SUCCESS = "{urn:ietf:params:xml:ns:xmpp-sasl}success"
_JID = "{urn:ietf:params:xml:ns:xmpp-bind}bind/{urn:ietf:params:xml:ns:xmpp-bind}jid"


@dataclass(frozen=True)
class Plan:
    """`every`: one fault in so many messages on average. `late_s`: delayed messages go on so many
    seconds after the first message; it must lie in the second half of the run's drain."""

    every: int
    late_s: float
    seed: int = 0

    def faults(self) -> Iterator[str | None]:
        """The fault of each message in turn; every kind once before any comes again."""
        random = Random(self.seed)
        while True:
            for fault in random.sample(FAULTS, len(FAULTS)):
                # The gaps vary, so that faults do not follow a rhythm of the run.
                for _ in range(random.randint(1, 2 * self.every - 1) - 1):
                    yield None
                yield fault


class Planted(NamedTuple):
    """A fault that has been done to a message, and all that a ledger must say of the message."""

    fault: str
    id: str
    anomalies: tuple[str, ...]


@dataclass(eq=False)
class _Message:
    """One measured message on its way to a client."""

    id: str
    element: Element
    receiver: _Link
    overtaken: bool = False  # while it was delayed

    @property
    def pair(self) -> tuple[str, _Link]:
        return self.element.get("from", ""), self.receiver


class Saboteur:
    """Decides on each message and keeps the log."""

    def __init__(self, plan: Plan) -> None:
        self.log: list[Planted] = []
        self.messages = 0  # that came from the server
        self.links: dict[str, _Link] = {}  # by full JID
        self._late_s = plan.late_s
        self._faults = plan.faults()
        self._swapped: dict[tuple[str, _Link], _Message] = {}  # that wait for a second
        self._delayed: list[_Message] = []

    def arrived(self, message: _Message) -> None:
        """A message came from the server: do with it as planned."""
        if not self.messages:
            asyncio.get_running_loop().call_later(self._late_s, self._release)
        self.messages += 1
        if first := self._swapped.pop(message.pair, None):
            self._forward(message)
            self._forward(first)
            self._note("swap", first, "reordered")
            return
        fault = next(self._faults)
        if fault is None:
            self._forward(message)
        elif fault == "drop":
            self._note(fault, message, "lost")
        elif fault == "duplicate":
            self._forward(message)
            self._forward(message)
            self._note(fault, message, "duplicated")
        elif fault == "swap":
            self._swapped[message.pair] = message
            asyncio.get_running_loop().call_later(_SWAP_S, self._give_up, message)
        elif fault == "delay":
            self._delayed.append(message)
        else:
            error = error_reply(message.element, "cancel", "service-unavailable")
            error.set("from", message.element.get("to", ""))
            self.links[message.element.get("from", "")].write(serialise(error))
            self._note(fault, message, "bounced")

    def _forward(self, message: _Message) -> None:
        message.receiver.write(serialise(message.element))
        for other in self._delayed:
            if other.pair == message.pair:
                other.overtaken = True

    def _give_up(self, message: _Message) -> None:
        if self._swapped.get(message.pair) is message:
            del self._swapped[message.pair]
            self._forward(message)

    def _release(self) -> None:
        delayed, self._delayed = self._delayed, []
        for message in delayed:
            self._forward(message)
            self._note("delay", message, *(["reordered"] if message.overtaken else []), "late")

    def _note(self, fault: str, message: _Message, *anomalies: str) -> None:
        self.log.append(Planted(fault, message.id, anomalies))


class _Link:
    """One client's connection, as the server's stanzas come."""

    def __init__(self, saboteur: Saboteur, writer: asyncio.StreamWriter) -> None:
        self._saboteur = saboteur
        self._writer = writer
        self._parser = StreamParser()
        self._bound = False

    def feed(self, data: bytes) -> None:
        """Bytes from the server. Until the client is bound they go on as they are; the server
        sends nothing of its own accord before, so that a stanza ends where they do."""
        bound = self._bound
        if not bound:
            self.write(data)
        for event in self._parser.feed(data):
            if isinstance(event, ScannedMessage):
                self._saboteur.arrived(_Message(event.id, event.element(), self))
            elif isinstance(event, Element):
                self._stanza(event, forward=bound)
            elif isinstance(event, StreamEnd) and bound:
                self.write(b"</stream:stream>")
            elif not isinstance(event, StreamHeader | StreamEnd):
                raise event

    def _stanza(self, element: Element, forward: bool) -> None:
        if element.tag == _SUCCESS:
            self._parser.reset()  # a new stream begins (RFC 6120 section 6.4.6)
        elif (jid := element.findtext(_JID)) is not None:
            self._bound = True
            self._saboteur.links[jid] = self
        name = element.get("id", "")
        if element.tag == ns.MESSAGE and name.startswith(MARKER):
            self._saboteur.arrived(_Message(name, element, self))
        elif forward:
            self.write(serialise(element))

    def write(self, data: bytes) -> None:
        """To the client."""
        self._writer.write(data)


class FaultProxy:
    """A context manager: listens on a free port of loopback, in a thread of its own."""

    def __init__(self, host: str, port: int, plan: Plan) -> None:
        """`host` and `port`: the server."""
        self.port = 0
        self._server_address = host, port
        self._saboteur = Saboteur(plan)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def log(self) -> list[Planted]:
        """What has been done so far."""
        return list(self._saboteur.log)

    @property
    def messages(self) -> int:
        """How many messages the server has delivered so far."""
        return self._saboteur.messages

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_exc: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        from_server, to_server = await asyncio.open_connection(*self._server_address)
        link = _Link(self._saboteur, writer)
        up = asyncio.create_task(_copy(reader, to_server))
        try:
            while data := await from_server.read(_CHUNK):
                link.feed(data)
                await writer.drain()
        finally:
            up.cancel()
            to_server.close()
            writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    writer.write_eof()
