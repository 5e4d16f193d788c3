"""Drives a ClientStream over TCP and TLS on gevent's loop (design decision D2).

One libev watcher per connection calls straight into the core: no greenlet, thread or second
loop stands between the socket and the stanza. Callbacks run in the hub and must not block.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Callable
from time import monotonic
from typing import Any

import gevent
from gevent.monkey import get_original

from harness.errors import ConnectionLost, PeerError
from harness.targets.base import Endpoint
from harness.transport.tls import TlsLayer, client_context
from harness.xmpp import ClientStream, Closed, StartTls
from harness.xmpp.client import Event, State

_Socket: Any = get_original("socket", "socket")  # gevent's own has two watchers of its own
_READ, _WRITE = 1, 2
_CHUNK = 16_384

# Called for each event with the monotonic time at which its bytes were read.
EventHandler = Callable[[Event, float], None]


class Connection:
    """One client's connection. `on_event` gets the core's events, Closed exactly once.

    Extra marks of the way are kept as monotonic times: `connected_at`, `secure_at`.
    """

    __slots__ = (
        "_backlog",
        "_endpoint",
        "_io",
        "_layer",
        "_on_event",
        "_shaking",
        "_sock",
        "_writable",
        "closed",
        "connected_at",
        "secure_at",
        "stream",
    )

    def __init__(self, endpoint: Endpoint, stream: ClientStream, on_event: EventHandler) -> None:
        self.stream = stream
        self.closed = False
        self.connected_at = 0.0
        self.secure_at = 0.0
        self._endpoint = endpoint
        self._on_event = on_event
        self._layer: TlsLayer | None = None
        self._shaking = False
        self._backlog = b""
        self._writable: Any = None
        self._sock: Any = None
        self._io: Any = None

    def open(self) -> None:
        """Begin to connect; the rest happens in callbacks."""
        host, port = self._endpoint.host, self._endpoint.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._sock = sock = _Socket(family, socket.SOCK_STREAM)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = sock.connect_ex((host, port))
        if code not in (0, errno.EINPROGRESS):
            self._lost(code)
            return
        loop = gevent.get_hub().loop
        self._io = loop.io(sock.fileno(), _READ)
        self._writable = loop.io(sock.fileno(), _WRITE)
        self._writable.start(self._on_connected)

    def send(self, data: bytes) -> None:
        """Send now, or as soon as the socket takes it."""
        if self._layer is not None and not self.closed:
            data = self._layer.encrypt(data)
        self._write(data)

    @property
    def backlog(self) -> int:
        """Bytes accepted by `send` that the socket has not taken."""
        return len(self._backlog)

    @property
    def tls(self) -> ssl.SSLObject | None:
        """The TLS object, for its version and cipher."""
        return self._layer.ssl if self._layer else None

    def close(self) -> None:
        """Send the closing tag; Closed follows when the server has answered or gone."""
        self.stream.close()
        self._flush()

    def abort(self, error: PeerError | None = None) -> None:
        """Drop the connection without a word."""
        if self.closed:
            return
        self.closed = True
        for watcher in (self._io, self._writable):
            if watcher is not None:
                watcher.stop()
                watcher.close()
        self._io = self._writable = None
        self._sock.close()
        self._on_event(Closed(error), monotonic())

    # Callbacks of the loop.

    def _on_connected(self) -> None:
        self._stop_writable()
        if code := self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._lost(code)
            return
        self.connected_at = monotonic()
        self._io.start(self._on_readable)
        if self._endpoint.tls == "direct":
            self._start_tls()
        else:
            self.stream.start()
            self._flush()

    def _on_readable(self) -> None:
        try:
            data = self._sock.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(error.errno)
            return
        now = monotonic()
        if not data:
            self._end_of_file()
        elif self._shaking:
            self._handshake(data)
        elif self._layer is None:
            self._feed(data, now)
        else:
            try:
                data = self._layer.decrypt(data)
            except ssl.SSLError as error:
                self.abort(_tls_error(error))
                return
            if data:
                self._feed(data, now)

    def _feed(self, data: bytes, now: float) -> None:
        stream = self.stream
        events = stream.receive(data)
        if stream.outgoing:
            self._flush()
        for event in events:
            kind = type(event)
            if kind is StartTls:
                self._start_tls()
            elif kind is Closed:
                self.abort(event.error)  # type: ignore[union-attr]
            else:
                self._on_event(event, now)

    def _end_of_file(self) -> None:
        # After our closing tag the end of the connection is the expected answer.
        orderly = self.stream.state in (State.CLOSING, State.CLOSED)
        self.abort(None if orderly else ConnectionLost("connection-closed", "by the server"))

    # TLS.

    def _start_tls(self) -> None:
        context = client_context(self._endpoint.ca, self._endpoint.verify)
        self._layer = TlsLayer(context, self._endpoint.domain)
        self._shaking = True
        self._handshake(b"")

    def _handshake(self, data: bytes) -> None:
        assert self._layer is not None
        try:
            done, out = self._layer.handshake(data)
        except ssl.SSLError as error:
            self.abort(_tls_error(error))
            return
        self._write(out)
        if not done or self.closed:
            return
        self._shaking = False
        self.secure_at = monotonic()
        if self._endpoint.tls == "direct":
            self.stream.start(self._layer.bindings())
        else:
            self.stream.tls_done(self._layer.bindings())
        self._flush()
        # The server's first bytes may have come in the same read as the end of its handshake.
        if early := self._layer.decrypt(b""):
            self._feed(early, self.secure_at)

    # Writing.

    def _flush(self) -> None:
        if data := self.stream.take():
            self.send(data)

    def _write(self, data: bytes) -> None:
        if self.closed or not data:
            return
        if self._backlog:
            self._backlog += data
            return
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._lost(error.errno)
            return
        if sent < len(data):
            self._backlog = data[sent:]
            self._writable = gevent.get_hub().loop.io(self._sock.fileno(), _WRITE)
            self._writable.start(self._on_writable)

    def _on_writable(self) -> None:
        data, self._backlog = self._backlog, b""
        self._stop_writable()
        self._write(data)

    def _stop_writable(self) -> None:
        self._writable.stop()
        self._writable.close()
        self._writable = None

    def _lost(self, code: int | None) -> None:
        name = errno.errorcode.get(code or 0, "")
        condition = {"ECONNREFUSED": "connection-refused", "ECONNRESET": "connection-reset"}.get(
            name, "connection-lost"
        )
        self.abort(ConnectionLost(condition, os.strerror(code or 0)))


def _tls_error(error: ssl.SSLError) -> PeerError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return PeerError("certificate-not-trusted", error.verify_message)
    return PeerError("tls-failed", error.reason or str(error))
