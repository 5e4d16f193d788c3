"""The server's side of TLS: its context and one connection's memory BIOs."""

from __future__ import annotations

import contextlib
import hashlib
import ssl

_CHANGE_CIPHER_SPEC, _HANDSHAKE = 20, 22  # content types of TLS records


class TlsContext:
    """The certificate and what is derived from it.

    With `client_ca`, a PEM file, clients are asked for a certificate; they need not have one,
    but if they show one that this authority did not issue, the handshake fails (section 13.7.2).
    """

    def __init__(self, certificate: str, client_ca: str | None = None) -> None:
        self.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
        self.ssl.load_cert_chain(certificate)
        if client_ca is not None:
            self.ssl.load_verify_locations(client_ca)
            self.ssl.verify_mode = ssl.CERT_OPTIONAL
        self.ssl.set_alpn_protocols(["xmpp-client"])  # XEP-0368
        with open(certificate, encoding="ascii") as file:
            text = file.read()
        start = text.index("-----BEGIN CERTIFICATE-----")
        end = text.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----")
        # tls-server-end-point (RFC 5929 section 4.1); our certificates are signed with SHA-256.
        der = ssl.PEM_cert_to_DER_cert(text[start:end])
        self.binding = hashlib.sha256(der).digest()


class Records:
    """Notices a renegotiation, which we do not support, in the headers of a client's records.

    OpenSSL would refuse it and go on; RFC 6120 section 5.3.5 wants the connection ended. After
    the change to ciphers a client sends one handshake record in the clear about its type,
    <Finished> of TLS 1.2 or the second <ClientHello> of TLS 1.3, and never another one.
    """

    __slots__ = ("_ciphered", "_header", "_left")

    def __init__(self) -> None:
        self._header = b""
        self._left = 0  # bytes of the current record
        self._ciphered: list[int] = []  # types from the change to ciphers on

    def feed(self, data: bytes) -> None:
        """Look at bytes from the network. Raises ssl.SSLError."""
        position = 0
        while position < len(data):
            if self._left:
                step = min(self._left, len(data) - position)
                self._left -= step
            else:
                step = min(5 - len(self._header), len(data) - position)
                self._header += data[position : position + step]
                if len(self._header) == 5:
                    self._begin(self._header[0])
                    self._left = int.from_bytes(self._header[3:])
                    self._header = b""
            position += step

    def _begin(self, kind: int) -> None:
        if kind == _CHANGE_CIPHER_SPEC:
            self._ciphered = [kind]
        elif kind == _HANDSHAKE and self._ciphered:
            if _HANDSHAKE in self._ciphered:
                raise ssl.SSLError("renegotiation is not supported")
            self._ciphered.append(kind)


class Tls:
    """One connection's TLS between two byte streams. All methods may raise ssl.SSLError."""

    __slots__ = ("_incoming", "_outgoing", "_records", "_ssl", "established")

    def __init__(self, context: TlsContext) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._ssl = context.ssl.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._records = Records()
        self.established = False

    def feed(self, data: bytes) -> None:
        """Take bytes from the network."""
        self._records.feed(data)
        self._incoming.write(data)

    def handshake(self) -> None:
        """Go on with the handshake as far as the bytes reach."""
        try:
            self._ssl.do_handshake()
            self.established = True
        except ssl.SSLWantReadError:
            pass

    def client_certificate(self) -> bytes | None:
        """The verified certificate of the client (DER), if it has shown one."""
        return self._ssl.getpeercert(binary_form=True)

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
