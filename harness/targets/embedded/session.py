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
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Any
from xml.etree.ElementTree import Element

from harness.errors import StreamViolation
from harness.targets.embedded import bind, features, opening, presence, register, router, sasl
from harness.targets.embedded.authentication import ABORT, AUTH, RESPONSE, Authentication
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.link import Link
from harness.targets.embedded.managed import Managed
from harness.targets.embedded.reader import Item, Reader
from harness.targets.embedded.store import Account
from harness.xmpp import namespaces as ns
from harness.xmpp.client import END
from harness.xmpp.parser import Limits, StreamEnd, StreamHeader
from harness.xmpp.stanza import Template

_PROCEED = f"<proceed xmlns='{ns.TLS}'/>".encode()
_TLS_FAILURE = f"<failure xmlns='{ns.TLS}'/>".encode()
_STREAM_ERROR = Template(
    f"<stream:error>{{condition}}<text xmlns='{ns.STREAMS}' xml:lang='en'>{{text}}</text>"
    "</stream:error>"
)
_END = re.compile(rb"</(?:[A-Za-z0-9_.-]+:)?stream\s*>")
_LONGEST_END = 64  # bytes of a closing tag that may come in pieces
_STANZAS = (ns.MESSAGE, ns.PRESENCE, ns.IQ)
# Content namespaces of other kinds of stream (section 4.8.3, XEP-0114).
_OTHER_CONTENT = (f"{{{ns.SERVER}}}", "{jabber:component:")
_STARTTLS = f"{{{ns.TLS}}}starttls"
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


_ENDING = (State.CLOSING, State.CLOSED)
# What belongs to one stream; all else of a session is the resource.
_OF_THE_STREAM = {
    "_authentication",
    "_bind_failures",
    "_end",
    "_link",
    "_opened",
    "_reader",
    "account",
    "domain",
    "lang",
    "state",
}


