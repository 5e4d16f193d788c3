"""TLS for many client connections: shared contexts, memory BIOs, channel bindings."""

from __future__ import annotations

import hashlib
import ssl
from contextlib import suppress
from functools import cache

from harness.errors import HarnessError


@cache
def client_context(ca: str | None, verify: bool) -> ssl.SSLContext:
    """One context for every connection with these settings; a context of its own costs each
    connection about a megabyte and most of a login's CPU.

    Raises HarnessError when the CA file can not be used.
    """
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise HarnessError(f"cannot read CA certificates from {ca}: {error}") from error
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["xmpp-client"])
    return context


class TlsLayer:
    """One connection's TLS between two byte streams. All methods may raise ssl.SSLError."""

    __slots__ = ("_incoming", "_outgoing", "ssl")

    def __init__(self, context: ssl.SSLContext, domain: str) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.ssl = context.wrap_bio(self._incoming, self._outgoing, server_hostname=domain)

    def handshake(self, data: bytes = b"") -> tuple[bool, bytes]:
        """Go on with the handshake: (whether it is done, what must be sent)."""
        if data:
            self._incoming.write(data)
        try:
            self.ssl.do_handshake()
            done = True
        except ssl.SSLWantReadError:
            done = False
        return done, self._outgoing.read()

    def decrypt(self, data: bytes) -> bytes:
        """The plaintext that these bytes complete; may be empty."""
        self._incoming.write(data)
        plain = b""
        try:
            while chunk := self.ssl.read(65536):
                plain = plain + chunk if plain else chunk
        except ssl.SSLWantReadError:
            pass
        return plain

    def encrypt(self, data: bytes) -> bytes:
        """The records for this plaintext."""
        self.ssl.write(data)
        return self._outgoing.read()

    def shutdown(self) -> bytes:
        """The record that ends our direction."""
        with suppress(ssl.SSLError):  # the peer's own end has not come yet
            self.ssl.unwrap()
        return self._outgoing.read()

    def bindings(self) -> dict[str, bytes]:
        """Channel bindings of this connection, the preferred first (RFC 5929).

        The hash of the certificate is that of its signature, but never weaker than SHA-256
        (section 4.1); certificates signed with anything else are rare enough to leave out.
        """
        found: dict[str, bytes] = {}
        if self.ssl.version() in ("TLSv1.2", "TLSv1.1", "TLSv1"):
            unique = self.ssl.get_channel_binding("tls-unique")
            if unique:
                found["tls-unique"] = unique
        certificate = self.ssl.getpeercert(binary_form=True)
        if certificate:
            found["tls-server-end-point"] = hashlib.sha256(certificate).digest()
        return found
