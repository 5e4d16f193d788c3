"""One client's stream, seen from the server: bytes in, bytes and calls out. No I/O.

The negotiation is the table `TABLE`: (state, input) -> the method that handles it. A method
returns the next state. Where there is no row, `_unexpected` says which stream error that is.
Rows read from top to bottom are a normal login:

    OPENING      the client's header is awaited, at the beginning and after each restart
    NEGOTIATING  features are sent, nobody is authenticated
    HANDSHAKE    <proceed/> is sent, the connection does TLS; `tls_done` continues
    SASL         a challenge is sent
    BINDING      authenticated; a resource is awaited
    BOUND        stanzas flow, and go to the router
    CLOSING      our end of the stream is sent; only theirs is awaited
    CLOSED       nothing more is read or sent
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Protocol
from xml.etree.ElementTree import Element

from harness.errors import StreamViolation
from harness.targets.embedded import bind, features, opening, presence, register, router, sasl
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.faults import SaslFault
from harness.targets.embedded.store import Account
from harness.xmpp import namespaces as ns
from harness.xmpp.client import END
from harness.xmpp.parser import Limits, StreamEnd, StreamHeader, StreamParser
from harness.xmpp.scan import ScannedMessage
from harness.xmpp.stanza import Template

_PROCEED = f"<proceed xmlns='{ns.TLS}'/>".encode()
_TLS_FAILURE = f"<failure xmlns='{ns.TLS}'/>".encode()
_CHALLENGE = Template(f"<challenge xmlns='{ns.SASL}'>{{data}}</challenge>")
_SUCCESS = Template(f"<success xmlns='{ns.SASL}'>{{data}}</success>")
_SASL_FAILURE = Template(f"<failure xmlns='{ns.SASL}'>{{condition}}</failure>")
_STREAM_ERROR = Template(
    f"<stream:error>{{condition}}<text xmlns='{ns.STREAMS}' xml:lang='en'>{{text}}</text>"
    "</stream:error>"
)
_END = re.compile(rb"</(?:[A-Za-z0-9_.-]+:)?stream\s*>")
_STANZAS = (ns.MESSAGE, ns.PRESENCE, ns.IQ)
_STARTTLS = f"{{{ns.TLS}}}starttls"
_AUTH = f"{{{ns.SASL}}}auth"
_RESPONSE = f"{{{ns.SASL}}}response"
_ABORT = f"{{{ns.SASL}}}abort"
_ERROR = f"{{{ns.STREAM}}}error"


class State(Enum):
    OPENING = auto()
    NEGOTIATING = auto()
    HANDSHAKE = auto()
    SASL = auto()
    BINDING = auto()
    BOUND = auto()
    CLOSING = auto()
    CLOSED = auto()


_Input = StreamHeader | StreamEnd | Element | StreamViolation
_ENDING = (State.CLOSING, State.CLOSED)


class Link(Protocol):
    """The connection under a session."""

    def send(self, data: bytes) -> None:
        """Queue bytes for the client."""
        ...

    def start_tls(self) -> None:
        """What is queued still goes out as it is; from then on TLS, and `tls_done` at last."""
        ...

    def settled(self) -> None:
        """The negotiation is over; its time limit ends."""
        ...

    def expect_end(self) -> None:
        """Our end of the stream is queued; wait for theirs, but not long."""
        ...

    def finish(self) -> None:
        """Both ends of the stream are there: close the connection."""
        ...


class Session:
    """The stream of one connection, and the connected resource that it becomes."""

    __slots__ = (
        "_bind_failures",
        "_claimed",
        "_link",
        "_mechanism",
        "_opened",
        "_parser",
        "_sasl_failures",
        "_secure",
        "_tls_possible",
        "account",
        "directed",
        "domain",
        "interested",
        "jid",
        "lang",
        "presence",
        "priority",
        "resource",
        "state",
    )

    def __init__(self, domain: Domain, link: Link, *, secure: bool) -> None:
        self.domain = domain
        self.state = State.OPENING
        self.account: Account | None = None
        self.jid = ""  # the full JID, once bound
        self.resource = ""
        self.lang = ""  # the default language of the client's stanzas
        self.presence: Element | None = None  # the last one broadcast; None: not available
        self.priority = 0
        self.interested = False  # has asked for the roster
        self.directed: set[str] = set()  # who got directed presence
        self._link = link
        self._secure = secure
        self._tls_possible = bool(domain.binding)
        self._parser = StreamParser(Limits(stanza_bytes=domain.config.stanza_bytes))
        self._opened = False  # our header is sent
        self._claimed = ""  # the "from" of a header that TLS protects
        self._mechanism: sasl.Mechanism | None = None
        self._sasl_failures = 0
        self._bind_failures = 0

    @property
    def owner(self) -> Account:
        """The account of a bound session."""
        assert self.account is not None
        return self.account

    def receive(self, data: bytes) -> None:
        """Process what the client has sent."""
        if self.state not in _ENDING:
            for item in self._parser.feed(data):
                self._input(item.element() if isinstance(item, ScannedMessage) else item, data)
                # What stands behind <starttls/> came unprotected: not read (section 5.4.3.3).
                if self.state is State.HANDSHAKE or self.state in _ENDING:
                    break
        if self.state is State.CLOSING and _END.search(data):
            self.state = State.CLOSED
            self._link.finish()

    def send(self, data: bytes) -> None:
        """Send a stanza, if the stream still is one that carries stanzas."""
        if self.state is State.BOUND:
            self._link.send(data)

    def answer(self, data: bytes) -> None:
        """Send a stanza of the negotiation."""
        self._link.send(data)

    def tls_done(self) -> None:
        """The TLS handshake has succeeded; the stream starts anew (section 5.4.3.3)."""
        if self.state not in _ENDING:
            self._secure = True
            self._restart()

    def expire(self) -> None:
        """The client has not finished the negotiation in time."""
        self.fail("connection-timeout")

    def fail(self, condition: str, text: str = "") -> None:
        """Close the stream with a stream error (section 4.9.1.1)."""
        if self.state in _ENDING:
            return
        if not self._opened:  # section 4.9.1.2
            self._link.send(opening.answer(None, self.domain.name))
            self._opened = True
        self._link.send(
            _STREAM_ERROR(f"<{condition} xmlns='{ns.STREAMS}'/>".encode(), text or condition)
        )
        self._close()

    def lost(self) -> None:
        """The connection is gone, with or without an end of the stream."""
        self.state = State.CLOSED
        self._unbind()

    def bound(self, resource: str) -> None:
        """Become the connected resource of this name (section 7)."""
        self.resource = resource
        self.jid = f"{self.owner.jid}/{resource}"
        self.owner.resources[resource] = self
        self.domain.sessions[self.jid] = self
        self.state = State.BOUND
        self._link.settled()

    def _unbind(self) -> None:
        if self.account is None or self.account.resources.get(self.resource) is not self:
            return
        presence.lost(self.domain, self)
        del self.account.resources[self.resource]
        del self.domain.sessions[self.jid]

    def _close(self) -> None:
        self._link.send(END)
        self.state = State.CLOSING
        self._unbind()
        self._link.expect_end()

    def _restart(self) -> None:
        self._parser.reset()
        self._opened = False
        self.state = State.OPENING

    def _input(self, item: _Input, data: bytes) -> None:
        if isinstance(item, StreamViolation):
            self.fail(_encoding_fault(item.condition, data), item.text)
            return
        key = item.tag if isinstance(item, Element) else type(item)
        handler: _Handler = TABLE.get((self.state, key)) or TABLE.get((None, key)) or _unexpected
        try:
            state = handler(self, item)
        except StreamViolation as violation:
            self.fail(violation.condition, violation.text)
            return
        if self.state not in _ENDING:
            self.state = state

    # Handlers of the table, in its order.

    def _on_header(self, header: StreamHeader) -> State:
        self._link.send(opening.answer(header, self.domain.name))
        self._opened = True
        known = self.account.jid if self.account else ""
        if condition := opening.fault(header, self.domain.name, known):
            raise StreamViolation(condition, "the stream header")
        self.lang = header.attributes.get(ns.LANG, "")
        if self.account is not None:
            self._link.send(features.after_login())
            return State.BINDING
        self._claimed = opening.sender_of(header.attributes) if self._secure else ""
        self._link.send(features.before_login(self._tls_possible, self._secure))
        return State.NEGOTIATING

    def _on_starttls(self, _element: Element) -> State:
        if self._secure or not self._tls_possible:
            self._link.send(_TLS_FAILURE)
            self._close()
            return State.CLOSING
        self._link.send(_PROCEED)
        self._link.start_tls()
        return State.HANDSHAKE

    def _on_early_iq(self, iq: Element) -> State:
        if not register.is_request(iq):
            return _unexpected(self, iq)
        register.early(self.domain, self, iq)
        return State.NEGOTIATING

    def _on_auth(self, auth: Element) -> State:
        try:
            name = auth.get("mechanism", "")
            binding = self.domain.binding if self._secure else b""
            self._mechanism = sasl.begin(name, self.domain.store, self._secure, binding)
            return self._sasl_step(auth)
        except SaslFault as fault:
            return self._sasl_failed(fault)

    def _on_response(self, response: Element) -> State:
        try:
            return self._sasl_step(response)
        except SaslFault as fault:
            return self._sasl_failed(fault)

    def _on_abort(self, _abort: Element) -> State:
        return self._sasl_failed(SaslFault("aborted"))

    def _sasl_step(self, element: Element) -> State:
        if self._mechanism is None or len(element):
            raise SaslFault("malformed-request")
        message = sasl.decode(element.text)
        if element.tag == _RESPONSE and message is None:
            message = b""
        done, data = self._mechanism.step(message)
        if not done:
            self._link.send(_CHALLENGE(sasl.encode(data) if data else ""))
            return State.SASL
        account = self._mechanism.account
        if account is None:
            raise SaslFault("not-authorized")
        if self._claimed and self._claimed != account.jid:  # section 6.4.6
            raise StreamViolation("invalid-from", "the header named another user")
        self._mechanism = None
        self._link.send(_SUCCESS("" if data is None else sasl.encode(data)))
        self._restart()
        self.account = account
        return State.OPENING

    def _sasl_failed(self, fault: SaslFault) -> State:
        self._mechanism = None
        self._link.send(_SASL_FAILURE(f"<{fault.condition}/>".encode()))
        self._sasl_failures += 1
        if self._sasl_failures > self.domain.config.sasl_retries:  # section 6.4.5
            raise StreamViolation("policy-violation", "too many failed logins")
        return State.NEGOTIATING

    def _on_bind(self, iq: Element) -> State:
        if not bind.is_request(iq):
            return _unexpected(self, iq)
        if bind.answer(self.domain, self, iq):
            return State.BOUND
        self._bind_failures += 1
        if self._bind_failures > self.domain.config.bind_retries:  # section 7.7.3
            raise StreamViolation("policy-violation", "too many failed attempts to bind")
        return State.BINDING

    def _on_stanza(self, stanza: Element) -> State:
        router.route(self.domain, self, stanza)
        return State.BOUND

    def _on_error(self, _error: Element) -> State:
        self._close()
        return State.CLOSING

    def _on_end(self, _end: StreamEnd) -> State:
        self._link.send(END)
        self.state = State.CLOSED
        self._unbind()
        self._link.finish()
        return State.CLOSED


def _unexpected(session: Session, item: Element) -> State:
    """What has no row (sections 4.3.5, 4.8.4 and 4.9.3)."""
    if session.state is State.OPENING:
        raise StreamViolation("bad-format", "a stream header is expected")
    if session.state is not State.BOUND and item.tag in _STANZAS:
        raise StreamViolation("not-authorized", "the negotiation is not over")
    raise StreamViolation("unsupported-stanza-type", item.tag)


_Handler = Callable[[Session, Any], State]


def _encoding_fault(condition: str, data: bytes) -> str:
    """To expat, bytes that are no UTF-8 are just not well-formed (section 11.6)."""
    if condition == "not-well-formed":
        try:
            data.decode()
        except UnicodeDecodeError as error:
            if error.reason != "unexpected end of data":
                return "unsupported-encoding"
    return condition


TABLE: dict[tuple[State | None, str | type], _Handler] = {
    (State.OPENING, StreamHeader): Session._on_header,
    (State.NEGOTIATING, _STARTTLS): Session._on_starttls,
    (State.NEGOTIATING, ns.IQ): Session._on_early_iq,
    (State.NEGOTIATING, _AUTH): Session._on_auth,
    (State.NEGOTIATING, _RESPONSE): Session._on_response,
    (State.NEGOTIATING, _ABORT): Session._on_abort,
    (State.SASL, _AUTH): Session._on_auth,
    (State.SASL, _RESPONSE): Session._on_response,
    (State.SASL, _ABORT): Session._on_abort,
    (State.BINDING, ns.IQ): Session._on_bind,
    (State.BOUND, ns.MESSAGE): Session._on_stanza,
    (State.BOUND, ns.PRESENCE): Session._on_stanza,
    (State.BOUND, ns.IQ): Session._on_stanza,
    (None, _ERROR): Session._on_error,
    (None, StreamEnd): Session._on_end,
}
