"""SASL for clients (RFC 6120 section 6): choosing a mechanism and stepping through it.

SCRAM (RFC 5802, RFC 7677) is scramp's. Its expensive part, deriving the salted password, is
cached for each password, salt and iteration count, so that a thousand simulated users who
share a verifier cost one derivation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

import scramp.core
from scramp import ScramClient, ScramException

from harness.errors import NegotiationError, SaslError

# Strongest first; a -PLUS form is taken where a channel binding that both know exists.
SCRAM = ("SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1")
DEFAULT_ORDER = (*(f"{name}-PLUS" for name in SCRAM), *SCRAM, "PLAIN")
KNOWN = (*DEFAULT_ORDER, "EXTERNAL", "ANONYMOUS")

_HashFunction = Callable[[], "hashlib._Hash"]


@lru_cache(maxsize=65_536)
def salted_password(algorithm: str, password: bytes, salt: bytes, iterations: int) -> bytes:
    """SaltedPassword of RFC 5802 section 3; `algorithm` is hashlib's name of the hash."""
    return hashlib.pbkdf2_hmac(algorithm, password, salt, iterations)


def _for_scramp(
    hash_function: _HashFunction, password: bytes, salt: bytes, iterations: object
) -> bytes:
    return salted_password(hash_function().name, password, salt, int(str(iterations)))


scramp.core.hi = _for_scramp  # the one place in scramp that derives it


class Mechanism(Protocol):
    """One authentication exchange. Payloads are the decoded SASL messages."""

    name: str

    def start(self) -> bytes | None:
        """The initial response; None for no initial response."""
        ...

    def respond(self, challenge: bytes) -> bytes:
        """The answer to a challenge. Raises SaslError when the server breaks the exchange."""
        ...

    def finish(self, additional: bytes | None) -> None:
        """Check what came with success. Raises SaslError when the server is not who it says."""
        ...


class _SingleMessage:
    """PLAIN (RFC 4616), EXTERNAL (RFC 4422 appendix A) and ANONYMOUS (RFC 4505)."""

    def __init__(self, name: str, message: bytes) -> None:
        self.name = name
        self._message = message

    def start(self) -> bytes:
        return self._message

    def respond(self, challenge: bytes) -> bytes:
        if challenge:
            raise SaslError("unexpected-challenge", self.name)
        return self._message

    def finish(self, additional: bytes | None) -> None:
        pass


class _Scram:
    def __init__(
        self, name: str, user: str, password: str, binding: tuple[str, bytes] | None
    ) -> None:
        self.name = name
        self._client = ScramClient([name], user, password, channel_binding=binding)
        self._verified = False

    def start(self) -> bytes:
        return str(self._client.get_client_first()).encode()

    def respond(self, challenge: bytes) -> bytes:
        if self._client.stage == scramp.core.ClientStage.get_client_final:
            self._verify(challenge)  # some servers send the signature as a challenge
            return b""
        try:
            self._client.set_server_first(challenge.decode())
        except (ScramException, ValueError) as error:
            raise SaslError("malformed-challenge", str(error)) from error
        return str(self._client.get_client_final()).encode()

    def finish(self, additional: bytes | None) -> None:
        if not self._verified:
            self._verify(additional or b"")

    def _verify(self, message: bytes) -> None:
        try:
            self._client.set_server_final(message.decode())
        except (ScramException, ValueError) as error:
            raise SaslError("server-not-authenticated", str(error)) from error
        self._verified = True


def choose(
    offered: Sequence[str],
    *,
    user: str,
    password: str,
    allowed: Sequence[str] = DEFAULT_ORDER,
    bindings: Mapping[str, bytes] | None = None,
    binding_types: Sequence[str] = (),
) -> Mechanism:
    """The first of `allowed` that the server offers and that we can do.

    `bindings` are the channel bindings of this connection by type (RFC 5929), `binding_types`
    those that the server says it knows (XEP-0440). Without that word, a -PLUS mechanism is
    used only when it is the only thing allowed, because the server may not know our type.
    Raises NegotiationError when nothing fits.
    """
    ours = dict(bindings or {})
    common = [name for name in ours if name in binding_types]
    for name in allowed:
        if name not in offered:
            continue
        if name == "PLAIN":
            return _SingleMessage(name, b"\0" + user.encode() + b"\0" + password.encode())
        if name in ("EXTERNAL", "ANONYMOUS"):
            return _SingleMessage(name, b"")
        if not name.endswith("-PLUS"):
            return _Scram(name, user, password, None)
        if not common and ours and all(other.endswith("-PLUS") for other in allowed):
            common = list(ours)
        if common:
            return _Scram(name, user, password, (common[0], ours[common[0]]))
    raise NegotiationError(
        "invalid-mechanism",
        f"the server offers {', '.join(offered) or 'nothing'}, we may use {', '.join(allowed)}",
    )
