"""A client's stream without I/O: bytes in, events and bytes out.

The negotiation is the table `TABLE`: (state, input) -> the method that handles it. A method
returns the next state. What has no row is a violation of the protocol by the server, and ends
the stream. Rows read from top to bottom are a normal login:

    OPENING     our header is sent, the server's is awaited
    FEATURES    the server's header has come, <stream:features/> are awaited
    STARTTLS    <starttls/> is sent
    HANDSHAKE   the driver does TLS; `tls_done` continues
    SASL        <auth/> is sent; challenges and responses
    BIND        the bind request is sent
    SESSION     the legacy session request is sent, for servers that insist
    BOUND       stanzas flow
    CLOSING     we sent </stream:stream> and still read what comes
    CLOSED      nothing more is read or sent

Times are the driver's affair; the events mark the ends of the login's phases.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Literal, NamedTuple
from xml.etree.ElementTree import Element

from harness.errors import (
    NegotiationError,
    PeerError,
    SaslError,
    StreamError,
    StreamViolation,
)
from harness.xmpp import namespaces as ns
from harness.xmpp import sasl, stanza
from harness.xmpp.parser import Limits, ParserEvent, StreamEnd, StreamHeader, StreamParser
from harness.xmpp.scan import ScannedMessage

_HEADER = stanza.Template(
    "<?xml version='1.0'?><stream:stream to='{to}' version='1.0' xml:lang='en' "
    f"xmlns='{ns.CLIENT}' xmlns:stream='{ns.STREAM}'>"
)
_AUTH = stanza.Template(f"<auth xmlns='{ns.SASL}' mechanism='{{mechanism}}'>{{payload}}</auth>")
_RESPONSE = stanza.Template(f"<response xmlns='{ns.SASL}'>{{payload}}</response>")
_BIND = stanza.Template(
    f"<iq type='set' id='bind'><bind xmlns='{ns.BIND}'>{{resource}}</bind></iq>"
)
_RESOURCE = stanza.Template("<resource>{resource}</resource>")
_SESSION = f"<iq type='set' id='session'><session xmlns='{ns.SESSION}'/></iq>".encode()
_STARTTLS = f"<starttls xmlns='{ns.TLS}'/>".encode()
END = b"</stream:stream>"

_CHALLENGE = f"{{{ns.SASL}}}challenge"
_FEATURES = f"{{{ns.STREAM}}}features"


class State(Enum):
    OPENING = auto()
    FEATURES = auto()
    STARTTLS = auto()
    HANDSHAKE = auto()
    SASL = auto()
    BIND = auto()
    SESSION = auto()
    BOUND = auto()
    CLOSING = auto()
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in, and what may be negotiated. An empty resource lets the server choose."""

    user: str
    password: str
    domain: str
    resource: str = ""
    tls: Literal["off", "starttls", "direct"] = "starttls"
    mechanisms: tuple[str, ...] = sasl.DEFAULT_ORDER

    def __repr__(self) -> str:
        return f"Login({self.user}@{self.domain})"


class StartTls(NamedTuple):
    """The driver must do the TLS handshake now and then call `tls_done`."""


class Authenticated(NamedTuple):
    """SASL succeeded, and the server proved itself where the mechanism lets it."""

    mechanism: str


class Bound(NamedTuple):
    """The stream may carry stanzas. `jid` is our full JID."""

    jid: str


class Closed(NamedTuple):
    """The stream is over. `error` is None for an orderly end."""

    error: PeerError | None


Event = StartTls | Authenticated | Bound | Closed | Element | ScannedMessage


