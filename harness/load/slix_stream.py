"""slixmpp's stream, made to connect once, to say why it failed, and to be seen working.

Costs that slixmpp has for each client and that are shared or spared here: the TLS context, the
derivation of salted passwords, asyncio's buffers of 256 KB, the XML parser of an idle stream.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import sys
from asyncio import sslproto
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, ParseError

from gevent.monkey import get_original
from slixmpp import ClientXMPP
from slixmpp.util.sasl.client import SASLMutualAuthFailed
from slixmpp.util.sasl.mechanisms import SCRAM

from harness.errors import ConnectionLost, PeerError, SaslError, StreamViolation
from harness.load import asyncio_bridge
from harness.load.slix_login import (
    FEATURES,
    STREAM_ERROR,
    check_features,
    check_negotiation,
    connection_error,
)
from harness.load.slix_parser import RestingParser
from harness.targets.base import Account
from harness.transport.tls import client_context
from harness.xmpp import namespaces as ns
from harness.xmpp import sasl

if TYPE_CHECKING:
    from harness.load.engine import Engine
    from harness.load.slix import SlixmppClient

_Socket: Any = get_original("socket", "socket")  # gevent's own has two watchers of its own
_CHUNK = 16_384  # bytes of a read; asyncio allocates 256 KB for each
_TLS_BUFFER = 4_096  # asyncio keeps 256 KB for each connection

# What slixmpp says at level INFO about each connection is in the record; an explicit level stays.
if logging.getLogger("slixmpp").level == logging.NOTSET:
    logging.getLogger("slixmpp").setLevel(logging.WARNING)


def _for_slixmpp(scram: Any, password: bytes, salt: bytes, iterations: int) -> bytes:
    return sasl.salted_password(scram.hash().name, password, salt, iterations)


SCRAM.Hi = _for_slixmpp  # type: ignore[method-assign,assignment]
sslproto.SSLProtocol.max_size = _TLS_BUFFER


class SlixmppStream(ClientXMPP):
    """One client's stream; what it meets goes to its owner."""

    def __init__(self, owner: SlixmppClient, engine: Engine, account: Account) -> None:
        endpoint = engine.session.endpoint
        super().__init__(
            owner.bare,
            account.password,
            # The session's list of mechanisms decides, not the state of the connection.
            plugin_config={
                "feature_mechanisms": {"unencrypted_plain": True, "unencrypted_scram": True}
            },
            loop=asyncio_bridge.event_loop(),
            ssl_context=client_context(endpoint.ca, endpoint.verify),
        )
        self.read_at = 0.0  # when the bytes came that are being worked on
        self._owner = owner
        self._engine = engine
        self._raw: Any = None  # the transport below TLS
        self._leaving = False
        self.enable_direct_tls = endpoint.tls == "direct"
        self.enable_starttls = endpoint.tls == "starttls"
        self.enable_plaintext = endpoint.tls == "off"
        self.max_redirects = -1  # a redirect is a stream error, not a reason to go elsewhere
        self.auto_authorize = None
        self.auto_subscribe = False
        self.del_event_handler("session_start", self._start_keepalive)  # the engine has its own
        self.add_event_handler("auth_success", self._on_authenticated)
        self.add_event_handler("session_start", self._on_bound)

    def open(self, host: str, port: int) -> None:
        """Begin to connect and to log in."""
        self._leaving = False
        self.connect(host, port)

    def drop(self) -> None:
        """End without a word, at whatever stage."""
        self._leaving = True
        self.cancel_connection_attempt()
        self.abort()

    def abort(self) -> None:
        """End the connection at once. slixmpp's own closes first, and in early Python 3.11 a TLS
        transport that is closing cannot be aborted."""
        if self.transport is None:
            return
        self.cancel_connection_attempt()
        with suppress(AttributeError):
            self.transport.abort()
        self.event("killed")

    def rest(self) -> None:
        """Give back memory while nothing is under way."""
        if isinstance(self.parser, RestingParser):
            self.parser.rest()

    def _fail(self, error: PeerError) -> None:
        self._owner.on_failure(error)
        self.drop()

    @property
    def backlog(self) -> int:
        """Bytes that the socket has not taken."""
        return self._raw.get_write_buffer_size() if self._raw is not None else 0

    # Overridden: connecting and its end.

    async def _attempt_connection(
        self, host: str, port: int, tls: bool, server_hostname: str | None
    ) -> bool:
        try:
            await self._connect(host, port, tls)
        except OSError as error:
            self._fail(connection_error(error))
            return False
        return True

    async def _connect(self, host: str, port: int, tls: bool) -> None:
        sock = _Socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            await self.loop.sock_connect(sock, (host, port))
        except BaseException:
            sock.close()
            raise
        self._owner.on_phase("tcp", monotonic())
        first: Any = asyncio.Protocol() if tls else self
        self._raw, _ = await self.loop.create_connection(lambda: first, sock=sock)
        self._raw.max_size = _CHUNK
        if tls:
            await self._secure()

    async def start_tls(self) -> bool:
        try:
            await self._secure()
        except OSError as error:
            self._fail(connection_error(error))
            return False
        return True

    async def _secure(self) -> None:
        self._current_connection_attempt = handshake = asyncio.ensure_future(
            self.loop.start_tls(
                self._raw, self, self.ssl_context, server_hostname=self.default_domain
            )
        )
        transport = await handshake
        assert transport is not None
        self._owner.on_phase("tls", monotonic())
        self.connection_made(transport, send_event=self._engine.session.endpoint.tls == "direct")

    def disconnect(self, *args: Any, **kwargs: Any) -> asyncio.Future[Any]:
        # Authors call it to log out, slixmpp also for these errors of the server.
        cause = sys.exc_info()[1]
        if isinstance(cause, ParseError):
            self._owner.on_failure(StreamViolation("not-well-formed", str(cause)))
        elif isinstance(cause, SASLMutualAuthFailed):
            self._owner.on_failure(SaslError("server-not-authenticated"))
        self._leaving = True
        return super().disconnect(*args, **kwargs)

    def connection_lost(self, exception: BaseException | None) -> None:
        ended_by_server = self.disconnect_reason == "End of stream"
        super().connection_lost(exception)
        self._raw = None
        error: PeerError | None = None
        if isinstance(exception, OSError):
            error = connection_error(exception)
        elif not self._leaving and not ended_by_server:
            error = ConnectionLost("connection-closed", "by the server")
        self._owner.on_end(error)

    # Overridden: what arrives.

    def init_parser(self) -> None:
        super().init_parser()
        parser: Any = RestingParser()
        self.parser = parser

    def data_received(self, data: Any) -> None:
        self.read_at = monotonic()
        super().data_received(data)

    def incoming_filter(self, xml: Element) -> Element:
        tag = xml.tag
        if tag == ns.MESSAGE:
            self._engine.message_arrived(xml, self._owner.index, self.read_at)
        elif tag == ns.PRESENCE:
            if xml.get("from") == self._owner.jid:  # our own, come back
                self._owner.on_phase("presence", self.read_at)
            elif name := xml.get("id"):
                self._engine.presence_arrived(name, self.read_at, self._owner.since)
        elif not self.sessionstarted or tag == STREAM_ERROR:
            try:
                self._negotiate(xml)
            except PeerError as error:
                self._fail(error)
                return Element("over")  # nothing for slixmpp to act upon
        return xml

    def _negotiate(self, xml: Element) -> None:
        if xml.tag != FEATURES:
            check_negotiation(xml)
            return
        secure = self.socket if isinstance(self.socket, ssl.SSLObject) else None
        mechanism = check_features(
            xml,
            tls=self._engine.session.endpoint.tls,
            secure=secure,
            authenticated=self.authenticated,
            allowed=self._engine.session.mechanisms,
        )
        if mechanism is not None:
            self.plugin["feature_mechanisms"].use_mechs = {mechanism}

    def _on_authenticated(self, _success: Any) -> None:
        self._owner.on_phase("sasl", self.read_at)
        mechanism: Any = self.plugin["feature_mechanisms"].mech
        self._engine.connected(self._owner, mechanism.name)

    def _on_bound(self, _event: Any) -> None:
        self._owner.on_phase("bind", self.read_at)
