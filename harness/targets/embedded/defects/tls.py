"""Defects of STARTTLS, TLS and client certificates (RFC 6120 sections 5, 6.3.4 and 13.7.2)."""

from __future__ import annotations

import re
import ssl
from dataclasses import replace
from xml.etree.ElementTree import Element

from harness.targets.embedded import external, features, jids, opening, sasl, session, tls
from harness.targets.embedded.config import Config
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.session import TABLE, Session, State
from harness.targets.embedded.store import Store
from harness.xmpp import namespaces as ns
from harness.xmpp.client import END
from harness.xmpp.parser import StreamHeader

_STARTTLS = f"{{{ns.TLS}}}starttls"
_PROCEED = f"<proceed xmlns='{ns.TLS}'/>".encode()


def _proceed(session: Session, _element: Element) -> State:
    session.answer(_PROCEED)
    return session.state


@defect("starttls-not-offered", breaks=["starttls-advertised"])
def _(patches: Patches) -> None:
    """The features do not hold <starttls/>, although it works."""
    before = features.before_login
    patches.set(features, "before_login", lambda _starttls, mechanisms: before("no", mechanisms))


@defect("starttls-twice", breaks=["starttls-not-offered", "direct-tls-no-starttls"])
def _(patches: Patches) -> None:
    """<starttls/> within TLS gets <proceed/>."""
    key = (State.NEGOTIATING, _STARTTLS)
    before = TABLE[key]

    def on_starttls(session: Session, element: Element) -> State:
        secure = session._authentication.channel.secure
        return _proceed(session, element) if secure else before(session, element)

    patches.put(TABLE, key, on_starttls)


@defect("starttls-after-login", breaks=["starttls-after-sasl"])
def _(patches: Patches) -> None:
    """<starttls/> after SASL gets <proceed/>."""
    for state in (State.BINDING, State.BOUND):
        patches.put(TABLE, (state, _STARTTLS), _proceed)


@defect("starttls-refusal-keeps-open", breaks=["starttls-failure-closes"])
def _(patches: Patches) -> None:
    """A refused <starttls/> gets <failure/>, and the stream goes on."""

    def refuse(session: Session, _element: Element) -> State:
        session.answer(f"<failure xmlns='{ns.TLS}'/>".encode())
        return session.state

    patches.set(Session, "_refuse_starttls", refuse)
    patches.put(TABLE, (None, _STARTTLS), refuse)


@defect("starttls-with-white-space", breaks=["starttls-no-whitespace"])
def _(patches: Patches) -> None:
    """A line feed precedes <proceed/>."""
    patches.set(session, "_PROCEED", b"\n" + _PROCEED)


@defect(
    "tls-without-restart",
    breaks=["tls-restart", "tls-response-header", "stream-negotiation-restart"],
)
def _(patches: Patches) -> None:
    """After STARTTLS the old stream goes on, and a header is out of place."""
    before = Session.tls_done

    def tls_done(session: Session, identities: tuple[str, ...] = ()) -> None:
        if not session._opened:  # direct TLS
            before(session, identities)
            return
        channel = sasl.Channel(True, session.domain.binding, identities)
        session._authentication.channel = channel
        session.state = State.NEGOTIATING

    patches.set(Session, "tls_done", tls_done)


@defect("tls-injection-read", breaks=["tls-injection-discarded"])
def _(patches: Patches) -> None:
    """What stands behind <starttls/> in the clear is read as if it had come within TLS."""
    receive, tls_done = Session.receive, Session.tls_done
    held: dict[Session, bytes] = {}

    def held_back(session: Session, data: bytes) -> None:
        found = re.search(rb"<starttls[^>]*>", data)
        if found is not None and session.state is State.NEGOTIATING:
            held[session] = data[found.end() :]
        receive(session, data)

    def done(session: Session, identities: tuple[str, ...] = ()) -> None:
        tls_done(session, identities)
        if data := held.pop(session, b""):
            receive(session, data)

    patches.set(Session, "receive", held_back)
    patches.set(Session, "tls_done", done)