class ClientStream:
    """One client's stream from header to end.

    Use: `start`, then `receive` all input and send what `take` gives after each call.
    """

    def __init__(self, login: Login, limits: Limits = Limits()) -> None:  # noqa: B008
        self.login = login
        self.state = State.CLOSED
        self.jid = ""
        self.features: frozenset[str] = frozenset()  # qualified names of what is offered
        self._parser = StreamParser(limits)
        self.outgoing: list[bytes] = []
        self._events: list[Event] = []
        self._secure = login.tls == "direct"
        self._authenticated = False
        self._wants_session = False
        self._bindings: Mapping[str, bytes] = {}
        self._mechanism: sasl.Mechanism | None = None

    def start(self, bindings: Mapping[str, bytes] | None = None) -> None:
        """Open the stream. `bindings`: the channel bindings, where TLS already stands."""
        self._bindings = bindings or {}
        self._open()

    def tls_done(self, bindings: Mapping[str, bytes]) -> None:
        """The driver has finished the handshake that StartTls asked for (section 5.4.3.3)."""
        self._secure = True
        self._bindings = bindings
        self._open()

    def take(self) -> bytes:
        """What must be sent now."""
        out, self.outgoing = self.outgoing, []
        return b"".join(out)

    def close(self) -> None:
        """Queue the closing tag, once (RFC 6120 section 4.4)."""
        if self.state not in (State.CLOSING, State.CLOSED):
            self.outgoing.append(END)
            self.state = State.CLOSING

    def rest(self) -> None:
        """Give back memory while nothing is under way (see `StreamParser.rest`)."""
        self._parser.rest()

    def receive(self, data: bytes) -> list[Event]:
        """The events that these bytes complete; the last may be Closed."""
        parsed = self._parser.feed(data)
        if self.state is State.BOUND and len(parsed) == 1 and type(parsed[0]) is ScannedMessage:
            return parsed  # type: ignore[return-value]
        for item in parsed:
            if self.state in (State.CLOSED, State.HANDSHAKE):
                self._fail(StreamViolation("bad-format", "data after the end of the stream"))
                break
            self._input(item)
        if self.state is State.HANDSHAKE and not self._parser.idle:
            self._fail(StreamViolation("bad-format", "data after <proceed/>"))
        events, self._events = self._events, []
        return events

    def _input(self, item: ParserEvent) -> None:
        if self.state is State.BOUND and isinstance(item, Element | ScannedMessage):
            self._stanza(item)
            return
        if isinstance(item, StreamViolation):
            self._fail(item)
            return
        key = item.tag if isinstance(item, Element) else type(item)
        handler = TABLE.get((self.state, key)) or TABLE.get((None, key))
        if handler is None:
            self._fail(NegotiationError("unexpected-element", f"{key} while {self.state.name}"))
            return
        try:
            self.state = handler(self, item)
        except PeerError as error:
            self._fail(error)

    def _open(self) -> None:
        self._parser.reset()
        self.outgoing.append(_HEADER(self.login.domain))
        self.state = State.OPENING

    def _fail(self, error: PeerError | None) -> None:
        if self.state is State.CLOSED:
            return
        if self.state is not State.CLOSING:
            self.outgoing.append(END)
        self.state = State.CLOSED
        self._events.append(Closed(error))

    # Handlers of the table, in its order.

    def _on_header(self, header: StreamHeader) -> State:
        if header.tag != f"{{{ns.STREAM}}}stream":
            raise NegotiationError("bad-namespace-prefix", f"the root element is {header.tag}")
        if not header.attributes.get("version", "").startswith("1."):
            raise NegotiationError("unsupported-version", "the server is older than XMPP 1.0")
        return State.FEATURES

    def _on_features(self, features: Element) -> State:
        self.features = _names(tuple(child.tag for child in features))
        if not self._secure and self.login.tls == "starttls":
            if features.find(f"{{{ns.TLS}}}starttls") is None:
                raise NegotiationError("no-starttls", "the server does not offer STARTTLS")
            self.outgoing.append(_STARTTLS)
            return State.STARTTLS
        if not self._authenticated:
            return self._authenticate(features)
        if features.find(f"{{{ns.BIND}}}bind") is None:
            raise NegotiationError("no-bind", "the server does not offer resource binding")
        session = features.find(f"{{{ns.SESSION}}}session")
        self._wants_session = (
            session is not None and session.find(f"{{{ns.SESSION}}}optional") is None
        )
        resource = _RESOURCE(self.login.resource) if self.login.resource else b""
        self.outgoing.append(_BIND(resource))
        return State.BIND

    def _authenticate(self, features: Element) -> State:
        offered = [e.text or "" for e in features.iterfind(f"{{{ns.SASL}}}mechanisms/")]
        if not offered and features.find(f"{{{ns.TLS}}}starttls/{{{ns.TLS}}}required") is not None:
            raise NegotiationError("tls-required", "the server insists on STARTTLS")
        binding_types = features.iterfind(f"{{{ns.CHANNEL_BINDING}}}sasl-channel-binding/")
        self._mechanism = mechanism = sasl.choose(
            offered,
            user=self.login.user,
            password=self.login.password,
            allowed=self.login.mechanisms,
            bindings=self._bindings,
            binding_types=[e.get("type", "") for e in binding_types],
        )
        self.outgoing.append(_AUTH(mechanism.name, _encode(mechanism.start())))
        return State.SASL

    def _on_proceed(self, _element: Element) -> State:
        self._events.append(StartTls())
        return State.HANDSHAKE

    def _on_tls_failure(self, _element: Element) -> State:
        raise NegotiationError("tls-failure", "the server refused STARTTLS")

    def _on_challenge(self, challenge: Element) -> State:
        assert self._mechanism is not None
        answer = self._mechanism.respond(_decode(challenge.text) or b"")
        self.outgoing.append(_RESPONSE(_encode(answer) if answer else b""))
        return State.SASL

    def _on_success(self, success: Element) -> State:
        assert self._mechanism is not None
        self._mechanism.finish(_decode(success.text))
        self._authenticated = True
        self._events.append(Authenticated(self._mechanism.name))
        self._mechanism = None
        self._open()
        return State.OPENING

    def _on_sasl_failure(self, failure: Element) -> State:
        raise SaslError(*stanza.condition_of(failure, ns.SASL))

    def _on_bind_answer(self, iq: Element) -> State:
        if iq.get("type") == "error":
            raise stanza.stanza_error(iq)
        self.jid = iq.findtext(f"{{{ns.BIND}}}bind/{{{ns.BIND}}}jid") or ""
        if not self.jid:
            raise NegotiationError("no-jid", "the answer to bind names no JID")
        if self._wants_session:
            self.outgoing.append(_SESSION)
            return State.SESSION
        return self._bound()

    def _on_session_answer(self, iq: Element) -> State:
        if iq.get("type") == "error":
            raise stanza.stanza_error(iq)
        return self._bound()

    def _bound(self) -> State:
        self._events.append(Bound(self.jid))
        return State.BOUND

    def _on_late_stanza(self, element: Element | ScannedMessage) -> State:
        self._events.append(element)
        return State.CLOSING

    def _on_stream_error(self, error: Element) -> State:
        raise StreamError(*stanza.condition_of(error, ns.STREAMS))

    def _on_end(self, _end: StreamEnd) -> State:
        early = self.state not in (State.BOUND, State.CLOSING)
        self._fail(NegotiationError("closed", "during the login") if early else None)
        return State.CLOSED

    # Bound.

    def _stanza(self, item: Element | ScannedMessage) -> None:
        if isinstance(item, Element):
            if item.tag == f"{{{ns.STREAM}}}error":
                self._fail(StreamError(*stanza.condition_of(item, ns.STREAMS)))
                return
            if item.tag == ns.IQ and item.get("type") in ("get", "set"):
                self.outgoing.append(stanza.serialise(self._answer(item)))
        self._events.append(item)

    def _answer(self, request: Element) -> Element:
        """What every client owes a request (RFC 6120 section 8.2.3): pong, or a stanza error.

        A roster push is acknowledged only when the server sent it (RFC 6121 section 2.1.6).
        """
        kind, payload = request.get("type"), next(iter(request), None)
        tag = payload.tag if payload is not None else ""
        if kind == "get" and tag == f"{{{ns.PING}}}ping":
            return stanza.reply(request)
        if kind == "set" and tag == f"{{{ns.ROSTER}}}query":
            sender = request.get("from", "")
            if sender in ("", self.jid.partition("/")[0], self.jid):
                return stanza.reply(request)
        return stanza.error_reply(request, "cancel", "service-unavailable")