class Session:
    """The stream of one connection, and the connected resource that it becomes."""

    __slots__ = (
        "_authentication",
        "_bind_failures",
        "_end",
        "_link",
        "_opened",
        "_reader",
        "account",
        "carbons",
        "copied",
        "directed",
        "domain",
        "held",
        "interested",
        "jid",
        "lang",
        "managed",
        "presence",
        "priority",
        "resource",
        "state",
        "wants",
        "wants_blocklist",
    )

    def __init__(self, domain: Domain, link: Link) -> None:
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
        self.carbons = False  # wants copies of messages (XEP-0280)
        self.copied: deque[tuple[str, str]] | None = None  # the last ones: to whom, id
        self.wants_blocklist = False  # has asked for it (XEP-0191)
        self.wants: frozenset[str] = frozenset()  # nodes of XEP-0163 that its capabilities name
        self.held: dict[str, bytes] | None = None  # inactive (XEP-0352): presence, by its sender
        self.managed: Managed | None = None  # stream management (XEP-0198) is enabled
        self._link: Link = link
        self._reader = Reader(Limits(stanza_bytes=domain.config.stanza_bytes))
        self._authentication = Authentication(domain)
        self._opened = False  # our header is sent
        self._bind_failures = 0
        self._end = b""  # while closing: the last bytes that came

    @property
    def owner(self) -> Account:
        """The account of a bound session."""
        assert self.account is not None
        return self.account

    def receive(self, data: bytes) -> None:
        """Process what the client has sent."""
        if self.state not in _ENDING:
            for item in self._reader.feed(data):
                self._input(item)
                # What stands behind <starttls/> came unprotected: not read (section 5.4.3.3).
                if self.state is State.HANDSHAKE or self.state in _ENDING:
                    break
        if self.state is State.CLOSING:
            self._end = (self._end + data)[-max(len(data), _LONGEST_END) :]
            if _END.search(self._end):
                self.state = State.CLOSED
                self._link.finish()

    def send(self, data: bytes) -> None:
        """Send a stanza, if the stream still is one that carries stanzas."""
        if self.state is State.BOUND:
            self._link.send(data)

    def answer(self, data: bytes) -> None:
        """Send a stanza of the negotiation."""
        self._link.send(data)

    def tls_done(self, identities: tuple[str, ...] = ()) -> None:
        """The TLS handshake has succeeded; the stream starts anew (section 5.4.3.3).

        `identities` are the bare JIDs that the client's certificate proves.
        """
        if self.state not in _ENDING:
            self._authentication.channel = sasl.Channel(True, self.domain.binding, identities)
            self._restart()

    def expire(self) -> None:
        """The client has not finished the negotiation in time."""
        self.fail("connection-timeout")

    def fail(self, condition: str, text: str = "", detail: bytes = b"") -> None:
        """Close the stream with a stream error (section 4.9.1.1).

        `detail` is an application-specific condition (section 4.9.4), as XML.
        """
        if self.state in _ENDING:
            return
        if not self._opened:  # section 4.9.1.2
            self._link.send(opening.answer(None, self.domain.name))
            self._opened = True
        self._link.send(
            _STREAM_ERROR(
                f"<{condition} xmlns='{ns.STREAMS}'/>".encode() + detail, text or condition
            )
        )
        self._close()

    def lost(self) -> None:
        """The connection is gone, with or without an end of the stream."""
        if self.state is State.BOUND and self.managed is not None and self.managed.detach():
            return  # another one may come
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

    def manage(self, managed: Managed) -> None:
        """Put stream management (XEP-0198) between the stream and its connection."""
        managed.link = self._link
        self._link = self.managed = managed

    def take_over(self, other: Session, managed: Managed) -> None:
        """Become the resource that another, managed session of the account is."""
        for name in self.__slots__:
            if name not in _OF_THE_STREAM:
                setattr(self, name, getattr(other, name))
        self.owner.resources[self.resource] = self
        self.domain.sessions[self.jid] = self
        self.state = State.BOUND
        self._link.settled()
        managed.session, before = self, managed.link
        self.manage(managed)
        other._replaced(before)

    def _replaced(self, link: Link | None) -> None:
        """Another session is the resource now; the stream ends, if it still has a connection."""
        self.managed = None
        if link is None:
            self.state = State.CLOSED
        else:
            self._link = link
            self.fail("conflict", "another stream has taken up the session")

    def _unbind(self) -> None:
        if self.account is None or self.account.resources.get(self.resource) is not self:
            return
        presence.lost(self.domain, self)
        self.domain.forget(self)
        del self.account.resources[self.resource]
        del self.domain.sessions[self.jid]
        if self.managed is not None:
            self.managed.ended(self.managed)

    def _close(self) -> None:
        self._link.send(END)
        self.state = State.CLOSING
        self._unbind()
        self._link.expect_end()

    def _restart(self) -> None:
        self._reader.reset()
        self._opened = False
        self.state = State.OPENING

    def _input(self, item: Item) -> None:
        if isinstance(item, StreamViolation):
            self.fail(item.condition, item.text)
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
        self.lang = opening.language_of(header.attributes)
        if self.account is not None:
            self._link.send(features.after_login())
            return State.BINDING
        authentication = self._authentication
        secure = authentication.channel.secure
        authentication.claimed = opening.sender_of(header.attributes) if secure else ""
        self._link.send(features.before_login(self._starttls, authentication.offered()))
        return State.NEGOTIATING

    @property
    def _starttls(self) -> features.Starttls:
        if self._authentication.channel.secure or not self.domain.binding:
            return "no"
        return "required" if self.domain.config.tls_required else "offered"

    def _on_starttls(self, element: Element) -> State:
        malformed = len(element) or (element.text or "").strip() or element.attrib
        if self._starttls == "no" or malformed:
            return self._refuse_starttls(element)
        self._link.send(_PROCEED)
        self._link.start_tls()
        return State.HANDSHAKE

    def _refuse_starttls(self, _element: Element) -> State:
        """It is not offered, or not any more (section 5.4.2.2)."""
        self._link.send(_TLS_FAILURE)
        self._close()
        return State.CLOSING

    def _on_early_iq(self, iq: Element) -> State:
        if self._starttls == "required" or not register.is_request(iq):
            return _unexpected(self, iq)
        register.early(self.domain, self, iq)
        return State.NEGOTIATING

    def _on_sasl(self, element: Element) -> State:
        outcome = self._authentication.take(element)
        self._link.send(outcome.data)
        if outcome.account is not None:
            self._restart()
            self.account = outcome.account
            return State.OPENING
        if self._authentication.exhausted:
            raise StreamViolation("policy-violation", "too many failed logins")
        return State.SASL if outcome.going else State.NEGOTIATING

    def _on_bind(self, iq: Element) -> State:
        if not bind.is_request(self.domain, self, iq):
            return _unexpected(self, iq)
        if bind.answer(self.domain, self, iq):
            return State.BOUND
        self._bind_failures += 1
        if self._bind_failures > self.domain.config.bind_retries:  # section 7.7.3
            raise StreamViolation("policy-violation", "too many failed attempts to bind")
        return State.BINDING

    def _on_stanza(self, stanza: Element) -> State:
        router.route(self.domain, self, stanza)
        if self.managed is not None:
            self.managed.count()
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
    """What has no row (sections 4.3.5, 4.8.3, 4.8.4 and 4.9.3)."""
    if session.state is State.OPENING:
        raise StreamViolation("bad-format", "a stream header is expected")
    if session.state is not State.BOUND and item.tag in _STANZAS:
        raise StreamViolation("not-authorized", "the negotiation is not over")
    if item.tag.startswith(_OTHER_CONTENT):
        raise StreamViolation("invalid-namespace", item.tag)
    raise StreamViolation("unsupported-stanza-type", item.tag)


_Handler = Callable[[Session, Any], State]

# State None: in every other state.
TABLE: dict[tuple[State | None, str | type], _Handler] = {
    (State.OPENING, StreamHeader): Session._on_header,
    (State.NEGOTIATING, _STARTTLS): Session._on_starttls,
    (State.NEGOTIATING, ns.IQ): Session._on_early_iq,
    (State.NEGOTIATING, AUTH): Session._on_sasl,
    (State.NEGOTIATING, RESPONSE): Session._on_sasl,
    (State.NEGOTIATING, ABORT): Session._on_sasl,
    (State.SASL, AUTH): Session._on_sasl,
    (State.SASL, RESPONSE): Session._on_sasl,
    (State.SASL, ABORT): Session._on_sasl,
    (State.BINDING, ns.IQ): Session._on_bind,
    (State.BOUND, ns.MESSAGE): Session._on_stanza,
    (State.BOUND, ns.PRESENCE): Session._on_stanza,
    (State.BOUND, ns.IQ): Session._on_stanza,
    (None, _STARTTLS): Session._refuse_starttls,
    (None, _ERROR): Session._on_error,
    (None, StreamEnd): Session._on_end,
}
