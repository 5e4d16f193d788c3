"""SASL for the server (RFC 6120 section 6): PLAIN and SCRAM, with tls-server-end-point.

A mechanism takes one message of the client after the other with `step` and answers whether
the exchange is over and what to send. SCRAM (RFC 5802, RFC 7677) is scramp's.
"""

from __future__ import annotations

import base64
import binascii
from typing import Protocol

from scramp import ScramException, ScramMechanism
from scramp.core import Gs2Header
from scramp.utils import ServerError, saslprep

from harness.targets.embedded.faults import SaslFault
from harness.targets.embedded.store import Account, Store

BINDING = "tls-server-end-point"
_HASHES = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-1": "sha1"}
_ALL = (*(f"{name}-PLUS" for name in _HASHES), *_HASHES, "PLAIN")
_BAD_PROOF = {
    ServerError.INVALID_PROOF,
    ServerError.UNKNOWN_USER,
    ServerError.CHANNEL_BINDINGS_DONT_MATCH,
    ServerError.CHANNEL_BINDING_NOT_SUPPORTED,
    ServerError.SERVER_DOES_SUPPORT_CHANNEL_BINDING,
    ServerError.UNSUPPORTED_CHANNEL_BINDING_TYPE,
}


class Mechanism(Protocol):
    """One authentication exchange, seen from the server."""

    account: Account | None  # who it was, once `step` has said that the exchange is over

    def step(self, message: bytes | None) -> tuple[bool, bytes | None]:
        """Whether it is over, and the challenge or the additional data with success.

        `message` is None when <auth/> carried no initial response. Raises SaslFault.
        """
        ...


def offered(secure: bool) -> tuple[str, ...]:
    """The mechanisms of this connection, strongest first (section 6.3.3)."""
    return _ALL if secure else tuple(_HASHES)


def begin(name: str, store: Store, secure: bool, binding: bytes) -> Mechanism:
    """The mechanism that the client asks for. Raises SaslFault when it can not have it."""
    if name == "PLAIN" and not secure:
        raise SaslFault("encryption-required")
    if name not in offered(secure):
        raise SaslFault("invalid-mechanism")
    return _Plain(store) if name == "PLAIN" else _Scram(name, store, binding)


def decode(text: str | None) -> bytes | None:
    """The message in an element's text; "=" stands for an empty one (section 6.4.2)."""
    if not text:
        return None
    if text == "=":
        return b""
    try:
        message = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SaslFault("incorrect-encoding") from None
    if base64.b64encode(message).decode() != text:  # padding bits are zero (section 6.3.5)
        raise SaslFault("incorrect-encoding")
    return message


def encode(message: bytes) -> str:
    """The text of an element that carries the message."""
    return base64.b64encode(message).decode() or "="


def check_authzid(authzid: str, user: str, domain: str) -> None:
    """Nobody may act for another account (section 6.3.8)."""
    if authzid and authzid.lower() != f"{user}@{domain}".lower():
        raise SaslFault("invalid-authzid")


class _Plain:
    """RFC 4616."""

    def __init__(self, store: Store) -> None:
        self.account: Account | None = None
        self._store = store

    def step(self, message: bytes | None) -> tuple[bool, bytes | None]:
        if message is None:
            return False, b""
        try:
            authzid, user, password = message.decode().split("\0")
            user, password = saslprep(user), saslprep(password)
        except (ValueError, ScramException):
            raise SaslFault("malformed-request") from None
        if not user or not password:
            raise SaslFault("malformed-request")
        self.account = self._store.check(user, password)
        if self.account is None:
            raise SaslFault("not-authorized")
        check_authzid(authzid, user, self._store.domain)
        return True, None


class _Scram:
    """RFC 5802. On TLS the binding is known to both forms, so that a downgrade is noticed."""

    def __init__(self, name: str, store: Store, binding: bytes) -> None:
        self.account: Account | None = None
        self._plus = name.endswith("-PLUS")
        self._store = store
        self._user = ""
        self._hash = _HASHES[name.removesuffix("-PLUS")]
        self._first = True
        self._server = ScramMechanism(name).make_server(
            self._verifier, (BINDING, binding) if binding else None
        )

    def step(self, message: bytes | None) -> tuple[bool, bytes | None]:
        if message is None:
            if self._first:
                return False, b""
            raise SaslFault("malformed-request")
        try:
            text = message.decode()
            if self._first:
                self._first = False
                return False, self._client_first(text).encode()
            self._server.set_client_final(text)
        except ScramException as error:
            unproven = error.server_error in _BAD_PROOF
            raise SaslFault("not-authorized" if unproven else "malformed-request") from None
        except ValueError:
            raise SaslFault("malformed-request") from None
        self.account = self._store.find(self._user)
        return True, self._server.get_server_final().encode()

    def _client_first(self, text: str) -> str:
        flag, authorization, bare = text.split(",", 2)
        if flag.startswith("p=") and not self._plus:
            raise SaslFault("malformed-request")
        self._server.set_client_first(f"{flag},,{bare}")
        if authorization:
            marker, _, authzid = authorization.partition("=")
            if marker != "a":
                raise SaslFault("malformed-request")
            authzid = authzid.replace("=2C", ",").replace("=3D", "=")
            check_authzid(authzid, self._user, self._store.domain)
            header = self._server.gs2_header
            self._server.gs2_header = _Gs2HeaderWithAuthzid(header, authorization)
        return str(self._server.get_server_first())

    def _verifier(self, user: str) -> tuple[bytes, bytes, bytes, int]:
        self._user = user
        return self._store.verifier(user, self._hash)


class _Gs2HeaderWithAuthzid(Gs2Header):  # type: ignore[misc]
    """scramp knows no authorization identity; the client's proof covers it all the same."""

    def __init__(self, header: Gs2Header, authorization: str) -> None:
        super().__init__(header.gs2_char, header.cb_name)
        self._authorization = authorization

    def __str__(self) -> str:
        return f"{super().__str__()[:-1]}{self._authorization},"