@lru_cache(1_024)
def _names(tags: tuple[str, ...]) -> frozenset[str]:
    """One set for the thousands of streams that are offered the same."""
    return frozenset(tags)


def _encode(payload: bytes | None) -> bytes:
    """Base64 as RFC 6120 section 6.4.2 wants it: "=" for an empty message, nothing for none."""
    if payload is None:
        return b""
    return base64.b64encode(payload) or b"="


def _decode(text: str | None) -> bytes | None:
    if not text:
        return None
    if text == "=":
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise SaslError("incorrect-encoding", "the server's message is not base64") from error


# State None: in every state.
_Key = tuple[State | None, "str | type"]
TABLE: dict[_Key, Callable[..., State]] = {
    (State.OPENING, StreamHeader): ClientStream._on_header,
    (State.FEATURES, _FEATURES): ClientStream._on_features,
    (State.STARTTLS, f"{{{ns.TLS}}}proceed"): ClientStream._on_proceed,
    (State.STARTTLS, f"{{{ns.TLS}}}failure"): ClientStream._on_tls_failure,
    (State.SASL, _CHALLENGE): ClientStream._on_challenge,
    (State.SASL, f"{{{ns.SASL}}}success"): ClientStream._on_success,
    (State.SASL, f"{{{ns.SASL}}}failure"): ClientStream._on_sasl_failure,
    (State.BIND, ns.IQ): ClientStream._on_bind_answer,
    (State.SESSION, ns.IQ): ClientStream._on_session_answer,
    (State.CLOSING, ns.IQ): ClientStream._on_late_stanza,
    (State.CLOSING, ns.MESSAGE): ClientStream._on_late_stanza,
    (State.CLOSING, ns.PRESENCE): ClientStream._on_late_stanza,
    (State.CLOSING, ScannedMessage): ClientStream._on_late_stanza,
    (None, f"{{{ns.STREAM}}}error"): ClientStream._on_stream_error,
    (None, StreamEnd): ClientStream._on_end,
}
