"""One TCP connection on asyncio, with TLS from wherever the case wants it; bytes in and out."""

from __future__ import annotations

import asyncio
import ssl

from harness.errors import ConnectionLost, PeerError
from harness.transport.tls import TlsLayer

CONNECT_S = 10.0
HANDSHAKE_S = 10.0


class Connection:
    """A connection. Sending to one that is gone does nothing: reading tells that it is."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.tls: TlsLayer | None = None

    @classmethod
    async def open(cls, host: str, port: int) -> Connection:
        """Connect. Raises ConnectionLost."""
        try:
            async with asyncio.timeout(CONNECT_S):
                return cls(*await asyncio.open_connection(host, port))
        except OSError as error:  # TimeoutError is one
            raise ConnectionLost("connection-refused", f"{host} port {port}: {error}") from error

    async def start_tls(self, context: ssl.SSLContext, domain: str) -> None:
        """Do the handshake. Raises PeerError when the server does not."""
        layer = TlsLayer(context, domain)
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                done, out = layer.handshake()
                while True:
                    self._put(out)
                    if done:
                        break
                    if not (data := await self._reader.read(65536)):
                        raise PeerError("tls-failure", "the connection ended in the handshake")
                    done, out = layer.handshake(data)
        except (OSError, ssl.SSLError) as error:
            raise PeerError("tls-failure", str(error) or type(error).__name__) from error
        self.tls = layer

    async def send(self, data: bytes) -> None:
        """Hand the bytes to the network."""
        if self.tls is None:
            await self.send_outside_tls(data)
            return
        try:
            await self.send_outside_tls(self.tls.encrypt(data))
        except ssl.SSLError:  # the server has ended TLS; reading tells
            return

    async def send_outside_tls(self, data: bytes) -> None:
        """Bytes as they are, whatever the connection has agreed on."""
        self._put(data)
        try:
            await self._writer.drain()
        except OSError:
            return

    async def read(self) -> bytes:
        """What comes next; empty at the end. Raises ConnectionResetError."""
        while True:
            try:
                data = await self._reader.read(65536)
            except ConnectionResetError:
                raise
            except OSError as error:
                raise ConnectionResetError(str(error)) from error
            if not data or self.tls is None:
                return data
            try:
                plain = self.tls.decrypt(data)
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLError as error:
                raise ConnectionResetError(str(error)) from error
            if plain:
                return plain

    def half_close(self) -> None:
        """End our direction: close_notify where TLS is on, then FIN."""
        if self.tls is not None:
            self._put(self.tls.shutdown())
        if self._writer.can_write_eof():
            self._writer.write_eof()

    async def close(self) -> None:
        """Close both directions at once."""
        self._writer.transport.abort()
        try:
            await self._writer.wait_closed()
        except OSError:
            return

    def _put(self, data: bytes) -> None:
        if data and not self._writer.is_closing():
            self._writer.write(data)
