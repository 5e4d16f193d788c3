"""One TCP connection on asyncio, with TLS from wherever the case wants it; bytes in and out.

The socket is read and written without asyncio's streams: these drop what has arrived when a
reset follows, and a server that refuses us often resets the connection right behind its words.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from contextlib import suppress

from harness.errors import ConnectionLost, PeerError
from harness.transport.tls import TlsLayer

CONNECT_S = 10.0
HANDSHAKE_S = 10.0
SEND_S = 10.0  # how long a server may leave our bytes unread
_QUICK = getattr(socket, "TCP_QUICKACK", None)  # Linux


class Connection:
    """A connection. Sending to one that is gone does nothing: reading tells that it is."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._loop = asyncio.get_running_loop()
        self.tls: TlsLayer | None = None

    @classmethod
    async def open(cls, host: str, port: int) -> Connection:
        """Connect. Raises ConnectionLost."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_S):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                family, kind, protocol, _, address = found[0]
                connected = socket.socket(family, kind, protocol)
                connected.setblocking(False)
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await loop.sock_connect(connected, address)
        except OSError as error:  # TimeoutError is one
            raise ConnectionLost("connection-refused", f"{host} port {port}: {error}") from error
        return cls(connected)

    async def start_tls(self, context: ssl.SSLContext, domain: str) -> None:
        """Do the handshake. Raises PeerError when the server does not."""
        layer = TlsLayer(context, domain)
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                done, out = layer.handshake()
                while True:
                    await self.send_outside_tls(out)
                    if done:
                        break
                    if not (data := await self._loop.sock_recv(self._socket, 65536)):
                        raise PeerError("tls-failure", "the connection ended in the handshake")
                    done, out = layer.handshake(data)
        except (OSError, ssl.SSLError) as error:
            raise PeerError("tls-failure", str(error) or type(error).__name__) from error
        self.tls = layer

    async def send(self, data: bytes) -> None:
        """Hand the bytes to the network."""
        if self.tls is not None:
            try:
                data = self.tls.encrypt(data)
            except ssl.SSLError:  # the server has ended TLS
                return
        await self.send_outside_tls(data)

    async def send_outside_tls(self, data: bytes) -> None:
        """Bytes as they are, whatever the connection has agreed on."""
        with suppress(OSError):
            async with asyncio.timeout(SEND_S):
                await self._loop.sock_sendall(self._socket, data)

    async def read(self) -> bytes:
        """What comes next; empty at the end. Raises ConnectionResetError."""
        while True:
            try:
                if _QUICK is not None:
                    # A server that leaves Nagle's algorithm on waits for the ACK that we delay:
                    # 40 ms for each of its second writes. The option holds for the next ACKs only.
                    self._socket.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)
                data = await self._loop.sock_recv(self._socket, 65536)
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

    async def half_close(self) -> None:
        """End our direction: close_notify where TLS is on, then FIN."""
        if self.tls is not None:
            await self.send_outside_tls(self.tls.shutdown())
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Break the connection: a RST instead of an orderly end."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def close(self) -> None:
        """Close both directions at once."""
        self._socket.close()
