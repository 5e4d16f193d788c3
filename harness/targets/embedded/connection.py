"""One TCP connection: the session's link to an asyncio transport, with TLS where it is wanted.

Output is collected and written once per turn of the event loop, so that a resource which gets
many stanzas in one turn costs one system call.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable

from harness.targets.embedded import external
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.session import Session
from harness.targets.embedded.tls import Tls, TlsContext

_log = logging.getLogger(__name__)


class Output:
    """The connections with something to write, flushed together, and the one read buffer."""

    def __init__(self) -> None:
        self.buffer = memoryview(bytearray(65_536))  # used only within one turn
        self._waiting: list[Connection] = []

    def add(self, connection: Connection) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.flush)
        self._waiting.append(connection)

    def flush(self) -> None:
        """Write what has been collected."""
        waiting, self._waiting = self._waiting, []
        for connection in waiting:
            connection.flush()


class Connection(asyncio.BufferedProtocol):
    """Follows `session.Link`."""

    __slots__ = (
        "_connections",
        "_context",
        "_domain",
        "_finished",
        "_out",
        "_output",
        "_timer",
        "_tls",
        "_transport",
        "session",
    )

    def __init__(
        self,
        domain: Domain,
        output: Output,
        context: TlsContext | None,
        connections: set[Connection],
        *,
        direct: bool,
    ) -> None:
        self._domain = domain
        self._output = output
        self._context = context
        self._connections = connections
        self._out: list[bytes] = []
        self._tls = Tls(context) if direct and context else None
        self._timer: asyncio.TimerHandle | None = None
        self._finished = False  # our direction of the connection has ended
        self.session = Session(domain, self)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport: asyncio.Transport = transport
        self._connections.add(self)
        self._after(self._domain.config.negotiation_s, self.session.expire)

    def get_buffer(self, _sizehint: int) -> memoryview:
        return self._output.buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = bytes(self._output.buffer[:nbytes])
        try:
            if self._tls is None:
                self.session.receive(data)
            else:
                self._receive_tls(self._tls, data)
        except Exception:
            _log.exception("internal error")
            self.session.fail("internal-server-error")

    def eof_received(self) -> None:
        self.session.lost()
        self.finish()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._cancel_timer()
        self.session.lost()

    # What the session calls.

    def send(self, data: bytes) -> None:
        if not self._out:
            self._output.add(self)
        self._out.append(data)

    def start_tls(self) -> None:
        assert self._context is not None
        self.flush()
        self._tls = Tls(self._context)

    def settled(self) -> None:
        self._cancel_timer()

    def expect_end(self) -> None:
        self._after(self._domain.config.closing_s, self.finish)

    def finish(self) -> None:
        """Say that we are done, and leave it to the other side to close, for a while."""
        if self._finished:
            return
        self.flush()
        if self._tls is not None and self._tls.established:
            self._tls.close()
            self._write(self._tls.take())
        self._finished = True
        if not self._transport.is_closing():
            with contextlib.suppress(OSError):  # the other side is gone already
                self._transport.write_eof()
            self._after(self._domain.config.closing_s, self._transport.abort)

    # Inside.

    def _receive_tls(self, tls: Tls, data: bytes) -> None:
        try:
            tls.feed(data)
            if not tls.established:
                tls.handshake()
                if tls.established:
                    self.session.tls_done(self._identities(tls))
            while tls.established and (plain := tls.read()) != b"":
                if plain is None:
                    self.session.lost()
                    self.finish()
                    return
                self.session.receive(plain)
        except ssl.SSLError as error:
            # The handshake's failure ends the connection without a word (section 5.4.3.2).
            _log.info("TLS: %s", error)
            self._write(tls.take())
            self._transport.close()
        else:
            self._write(tls.take())

    def _identities(self, tls: Tls) -> tuple[str, ...]:
        certificate = tls.client_certificate()
        return external.identities(certificate, self._domain.name) if certificate else ()

    def flush(self) -> None:
        """Write what the session has sent since the last time."""
        out, self._out = self._out, []
        if not out or self._finished or self._transport.is_closing():
            return
        data = b"".join(out)
        if self._tls is not None:
            if not self._tls.established:
                return  # no XML while the handshake lasts (section 5.4.3.1)
            self._tls.write(data)
            data = self._tls.take()
        self._write(data)
        if self._transport.get_write_buffer_size() > self._domain.config.output_bytes:
            self.session.fail("resource-constraint", "the client does not read")

    def _write(self, data: bytes) -> None:
        if data and not self._finished and not self._transport.is_closing():
            self._transport.write(data)

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        self._cancel_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, action)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
