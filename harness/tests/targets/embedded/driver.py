"""Clients for these tests: a complete one on `ClientStream`, and one that sends what it likes."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import re
import ssl
from datetime import datetime
from xml.etree.ElementTree import Element

from harness.targets import certificates
from harness.targets.certificates import Certificates
from harness.targets.embedded.config import Config
from harness.targets.embedded.server import Server
from harness.xmpp import Bound, ClientStream, Closed, Login, ScannedMessage, StartTls
from harness.xmpp import namespaces as ns

DOMAIN = "bench.test"
PASSWORD = "pencil"
HEADER = (
    f"<?xml version='1.0'?><stream:stream to='{DOMAIN}' version='1.0' xml:lang='en' "
    "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
)
_TIMEOUT_S = 5.0
_ids = itertools.count()


class Bench:
    """A running server in this process, with accounts a to e."""

    def __init__(self, config: Config, issued: Certificates) -> None:
        self.server = Server(config)
        self.domain = self.server.domain
        self.ports: dict[str, int] = {}
        self.issued = issued
        self.context = self.client_context()
        self._open: list[Client | Raw] = []

    async def start(self) -> None:
        for name in "abcde":
            self.domain.store.create(name, PASSWORD)
        self.ports = await self.server.start()

    async def stop(self) -> None:
        for client in self._open:
            client.writer.transport.abort()
        await self.server.stop()

    async def login(self, user: str, resource: str = "r", **options: object) -> Client:
        """A bound client."""
        client = Client(self, Login(**{**_LOGIN, "user": user, "resource": resource, **options}))
        self._open.append(client)
        await client.connect()
        return client

    async def online(self, user: str, resource: str = "r", priority: int = 0) -> Client:
        """A client that has asked for its roster and sent initial presence; its inbox is empty."""
        client = await self.login(user, resource)
        await client.ask("<query xmlns='jabber:iq:roster'/>")
        client.send(f"<presence><priority>{priority}</priority></presence>")
        await client.fence()
        return client

    def client_context(self, *jids: str, until: datetime | None = None) -> ssl.SSLContext:
        """A context that trusts the server, with a certificate for these JIDs if there are any."""
        context = ssl.create_default_context(cafile=str(self.issued.ca))
        if jids:
            directory = self.issued.ca.parent
            context.load_cert_chain(certificates.client(directory, self.issued, *jids, until=until))
        return context

    async def raw(
        self, text: str = "", *, direct: bool = False, context: ssl.SSLContext | None = None
    ) -> Raw:
        """A connection on which `text` has been sent."""
        port = self.ports["direct_port" if direct else "port"]
        secure = {"ssl": context or self.context, "server_hostname": DOMAIN} if direct else {}
        raw = Raw(*await asyncio.open_connection("127.0.0.1", port, **secure))
        self._open.append(raw)
        raw.send(text)
        return raw


_LOGIN = {"password": PASSWORD, "domain": DOMAIN, "tls": "off"}


class Client:
    """A logged-in client. Every stanza that arrives is handed out once, in order."""

    def __init__(self, bench: Bench, login: Login) -> None:
        self.stream = ClientStream(login)
        self.writer: asyncio.StreamWriter
        self._bench = bench
        self._inbox: list[Element] = []
        self.closed: Closed | None = None

    @property
    def jid(self) -> str:
        return self.stream.jid

    @property
    def bare(self) -> str:
        return self.jid.partition("/")[0]

    async def connect(self) -> None:
        direct = self.stream.login.tls == "direct"
        port = self._bench.ports["direct_port" if direct else "port"]
        secure = {"ssl": self._bench.context, "server_hostname": DOMAIN} if direct else {}
        self._reader, self.writer = await asyncio.open_connection("127.0.0.1", port, **secure)
        self.stream.start(self._bindings() if direct else None)
        while not self.jid:
            await self._read()
            if self.closed:
                raise self.closed.error or AssertionError("closed")

    def send(self, xml: str) -> None:
        self.writer.write(xml.encode())

    async def ask(self, payload: str, *, kind: str = "get", to: str = "") -> Element:
        """Send a request and return its answer, which must be the next answer to come."""
        name = f"q{next(_ids)}"
        address = f" to='{to}'" if to else ""
        self.send(f"<iq type='{kind}' id='{name}'{address}>{payload}</iq>")
        earlier = []
        while True:
            stanza = await self.next()
            if stanza.tag == ns.IQ and stanza.get("id") == name:
                self._inbox = earlier + self._inbox
                return stanza
            earlier.append(stanza)

    async def fence(self) -> list[Element]:
        """Everything that the server had sent before it answered a ping."""
        await self.ask(f"<ping xmlns='{ns.PING}'/>")
        inbox, self._inbox = self._inbox, []
        return inbox

    async def next(self) -> Element:
        while not self._inbox:
            if self.closed:
                raise self.closed.error or AssertionError("closed")
            await self._read()
        return self._inbox.pop(0)

    async def ended(self) -> Closed:
        """How the stream ends, once it does."""
        while not self.closed:
            await self._read()
        return self.closed

    async def _read(self) -> None:
        out = self.stream.take()
        if out:
            self.writer.write(out)
        data = await asyncio.wait_for(self._reader.read(65_536), _TIMEOUT_S)
        if not data:
            self.closed = self.closed or Closed(None)
        for event in self.stream.receive(data):
            if isinstance(event, StartTls):
                await self.writer.start_tls(self._bench.context, server_hostname=DOMAIN)
                self.stream.tls_done(self._bindings())
            elif isinstance(event, Closed):
                self.closed = event
            elif isinstance(event, ScannedMessage):
                self._inbox.append(event.element())
            elif isinstance(event, Element) and self.stream.jid:
                self._inbox.append(event)
            elif isinstance(event, Bound):
                pass
        out = self.stream.take()
        if out:
            self.writer.write(out)

    def _bindings(self) -> dict[str, bytes]:
        secure = self.writer.get_extra_info("ssl_object")
        der = secure.getpeercert(binary_form=True)
        return {"tls-server-end-point": hashlib.sha256(der).digest()}


class Raw:
    """A connection without a protocol. `seen` is all text that came."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.seen = ""

    def send(self, text: str | bytes) -> None:
        self.writer.write(text.encode() if isinstance(text, str) else text)

    async def until(self, pattern: str) -> re.Match[str]:
        """Read until the pattern matches what has not been matched before."""
        while not (found := re.search(pattern, self.seen, re.DOTALL)):
            data = await asyncio.wait_for(self.reader.read(65_536), _TIMEOUT_S)
            assert data, f"{pattern} did not come, but {self.seen}"
            self.seen += data.decode()
        self.seen = self.seen[found.end() :]
        return found

    async def open(self) -> None:
        self.send(HEADER)
        await self.until("</stream:features>")

    async def rest(self) -> str:
        """What else comes until the connection ends."""
        while data := await asyncio.wait_for(self.reader.read(65_536), _TIMEOUT_S):
            self.seen += data.decode()
        return self.seen

    async def stream_error(self) -> str:
        """The condition of the stream error, which must be the end of the stream."""
        found = await self.until(r"<stream:error><([a-z-]+) xmlns='urn:ietf:params:xml:ns:xmpp-s")
        self.send("</stream:stream>")
        assert (await self.rest()).endswith("</stream:error></stream:stream>")
        return found[1]


def condition(stanza: Element) -> str:
    """The defined condition of a stanza error."""
    assert stanza.get("type") == "error"
    error = stanza.find(ns.ERROR)
    assert error is not None
    return error[0].tag.partition("}")[2]
