"""Defects of stream errors, of streams' ends, and of stanzas before SASL (RFC 6120 section 4)."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element

from harness.errors import StreamViolation
from harness.targets.embedded import connection, jids, opening, register, router, session
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.session import TABLE, Session, State
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza as stanzas
from harness.xmpp.client import END
from harness.xmpp.parser import StreamEnd, StreamHeader
from harness.xmpp.stanza import serialise

_Fail = Callable[[Session, str, str], None]


def _errors(patches: Patches, change: Callable[[bytes], bytes]) -> None:
    """Stream errors are changed before they are sent."""
    patches.after(session, "_STREAM_ERROR", change)


def _closing(session: Session) -> bool:
    return session.state in (State.CLOSING, State.CLOSED)


def _failing(patches: Patches, fail: _Fail) -> None:
    """A fault of an open stream is dealt with so."""

    def failed(session: Session, condition: str, text: str = "", _detail: bytes = b"") -> None:
        if not _closing(session):
            fail(session, condition, text)

    patches.set(Session, "fail", failed)


def _error(condition: str) -> bytes:
    return session._STREAM_ERROR(f"<{condition} xmlns='{ns.STREAMS}'/>".encode(), condition)


def _open(session: Session) -> None:
    """There is a stream to say something on."""
    if not session._opened:
        session.answer(opening.answer(None, session.domain.name))
        session._opened = True


# Stream errors.


@defect("error-keeps-open", breaks=["stream-error-closes-at-once", "stream-error-generate"])
def _(patches: Patches) -> None:
    """Unknown hosts and unknown elements bring a stream error, and the stream goes on."""
    before = Session.fail

    def fail(session: Session, condition: str, text: str) -> None:
        if condition in ("host-unknown", "unsupported-stanza-type"):
            session.answer(_error(condition))
        else:
            before(session, condition, text)

    _failing(patches, fail)


@defect("error-without-header", breaks=["stream-header-reply-before-error"])
def _(patches: Patches) -> None:
    """A header at fault brings the error without a header of ours."""
    key = (State.OPENING, StreamHeader)
    handle, before = TABLE[key], Session.fail

    def on_header(session: Session, header: StreamHeader) -> State:
        known = session.account.jid if session.account else ""
        if condition := opening.fault(header, session.domain.name, known):
            raise StreamViolation(condition)
        return handle(session, header)

    def fail(session: Session, condition: str, text: str) -> None:
        session._opened = True
        before(session, condition, text)

    patches.put(TABLE, key, on_header)
    _failing(patches, fail)


@defect(
    "error-without-closing-tag",
    breaks=["stream-error-closes-at-once", "stream-header-error-closing-tag"],
)
def _(patches: Patches) -> None:
    """A stream error is not followed by our closing tag; the connection ends."""

    def fail(session: Session, condition: str, _text: str) -> None:
        _open(session)
        session.answer(_error(condition))
        session.lost()
        session._link.finish()

    _failing(patches, fail)


@defect("error-unsaid", breaks=["stream-error-generate"])
def _(patches: Patches) -> None:
    """A faulty stream is closed without an error."""

    def fail(session: Session, _condition: str, _text: str) -> None:
        _open(session)
        session._close()

    _failing(patches, fail)


@defect("error-drops-connection", breaks=["stream-error-generate"])
def _(patches: Patches) -> None:
    """A fault ends the connection without a word."""

    def fail(session: Session, _condition: str, _text: str) -> None:
        session.lost()
        session._link.finish()

    _failing(patches, fail)


@defect("error-overlooked", breaks=["stream-error-unrecoverable"])
def _(patches: Patches) -> None:
    """What stands behind offending data in the same packet is still processed."""
    before = Session.receive

    def receive(session: Session, data: bytes) -> None:
        if session.state is State.BOUND:
            for item in session._reader.feed(data):
                if _closing(session) and isinstance(item, Element):
                    router.route(session.domain, session, item)
                else:
                    session._input(item)
            data = data if _closing(session) else b""
        if data:
            before(session, data)

    patches.set(Session, "receive", receive)


@defect("stream-error-without-condition", breaks=["stream-error-condition"])
def _(patches: Patches) -> None:
    """<stream:error/> is empty."""
    _errors(patches, lambda error: b"<stream:error/>")


@defect("stream-error-with-two-conditions", breaks=["stream-error-condition"])
def _(patches: Patches) -> None:
    """<stream:error/> has a second condition, <reset/>."""
    more = f"<stream:error><reset xmlns='{ns.STREAMS}'/>".encode()
    _errors(patches, lambda error: error.replace(b"<stream:error>", more))


@defect("stream-error-in-stanza-namespace", breaks=["stream-error-condition", "stream-error-text"])
def _(patches: Patches) -> None:
    """Condition and text of a stream error are in the namespace of stanza errors."""
    _errors(patches, lambda error: error.replace(ns.STREAMS.encode(), ns.STANZAS.encode()))


@defect("stream-error-text-without-lang", breaks=["stream-error-text-lang"], tolerated=True)
def _(patches: Patches) -> None:
    """The text of a stream error has no xml:lang."""
    _errors(patches, lambda error: error.replace(b" xml:lang='en'", b""))


def _mistaken(patches: Patches, right: str, wrong: str) -> None:
    """One condition of stream errors takes the place of another."""
    _errors(patches, lambda error: error.replace(f"<{right} ".encode(), f"<{wrong} ".encode()))


@defect(
    "not-well-formed-by-old-name", breaks=["stream-error-not-well-formed", "wellformed-condition"]
)
def _(patches: Patches) -> None:
    """Malformed XML brings <xml-not-well-formed/>."""
    _mistaken(patches, "not-well-formed", "xml-not-well-formed")


@defect(
    "not-well-formed-is-policy", breaks=["stream-error-not-well-formed", "wellformed-condition"]
)
def _(patches: Patches) -> None:
    """Malformed XML brings <policy-violation/>."""
    _mistaken(patches, "not-well-formed", "policy-violation")


@defect(
    "not-authorized-is-timeout",
    breaks=["stream-error-not-authorized", "stanza-before-auth-refused"],
)
def _(patches: Patches) -> None:
    """Stanzas before SASL and bind bring <connection-timeout/>."""
    _mistaken(patches, "not-authorized", "connection-timeout")


@defect("conflict-is-reset", breaks=["stream-error-conflict", "bind-conflict-old-closed"])
def _(patches: Patches) -> None:
    """Who loses the resource to a new stream gets <reset/>."""
    _mistaken(patches, "conflict", "reset")


@defect("host-unknown-is-shutdown", breaks=["stream-error-host-unknown"], tolerated=True)
def _(patches: Patches) -> None:
    """A header to an unknown host brings <system-shutdown/>."""
    _mistaken(patches, "host-unknown", "system-shutdown")


@defect("version-unsupported-is-internal", breaks=["stream-error-unsupported-version"])
def _(patches: Patches) -> None:
    """A version that is too low brings <internal-server-error/>."""
    _mistaken(patches, "unsupported-version", "internal-server-error")


@defect("client-error-answered", breaks=["stream-error-received"], tolerated=True)
def _(patches: Patches) -> None:
    """A stream error of the client brings one in turn."""

    def on_error(session: Session, _error: Element) -> State:
        session.fail("undefined-condition")
        return State.CLOSING

    patches.put(TABLE, (None, f"{{{ns.STREAM}}}error"), on_error)


# The end.


@defect("closing-tag-unanswered", breaks=["stream-close-reply"], tolerated=True)
def _(patches: Patches) -> None:
    """The client's closing tag brings the end of the connection without one of ours."""

    def on_end(session: Session, _end: StreamEnd) -> State:
        session.lost()
        session._link.finish()
        return State.CLOSED

    patches.put(TABLE, (None, StreamEnd), on_end)


