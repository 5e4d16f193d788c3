"""The normal way through the negotiation, step by step, so that a case can stop anywhere."""

from __future__ import annotations

import base64
import secrets
from enum import IntEnum
from xml.etree.ElementTree import Element

from conformance.player import Scram, name_of, plain
from conformance.verdicts import Unknown
from conformance.wire.stream import RawStream, shown
from conformance.wire.tls import handshake
from harness.targets.base import Account
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza
from harness.xmpp.parser import StreamHeader
from harness.xmpp.sasl import salted_password

KNOWN = ("SCRAM-SHA-256", "SCRAM-SHA-1", "SCRAM-SHA-512", "PLAIN")
SASL = f"{{{ns.SASL}}}"


class Stage(IntEnum):
    """How far a stream has come; what has been answered."""

    CONNECTED = 0  # nothing is sent
    OPENED = 1  # features have come; before TLS where there is STARTTLS
    SECURED = 2  # features after TLS have come; the same as OPENED without STARTTLS
    CHALLENGED = 3  # SASL is under way
    AUTHENTICATED = 4  # success has come, the new header is not sent
    UNBOUND = 5  # features after SASL have come
    BOUND = 6  # stanzas flow
    CLOSING = 7  # our closing tag is sent


def header(domain: str, **changes: str | None) -> str:
    """A client's stream header; `changes` override attributes, None leaves one out."""
    attributes: dict[str, str | None] = {
        "to": domain,
        "version": "1.0",
        "xml:lang": "en",
        "xmlns": ns.CLIENT,
        "xmlns:stream": ns.STREAM,
    }
    attributes |= changes
    written = " ".join(
        f"{name}='{stanza.escape(value).decode()}'"
        for name, value in attributes.items()
        if value is not None
    )
    return f"<?xml version='1.0'?><stream:stream {written}>"


async def advance(stream: RawStream, stage: Stage, account: Account, number: int = 0) -> None:
    """Take a new connection as far as `stage`. Raises Unknown where the server does not follow.

    `number` is the account's for the replay.
    """
    if stage >= Stage.OPENED:
        await open_stream(stream)
    if stage >= Stage.SECURED and stream.endpoint.tls == "starttls":
        await secure(stream)
    if stage is Stage.CHALLENGED:
        await challenge(stream, account)
    if stage >= Stage.AUTHENTICATED:
        await authenticate(stream, account, number)
    if stage >= Stage.UNBOUND:
        await open_stream(stream)
    if stage >= Stage.BOUND:
        await bind(stream)
    if stage >= Stage.CLOSING:
        await stream.send("</stream:stream>")


async def open_stream(stream: RawStream, text: str = "") -> Element:
    """Send a header, take the response header and the features."""
    await stream.send(text or header(stream.endpoint.domain))
    item = await stream.next()
    if not isinstance(item, StreamHeader):
        raise Unknown(f"expected a stream header, but there came {shown(item)}")
    return await stream.element("^features$")


async def secure(
    stream: RawStream, version: str = "", certificate: str = "", text: str = ""
) -> Element:
    """STARTTLS (with the wishes of `tls.context`), and the stream that follows, by this header."""
    await stream.send(f"<starttls xmlns='{ns.TLS}'/>")
    await stream.element("^tls proceed$")
    await handshake(stream, version, certificate)
    stream.restart()
    return await open_stream(stream, text)


def offered(features: Element | None) -> list[str]:
    """The SASL mechanisms in the features."""
    if features is None:
        return []
    return [(e.text or "").strip() for e in features.iterfind(f"{SASL}mechanisms/{SASL}mechanism")]


def best(features: Element | None) -> str:
    """The mechanism that `authenticate` uses. Raises Unknown when it knows none."""
    names = offered(features)
    for name in KNOWN:
        if name in names:
            return name
    raise Unknown(f"no SASL mechanism that the suite knows is offered: {' '.join(names) or 'none'}")


def scram(mechanism: str, account: Account) -> Scram:
    """SCRAM with cached salted passwords."""
    return Scram(mechanism, account.user, account.password, salted_password)


def auth(mechanism: str, message: bytes | None = None) -> str:
    """<auth/> with this initial response."""
    payload = "" if message is None else base64.b64encode(message).decode() or "="
    return f"<auth xmlns='{ns.SASL}' mechanism='{mechanism}'>{payload}</auth>"


def response(message: bytes) -> str:
    """<response/> with this message."""
    return f"<response xmlns='{ns.SASL}'>{base64.b64encode(message).decode()}</response>"


async def challenge(stream: RawStream, account: Account) -> Element:
    """Begin SASL and stop at the first challenge."""
    mechanism = best(stream.features)
    if mechanism == "PLAIN":
        await stream.send(auth(mechanism))
    else:
        await stream.send(auth(mechanism, scram(mechanism, account).first()))
    return await stream.element("^sasl challenge$")


async def authenticate(stream: RawStream, account: Account, number: int = 0) -> None:
    """SASL to its success, with whatever is best. The next thing to send is a header."""
    mechanism = best(stream.features)
    stream.step("login", account=number)
    stream.recording = False
    stream.note(f"login as {account.user} with {mechanism}")
    exchange = None if mechanism == "PLAIN" else scram(mechanism, account)
    first = exchange.first() if exchange else plain(account.user, account.password)
    await stream.send(auth(mechanism, first))
    answer = await stream.element("^sasl ")
    if name_of(answer) == "sasl challenge" and not answer.text:  # ours was not read
        await stream.send(response(first))
        answer = await stream.element("^sasl ")
    if exchange and name_of(answer) == "sasl challenge":
        await stream.send(response(exchange.final(base64.b64decode(answer.text or ""))))
        answer = await stream.element("^sasl ")
    if name_of(answer) != "sasl success":
        raise Unknown(f"expected success of SASL, but there came {name_of(answer)}")
    stream.recording = True
    stream.restart()


async def bind(stream: RawStream, resource: str | None = None) -> str:
    """Bind a resource of a random name, or this one, or the server's choice (""); the JID."""
    name = secrets.token_hex(6) if resource is None else resource
    wish = f"<resource>{stanza.escape(name).decode()}</resource>" if name else ""
    await stream.send(f"<iq type='set' id='bind'><bind xmlns='{ns.BIND}'>{wish}</bind></iq>")
    answer = await stream.element("^iq result$")
    stream.jid = answer.findtext(f"{{{ns.BIND}}}bind/{{{ns.BIND}}}jid") or ""
    if not stream.jid:
        raise Unknown("the answer to bind names no JID")
    return stream.jid
