"""The complete client: slixmpp, with all of its plugins, behind the verbs of a load test (D3).

`SlixmppClient.xmpp` is an ordinary `slixmpp.ClientXMPP` for scenario authors. Register plugins
before the login; call slixmpp's methods from a task as they are; where slixmpp's documentation
says `await x`, write `client.call(x)`. Subscription requests are not answered automatically.

Costs that slixmpp has for each client and that are shared here: the TLS context, the derivation
of salted passwords, asyncio's buffers of 256 KB.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import sys
from asyncio import sslproto
from collections.abc import Awaitable
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar
from xml.etree.ElementTree import Element, ParseError, SubElement

from gevent.monkey import get_original
from gevent.timeout import Timeout
from slixmpp import ClientXMPP, Iq, Message
from slixmpp.exceptions import IqError, IqTimeout
from slixmpp.util.sasl.client import SASLMutualAuthFailed
from slixmpp.util.sasl.mechanisms import SCRAM

from harness.errors import (
    ConnectionLost,
    NegotiationError,
    NoReply,
    PeerError,
    SaslError,
    StreamViolation,
)
from harness.load import asyncio_bridge
from harness.load.slix_login import (
    FEATURES,
    STREAM_ERROR,
    LoginInProgress,
    check_features,
    check_negotiation,
    connection_error,
)
from harness.targets.base import Account
from harness.transport.tls import client_context
from harness.xmpp import namespaces as ns
from harness.xmpp import sasl, stanza

if TYPE_CHECKING:
    from harness.load.engine import Engine

T = TypeVar("T")
_Message: Any = Message  # slixmpp leaves their constructors without types
_Iq: Any = Iq
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


class SlixmppClient:
    """One simulated client (see `harness.load.client.Client` for the verbs)."""

    def __init__(self, engine: Engine, index: int, account: Account) -> None:
        self.index = index
        self.bare = f"{account.user}@{engine.session.endpoint.domain}"
        self.jid = ""
        self._engine = engine
        self._login: LoginInProgress | None = None
        self._calls: set[asyncio.Future[Any]] = set()
        self._loss: PeerError | None = None
        self.xmpp = _Stream(self, engine, account)

    def login(self, timeout: float) -> dict[str, float]:
        xmpp, endpoint = self.xmpp, self._engine.session.endpoint
        progress = LoginInProgress()
        limit = Timeout(timeout)
        limit.start()
        try:
            if xmpp.transport is not None:  # what is left of an earlier session
                gone = xmpp.disconnected
                xmpp.drop()
                asyncio_bridge.wait(gone)
            self._login, self._loss = progress, None
            xmpp.open(endpoint.host, endpoint.port)
            progress.done.get()
        except Timeout as expired:
            if expired is not limit:
                raise
            stage = progress.missing()
            raise NoReply("timeout", f"{stage} not finished within {timeout:g} s") from None
        finally:
            limit.cancel()
            self._login = None
            if not progress.done.ready():
                xmpp.drop()
        return progress.marks

    def message(self, to: str, body: str, id: str) -> None:  # noqa: A002
        self._check()
        element = Element(ns.MESSAGE, {"to": to, "type": "chat", "id": id})
        SubElement(element, ns.BODY).text = body
        _Message(self.xmpp, element).send()

    def presence(
        self,
        type: str | None = None,  # noqa: A002
        to: str | None = None,
        show: str | None = None,
        status: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> None:
        self._check()
        presence: Any = self.xmpp.make_presence(
            pshow=show,
            pstatus=status,
            pto=to,
            ptype=type,  # type: ignore[arg-type]
        )
        if id is not None:
            presence["id"] = id
        presence.send()

    def iq(self, type: str, payload: Element, to: str | None, timeout: float) -> Element:  # noqa: A002
        self._check()
        request: Any = _Iq(self.xmpp, stanza.iq(type, self.xmpp.new_id(), to, payload))
        return self.call(request.send(timeout=timeout), None).xml  # type: ignore[no-any-return]

    def roster(self, timeout: float) -> list[dict[str, str]]:
        reply = self.iq("get", Element(f"{{{ns.ROSTER}}}query"), None, timeout)
        return [dict(item.attrib) for item in reply.iterfind(f"{{{ns.ROSTER}}}query/")]

    def subscribe(self, jid: str) -> None:
        self.presence(type="subscribe", to=jid)

    def close(self) -> None:
        if self._login is not None:
            self._login.fail(ConnectionLost("closed", "during the login"))
            self.xmpp.drop()
        elif self.xmpp.transport is not None:
            self.xmpp.disconnect()
            self._engine.disconnected(self, None)

    def abort(self) -> None:
        """Drop the connection without a closing tag."""
        self.xmpp.drop()

    def keep_alive(self) -> None:
        """A space between stanzas (RFC 6120 section 4.6.1)."""
        self._check()
        self.xmpp.send_raw(" ")

    def call(self, awaitable: Awaitable[T], timeout: float | None = 30.0) -> T:
        """Wait for what a method of slixmpp returned. Blocks the calling greenlet only.

        Raises StanzaError, NoReply, and ConnectionLost when the connection goes meanwhile.
        """
        future = asyncio.ensure_future(awaitable, loop=self.xmpp.loop)
        self._calls.add(future)
        try:
            return asyncio_bridge.wait(future, timeout)
        except IqError as error:
            raise stanza.stanza_error(error.iq.xml) from None
        except IqTimeout:
            raise NoReply("no-reply", "to an iq in time") from None
        except asyncio.CancelledError:
            raise self._loss or ConnectionLost("closed") from None
        finally:
            self._calls.discard(future)

    @property
    def backlog(self) -> int:
        return self.xmpp.backlog

    def _check(self) -> None:
        if self.xmpp.transport is None:
            raise ConnectionLost("not-connected")

    # What the stream tells, in the loop's greenlet.

    def on_phase(self, phase: str, now: float) -> None:
        """A phase of the login has ended."""
        if self._login is None or self._login.done.ready():
            return
        self._login.marks[phase] = now
        if phase == "bind":
            self.jid = self.xmpp.boundjid.full
            self._engine.bound(self)
            self.xmpp.get_roster().add_done_callback(self._on_roster)
        elif phase == "roster":
            self.xmpp.send_presence()
        elif phase == "presence":
            self._login.done.set(None)

    def on_failure(self, error: PeerError) -> None:
        """The stream can not go on. The first reason counts."""
        self._loss = self._loss or error
        if self._login is not None:
            self._login.fail(error)

    def on_end(self, error: PeerError | None) -> None:
        """The connection is gone; `error` is None for an orderly end."""
        self._loss = error = self._loss or error
        for future in self._calls:
            future.cancel()
        if self._login is not None:
            self._login.fail(error or NegotiationError("closed", "during the login"))
        else:
            self._engine.disconnected(self, error)

    def _on_roster(self, reply: asyncio.Future[Any]) -> None:
        error = reply.exception()
        if error is None:
            self.on_phase("roster", self.xmpp.read_at)
        elif isinstance(error, IqError):
            self.on_failure(stanza.stanza_error(error.iq.xml))
            self.xmpp.drop()


class _Stream(ClientXMPP):
    """slixmpp's client, made to connect once, to say why it failed, and to be seen working."""

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
                self._engine.presence_arrived(name, self.read_at)
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
