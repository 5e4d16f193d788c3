"""The server's side of TLS: its context and one connection's memory BIOs."""

from __future__ import annotations

import contextlib
import hashlib
import ssl


class TlsContext:
    """The certificate and what is derived from it."""

    def __init__(self, certificate: str) -> None:
        self.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
        self.ssl.load_cert_chain(certificate)
        self.ssl.set_alpn_protocols(["xmpp-client"])  # XEP-0368
        with open(certificate, encoding="ascii") as file:
            text = file.read()
        start = text.index("-----BEGIN CERTIFICATE-----")
        end = text.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----")
        # tls-server-end-point (RFC 5929 section 4.1); our certificates are signed with SHA-256.
        der = ssl.PEM_cert_to_DER_cert(text[start:end])
        self.binding = hashlib.sha256(der).digest()


class Tls:
    """One connection's TLS between two byte streams. All methods may raise ssl.SSLError."""

    __slots__ = ("_incoming", "_outgoing", "_ssl", "established")

    def __init__(self, context: TlsContext) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._ssl = context.ssl.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.established = False

    def feed(self, data: bytes) -> None:
        """Take bytes from the network."""
        self._incoming.write(data)

    def handshake(self) -> None:
        """Go on with the handshake as far as the bytes reach."""
        try:
            self._ssl.do_handshake()
            self.established = True
        except ssl.SSLWantReadError:
            pass

    def read(self) -> bytes | None:
        """Plaintext; empty when more bytes are needed, None after the other side's end."""
        try:
            return self._ssl.read(65_536) or None
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLZeroReturnError:
            return None

    def write(self, data: bytes) -> None:
        """Take plaintext."""
        view = memoryview(data)
        while view:
            view = view[self._ssl.write(view) :]

    def close(self) -> None:
        """Say that nothing more will come (close_notify)."""
        with contextlib.suppress(ssl.SSLError):  # theirs is not awaited here
            self._ssl.unwrap()

    def take(self) -> bytes:
        """Bytes for the network."""
        return self._outgoing.read()