@defect("tls-failure-with-closing-tag", breaks=["tls-failure-no-closing-tag"])
def _(patches: Patches) -> None:
    """A failed handshake is followed by a closing stream tag in the clear."""
    before = tls.Tls.handshake

    def handshake(connection: tls.Tls) -> None:
        try:
            before(connection)
        except ssl.SSLError:
            connection._outgoing.write(END)
            raise

    patches.set(tls.Tls, "handshake", handshake)


@defect("tls-failure-keeps-open", breaks=["tls-failure-ends-connection"])
def _(patches: Patches) -> None:
    """After a failed handshake the connection stays open."""
    before = tls.Tls.handshake

    def handshake(connection: tls.Tls) -> None:
        try:
            before(connection)
        except ssl.SSLError:
            return

    patches.set(tls.Tls, "handshake", handshake)


@defect("tls-knowledge-kept", breaks=["tls-plaintext-knowledge-discarded"])
def _(patches: Patches) -> None:
    """The from of the header before TLS still counts when the one within has none."""
    handle = TABLE[State.OPENING, StreamHeader]
    known: dict[Session, str] = {}

    def on_header(session: Session, header: StreamHeader) -> State:
        sender = opening.sender_of(header.attributes)
        if sender and not session._authentication.channel.secure:
            known[session] = sender
        if session in known:
            header.attributes.setdefault("from", known[session])
        return handle(session, header)

    patches.put(TABLE, (State.OPENING, StreamHeader), on_header)


@defect("tls-without-close-notify", breaks=["stream-close-tls-close-notify"])
def _(patches: Patches) -> None:
    """The connection ends without TLS's close_notify."""
    patches.set(tls.Tls, "close", lambda connection: None)


@defect("plain-without-tls", breaks=["plain-not-without-tls"])
def _(patches: Patches) -> None:
    """PLAIN is offered and taken on a stream that is not protected."""
    begin, offered = sasl.begin, sasl.offered

    def lax(
        name: str, config: Config, store: Store, channel: sasl.Channel, claimed: str = ""
    ) -> sasl.Mechanism:
        if name == "PLAIN":
            channel = replace(channel, secure=True)
        return begin(name, config, store, channel, claimed)

    def more(config: Config, store: Store, channel: sasl.Channel) -> tuple[str, ...]:
        names = offered(config, store, channel)
        return names if "PLAIN" in names else (*names, "PLAIN")

    patches.set(sasl, "begin", lax)
    patches.set(sasl, "offered", more)


@defect("external-not-offered", breaks=["sasl-external-offered", "security-mti-both-external"])
def _(patches: Patches) -> None:
    """EXTERNAL is not offered, whatever certificate the client has."""
    patches.set(external, "identities", lambda certificate, domain: ())


@defect("external-last", breaks=["sasl-external-first", "sasl-mechanism-order"], tolerated=True)
def _(patches: Patches) -> None:
    """EXTERNAL is offered behind all other mechanisms."""
    patches.after(
        sasl, "offered", lambda names: tuple(sorted(names, key=lambda name: name == "EXTERNAL"))
    )


@defect("external-as-anybody", breaks=["external-login"])
def _(patches: Patches) -> None:
    """With EXTERNAL, the authorization identity decides who one is, not the certificate."""

    def step(mechanism: sasl._External, message: bytes | None) -> tuple[bool, bytes | None]:
        if message is None:
            return False, b""
        jid = message.decode() or mechanism._known[0]
        mechanism.account = mechanism._store.account(jid)
        return True, None

    patches.set(sasl._External, "step", step)


@defect("external-of-any-domain", breaks=["client-certificate-foreign-xmppaddr"])
def _(patches: Patches) -> None:
    """A certificate for user@elsewhere proves the user of that name here."""

    def identities(certificate: bytes, domain: str) -> tuple[str, ...]:
        return tuple(f"{jids.parse(jid).local}@{domain}" for jid in external.named(certificate))

    patches.set(external, "identities", identities)
