"""SASL mechanisms for the server (RFC 6120 section 6): EXTERNAL, PLAIN and SCRAM.

A mechanism takes one message of the client after the other with `step` and answers whether
the exchange is over and what to send. SCRAM (RFC 5802, RFC 7677) is scramp's; its channel
binding is tls-server-end-point.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from scramp import ScramException, ScramMechanism
from scramp.core import ClientFinal, Gs2Header
from scramp.utils import ServerError, saslprep

from harness.targets.embedded import jids
from harness.targets.embedded.config import Config
from harness.targets.embedded.faults import SaslFault
from harness.targets.embedded.store import Account, Store

BINDING = "tls-server-end-point"
_HASHES = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-1": "sha1"}
_PLUS = tuple(f"{name}-PLUS" for name in _HASHES)
ALL = ("EXTERNAL", *_PLUS, *_HASHES, "PLAIN")
_BAD_BINDING = {
    ServerError.CHANNEL_BINDING_NOT_SUPPORTED,
    ServerError.SERVER_DOES_SUPPORT_CHANNEL_BINDING,
    ServerError.UNSUPPORTED_CHANNEL_BINDING_TYPE,
}


@dataclass(frozen=True, slots=True)
class Channel:
    """What SASL may rely on below it."""

    secure: bool = False
    binding: bytes = b""  # of the type `BINDING`; empty without TLS
    identities: tuple[str, ...] = ()  # bare JIDs that the client's certificate proves


class Mechanism(Protocol):
    """One authentication exchange, seen from the server."""

    account: Account | None  # who it was, once `step` has said that the exchange is over

    def step(self, message: bytes | None) -> tuple[bool, bytes | None]:
        """Whether it is over, and the challenge or the additional data with success.

        `message` is None when <auth/> carried no initial response. Raises SaslFault.
        """
        ...


def offered(config: Config, store: Store, channel: Channel) -> tuple[str, ...]:
    """The mechanisms of this connection, strongest first (section 6.3.3)."""
    possible: list[str] = []
    if config.tls_required and not channel.secure:
        return ()
    if any(store.account(jid) for jid in channel.identities):  # section 6.3.4
        possible.append("EXTERNAL")
    possible += ALL[1:] if channel.secure else _HASHES
    return tuple(name for name in possible if _permitted(config, name))


def begin(
    name: str, config: Config, store: Store, channel: Channel, claimed: str = ""
) -> Mechanism:
    """The mechanism that the client asks for. Raises SaslFault when it can not have it.

    `claimed` is the bare JID in the header, which chooses among those of a certificate.
    """
    if name not in ALL:
        raise SaslFault("invalid-mechanism")
    if not channel.secure and (name == "PLAIN" or config.tls_required):
        raise SaslFault("encryption-required")
    if not _permitted(config, name):
        raise SaslFault("mechanism-too-weak")
    if name not in offered(config, store, channel):
        raise SaslFault("invalid-mechanism")
    if name == "EXTERNAL":
        return _External(store, channel.identities, claimed)
    return _Plain(store) if name == "PLAIN" else _Scram(name, store, channel.binding)


def _permitted(config: Config, name: str) -> bool:
    return config.mechanisms is None or name in config.mechanisms


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


def check_authzid(authzid: str, account: str) -> None:
    """Nobody may act for another account; it is named by its bare JID (section 6.3.8)."""
    if authzid and _prepared(authzid) != account:
        raise SaslFault("invalid-authzid")


def _prepared(authzid: str) -> str:
    try:
        return jids.parse(authzid).full
    except ValueError:
        return ""


class _External:
    """RFC 4422 appendix A: who the certificate of the TLS layer says it is (XEP-0178)."""

    def __init__(self, store: Store, identities: Sequence[str], claimed: str) -> None:
        self.account: Account | None = None
        self._known = [jid for jid in identities if store.account(jid)]
        self._claimed = claimed
        self._store = store

    def step(self, message: bytes | None) -> tuple[bool, bytes | None]:
        if message is None:
            return False, b""
        try:
            authzid = message.decode()
        except UnicodeDecodeError:
            raise SaslFault("malformed-request") from None
        chosen = self._claimed if self._claimed in self._known else self._known[0]
        if authzid:
            chosen = _prepared(authzid)
        if chosen not in self._known:
            raise SaslFault("invalid-authzid")
        self.account = self._store.account(chosen)
        return True, None


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
        account = self._store.check(user, password)
        if account is None:
            raise SaslFault("not-authorized")
        check_authzid(authzid, account.jid)
        self.account = account
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
            ClientFinal(text)
        except (ScramException, ValueError) as error:
            unbound = getattr(error, "server_error", None) in _BAD_BINDING
            raise SaslFault("not-authorized" if unbound else "malformed-request") from None
        return True, self._client_final(text).encode()

    def _client_first(self, text: str) -> str:
        flag, authorization, bare = text.split(",", 2)
        if flag.startswith("p=") and not self._plus:
            raise SaslFault("malformed-request")
        self._server.set_client_first(f"{flag},,{bare}")
        if authorization:
            marker, _, authzid = authorization.partition("=")
            if marker != "a" or not authzid:
                raise SaslFault("malformed-request")
            authzid = authzid.replace("=2C", ",").replace("=3D", "=")
            check_authzid(authzid, self._store.jid(self._user))
            header = self._server.gs2_header
            self._server.gs2_header = _Gs2HeaderWithAuthzid(header, authorization)
        return str(self._server.get_server_first())

    def _client_final(self, text: str) -> str:
        """Nonce, channel binding and proof: whichever is wrong, the client is not who it says."""
        try:
            self._server.set_client_final(text)
        except ScramException:
            raise SaslFault("not-authorized") from None
        self.account = self._store.find(self._user)
        return str(self._server.get_server_final())

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
