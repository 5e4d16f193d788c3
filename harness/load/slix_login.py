"""What the complete client must know of a login that slixmpp does not tell: how far it got, and
why it can not go on (slixmpp writes that to its log and waits)."""

from __future__ import annotations

import errno
import os
import ssl
from collections.abc import Sequence
from time import monotonic
from xml.etree.ElementTree import Element

from gevent.event import AsyncResult

from harness.errors import ConnectionLost, NegotiationError, PeerError, SaslError, StreamError
from harness.load.client import PHASES
from harness.targets.base import TlsMode
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

FEATURES = f"{{{ns.STREAM}}}features"
STREAM_ERROR = f"{{{ns.STREAM}}}error"


class LoginInProgress:
    """Lives only while the login does. `done` is what the user's greenlet waits for."""

    __slots__ = ("done", "marks")

    def __init__(self) -> None:
        self.done = AsyncResult()
        self.marks = {"begin": monotonic()}

    def fail(self, error: PeerError) -> None:
        """The login ends with this, unless it has ended before."""
        if not self.done.ready():
            self.done.set_exception(error)

    def missing(self) -> str:
        """The first phase without an end, for the error text."""
        reached = set(self.marks) | ({"tls"} if "sasl" in self.marks else set())
        return next((phase for phase in PHASES if phase not in reached), PHASES[-1])


def check_negotiation(element: Element) -> None:
    """Raise the error that this element is, if it is one."""
    if element.tag == f"{{{ns.SASL}}}failure":
        raise SaslError(*stanza.condition_of(element, ns.SASL))
    if element.tag == STREAM_ERROR:
        raise StreamError(*stanza.condition_of(element, ns.STREAMS))
    if element.tag == f"{{{ns.TLS}}}failure":
        raise NegotiationError("tls-failure", "the server refused STARTTLS")
    if element.tag == ns.IQ and element.get("type") == "error":
        raise stanza.stanza_error(element)


def check_features(
    features: Element,
    *,
    tls: TlsMode,
    secure: ssl.SSLObject | None,
    authenticated: bool,
    allowed: Sequence[str],
) -> str | None:
    """The SASL mechanism to use if it is time for it. Raises NegotiationError when what comes
    next is not on offer."""
    starttls = features.find(f"{{{ns.TLS}}}starttls")
    if tls == "starttls" and secure is None:
        if starttls is None:
            raise NegotiationError("no-starttls", "the server does not offer STARTTLS")
        return None
    if authenticated:
        if features.find(f"{{{ns.BIND}}}bind") is None:
            raise NegotiationError("no-bind", "the server does not offer resource binding")
        return None
    offered = [e.text or "" for e in features.iterfind(f"{{{ns.SASL}}}mechanisms/")]
    if not offered and starttls is not None:
        raise NegotiationError("tls-required", "the server insists on STARTTLS")
    return _choose(offered, allowed, bindable=_bindable(secure))


def connection_error(error: OSError) -> PeerError:
    """What a failed connect, handshake, read or write means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return PeerError("certificate-not-trusted", error.verify_message)
    if isinstance(error, ssl.SSLError):
        return PeerError("tls-failed", error.reason or str(error))
    code = error.errno or 0
    condition = {
        errno.ECONNREFUSED: "connection-refused",
        errno.ECONNRESET: "connection-reset",
    }.get(code, "connection-lost")
    # asyncio puts the address into strerror; the resolver's codes are negative.
    return ConnectionLost(condition, os.strerror(code) if code > 0 else str(error))


def _choose(offered: Sequence[str], allowed: Sequence[str], *, bindable: bool) -> str:
    """The first allowed mechanism (slixmpp has an order of its own)."""
    for name in allowed:
        if name in offered and (bindable or not name.endswith("-PLUS")):
            return name
    raise NegotiationError(
        "invalid-mechanism",
        f"the server offers {', '.join(offered) or 'nothing'}, "
        f"slixmpp may use {', '.join(allowed)}",
    )


def _bindable(secure: ssl.SSLObject | None) -> bool:
    """Whether slixmpp can bind SASL to this TLS: by what Python's ssl gives it, and no more."""
    if secure is None:
        return False
    return secure.version() != "TLSv1.3" or "tls-exporter" in ssl.CHANNEL_BINDING_TYPES
