"""Defects of XML, encodings and limits (RFC 6120 sections 8, 11 and 13.12)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from xml.etree.ElementTree import Element
from xml.parsers.expat import XMLParserType

from harness.errors import StreamViolation
from harness.targets.embedded import messages, router, session
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.reader import Item, Reader, ServerParser
from harness.targets.embedded.session import Session, State
from harness.xmpp import namespaces as ns
from harness.xmpp.parser import Limits
from harness.xmpp.stanza import serialise

_ENTITY = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);|#)[A-Za-z][\w.-]*;")
_PREFIX = re.compile(rb"</?([A-Za-z0-9]+):")


def _parser(patches: Patches, change: Callable[[XMLParserType], None]) -> None:
    """The XML parser of each stream is changed."""
    before = ServerParser._fresh

    def fresh(parser: ServerParser) -> XMLParserType:
        expat = before(parser)
        change(expat)
        return expat

    patches.set(ServerParser, "_fresh", fresh)


def _bytes(patches: Patches, change: Callable[[bytes], bytes]) -> None:
    """What comes from a client is changed before it is parsed."""
    before = Reader.feed
    patches.set(Reader, "feed", lambda reader, data: before(reader, change(data)))


def _refused(patches: Patches, pattern: bytes, condition: str) -> None:
    """Input that matches ends the stream with this error."""
    before = Reader.feed
    refused = re.compile(pattern)

    def feed(reader: Reader, data: bytes) -> list[Item]:
        if refused.search(data):
            return [StreamViolation(condition)]
        return before(reader, data)

    patches.set(Reader, "feed", feed)


def _delivered(patches: Patches, change: Callable[[bytes], bytes]) -> None:
    """Messages are changed on their way out."""
    patches.set(messages, "serialise", lambda element: change(serialise(element)))


# What XMPP forbids.


@defect("comment-accepted", breaks=["xml-restriction-comment", "stream-error-restricted-xml"])
def _(patches: Patches) -> None:
    """Comments are passed over."""
    _parser(patches, lambda expat: setattr(expat, "CommentHandler", None))


@defect(
    "processing-instruction-accepted",
    breaks=["xml-restriction-pi", "stream-error-restricted-xml"],
)
def _(patches: Patches) -> None:
    """Processing instructions are passed over."""
    _parser(patches, lambda expat: setattr(expat, "ProcessingInstructionHandler", None))


@defect("doctype-accepted", breaks=["xml-restriction-dtd", "xml-entities-not-expanded"])
def _(patches: Patches) -> None:
    """A document type before the header is taken, with the entities that it declares."""
    _parser(patches, lambda expat: setattr(expat, "StartDoctypeDeclHandler", None))


@defect("entity-accepted", breaks=["xml-restriction-ref", "xml-restriction-not-delivered"])
def _(patches: Patches) -> None:
    """A reference to an entity that nobody has declared becomes a question mark."""
    _bytes(patches, lambda data: _ENTITY.sub(b"?", data))


@defect("undeclared-prefix-accepted", breaks=["xml-wellformed-ns", "wellformed-undeclared-prefix"])
def _(patches: Patches) -> None:
    """Prefixes that are not declared are taken off."""

    def bare(data: bytes) -> bytes:
        for prefix in set(_PREFIX.findall(data)) - {b"stream"}:
            if b"xmlns:%b=" % prefix not in data:
                data = re.sub(rb"(</?)%b:" % prefix, rb"\1", data)
        return data

    _bytes(patches, bare)


@defect("malformed-mended", breaks=["xml-wellformed-xml", "wellformed-condition"])
def _(patches: Patches) -> None:
    """A bare & is taken for text."""
    _bytes(patches, lambda data: re.sub(rb"&(?=[ &])", b"&amp;", data))


@defect("declared-encoding-ignored", breaks=["encoding-declared-other"])
def _(patches: Patches) -> None:
    """An XML declaration may name any encoding; UTF-8 is read all the same."""
    _parser(patches, lambda expat: setattr(expat, "XmlDeclHandler", None))


@defect("bad-utf8-accepted", breaks=["encoding-invalid-utf8", "stream-error-unsupported-encoding"])
def _(patches: Patches) -> None:
    """Bytes that are not UTF-8 become U+FFFD."""
    before = Reader.feed
    decoders: dict[Reader, codecs.IncrementalDecoder] = {}

    def feed(reader: Reader, data: bytes) -> list[Item]:
        new = codecs.getincrementaldecoder("utf-8")("replace")
        decoder = decoders.setdefault(reader, new)
        return before(reader, decoder.decode(data).encode())

    patches.set(Reader, "feed", feed)


# What XMPP allows.


@defect("cdata-refused", breaks=["xml-cdata"])
def _(patches: Patches) -> None:
    """A CDATA section is <restricted-xml/>."""
    _refused(patches, rb"<!\[CDATA\[", "restricted-xml")


@defect("character-reference-refused", breaks=["xml-character-reference"])
def _(patches: Patches) -> None:
    """A numeric character reference is <restricted-xml/>."""
    _refused(patches, rb"&#", "restricted-xml")


@defect("apostrophe-entity-refused", breaks=["xml-entity-predefined"])
def _(patches: Patches) -> None:
    """&apos; is <restricted-xml/>: the entity that HTML did not have."""
    _refused(patches, rb"&apos;", "restricted-xml")


@defect(
    "white-space-refused", breaks=["whitespace-keepalive-accepted", "whitespace-between-stanzas"]
)
def _(patches: Patches) -> None:
    """White space between stanzas ends the stream."""
    _refused(patches, rb"\A\s+\Z", "bad-format")


@defect("entities-escaped-twice", breaks=["xml-entity-predefined"])
def _(patches: Patches) -> None:
    """&amp; arrives as &amp;amp;."""
    _delivered(patches, lambda data: data.replace(b"&amp;", b"&amp;amp;"))


@defect("output-not-escaped", breaks=["wellformed-output"])
def _(patches: Patches) -> None:
    """&lt; arrives as a bare <."""
    _delivered(patches, lambda data: data.replace(b"&lt;", b"<"))


@defect("output-limited-to-basic-plane", breaks=["encoding-utf8"])
def _(patches: Patches) -> None:
    """Characters of four bytes arrive as question marks."""
    _delivered(patches, lambda data: re.sub(rb"[\xf0-\xf4][\x80-\xbf]{3}", b"?", data))


@defect("output-with-prefix", breaks=["content-prefix-not-generated"])
def _(patches: Patches) -> None:
    """Messages are delivered with a prefix bound to jabber:client."""
    start = f"<c:message xmlns:c='{ns.CLIENT}'".encode()
    _delivered(
        patches,
        lambda data: data.replace(b"<message", start).replace(b"</message>", b"</c:message>"),
    )


@defect("output-in-server-namespace", breaks=["content-namespace-never-server"])
def _(patches: Patches) -> None:
    """Messages are delivered in jabber:server."""
    start = f"<message xmlns='{ns.SERVER}'".encode()
    _delivered(patches, lambda data: data.replace(b"<message", start))


@defect("lookalike-delivered", breaks=["foreign-stanza-lookalike"])
def _(patches: Patches) -> None:
    """A <message/> of any namespace is delivered."""
    before = session._unexpected

    def unexpected(session: Session, item: Element) -> State:
        if session.state is not State.BOUND or not item.tag.endswith("}message"):
            return before(session, item)
        item.tag = ns.MESSAGE
        router.route(session.domain, session, item)
        return State.BOUND

    patches.set(session, "_unexpected", unexpected)


# Pieces and limits.


@defect("pieces-refused", breaks=["stanza-timing-meaningless"])
def _(patches: Patches) -> None:
    """A stanza that does not come in one read is <not-well-formed/>."""
    before = Reader.feed

    def feed(reader: Reader, data: bytes) -> list[Item]:
        items = before(reader, data)
        if not reader._parser.idle and reader._parser._open:
            items.append(StreamViolation("not-well-formed", "a stanza in pieces"))
        return items

    patches.set(Reader, "feed", feed)


@defect("last-byte-unneeded", breaks=["stanza-partial-not-processed"])
def _(patches: Patches) -> None:
    """A message takes effect before its last byte has come."""
    before = Reader.feed
    early: set[Reader] = set()

    def feed(reader: Reader, data: bytes) -> list[Item]:
        if reader in early:
            early.discard(reader)
            data = data.removeprefix(b">")
        if data.endswith(b"</message"):
            early.add(reader)
            data += b">"
        return before(reader, data)

    patches.set(Reader, "feed", feed)


@defect("big-stanza-drops", breaks=["stanza-size-exceeded", "stream-error-policy-violation"])
def _(patches: Patches) -> None:
    """A stanza above the limit ends the connection without a word."""
    before = Session.fail

    def fail(session: Session, condition: str, text: str = "") -> None:
        if not text.startswith("stanza over"):
            before(session, condition, text)
        elif session.state is not State.CLOSED:
            session.lost()
            session._link.finish()

    patches.set(Session, "fail", fail)


@defect("small-limit", breaks=["stanza-size-minimum"])
def _(patches: Patches) -> None:
    """Stanzas may have 5000 bytes."""
    before = Reader.__init__
    patches.set(Reader, "__init__", lambda reader, _limits: before(reader, Limits(5_000)))


@defect("faulty-write-dropped", breaks=["in-order-end-of-stream"])
def _(patches: Patches) -> None:
    """What precedes malformed XML in the same write is not processed."""

    def faults(items: list[Item]) -> list[Item]:
        return [item for item in items if isinstance(item, StreamViolation)] or items

    patches.after(Reader, "feed", faults)