@defect("closing-tag-with-more", breaks=["stream-close-no-data-after-tag"])
def _(patches: Patches) -> None:
    """Our closing tag is followed by a line feed."""
    patches.set(session, "END", END + b"\n")


@defect(
    "connection-kept",
    breaks=["stream-close-ends-connection", "stream-close-silent-peer"],
)
def _(patches: Patches) -> None:
    """When both streams are closed, the connection stays open."""
    patches.set(connection.Connection, "finish", connection.Connection.flush)


@defect("connection-not-kept", breaks=["stream-close-waits-for-peer"], tolerated=True)
def _(patches: Patches) -> None:
    """When we have closed our stream, we do not wait for the client's."""
    patches.set(connection.Connection, "expect_end", connection.Connection.finish)


@defect("half-close-hangs", breaks=["stream-tcp-binding"], tolerated=True)
def _(patches: Patches) -> None:
    """A client that ends its direction of the connection is waited for for ever."""
    patches.set(connection.Connection, "eof_received", lambda connection: True)


@defect("replies-lost-at-close", breaks=["stream-close-pending-replies"], tolerated=True)
def _(patches: Patches) -> None:
    """What waits to be sent when the client's closing tag comes is forgotten."""
    before = TABLE[None, StreamEnd]

    def on_end(session: Session, end: StreamEnd) -> State:
        getattr(session._link, "_out", []).clear()
        return before(session, end)

    patches.put(TABLE, (None, StreamEnd), on_end)


@defect("stanzas-lost-at-close", breaks=["stream-close-earlier-stanzas"])
def _(patches: Patches) -> None:
    """What comes in one packet with the closing tag is not processed."""
    before = Session.receive

    def receive(session: Session, data: bytes) -> None:
        before(session, END if session.state is State.BOUND and END in data else data)

    patches.set(Session, "receive", receive)


@defect("stanzas-behind-close", breaks=["stream-data-after-closing-tag"])
def _(patches: Patches) -> None:
    """What stands behind the closing tag is processed."""
    before = Session.receive

    def receive(session: Session, data: bytes) -> None:
        stanzas, end, more = data.partition(END)
        before(session, stanzas + more)
        if end:
            before(session, end)

    patches.set(Session, "receive", receive)


# Before SASL.


@defect(
    "message-before-login",
    breaks=["stanza-before-auth-refused", "stream-error-not-authorized"],
)
def _(patches: Patches) -> None:
    """Before SASL, a message is delivered as from the server."""

    def on_message(session: Session, message: Element) -> State:
        account = session.domain.account(jids.parse(message.get("to", session.domain.name)))
        message.set("from", session.domain.name)
        for other in account.available() if account else ():
            other.send(serialise(message))
        return session.state

    patches.put(TABLE, (State.NEGOTIATING, ns.MESSAGE), on_message)


@defect("request-before-login", breaks=["stanza-before-auth-to-server"])
def _(patches: Patches) -> None:
    """Before SASL, requests to the server bring results."""
    key = (State.NEGOTIATING, ns.IQ)
    before = TABLE[key]

    def on_iq(session: Session, iq: Element) -> State:
        if register.is_request(iq) or iq.find(f"{{{ns.BIND}}}bind") is not None:
            return before(session, iq)
        session.answer(serialise(stanzas.reply(iq)))
        return session.state

    patches.put(TABLE, key, on_iq)
