"""Defects of stream headers, features and restarts (RFC 6120 sections 4.2, 4.3, 4.7 and 4.8)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

from harness.targets.embedded import features, opening
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.session import TABLE, Session, State
from harness.xmpp import namespaces as ns
from harness.xmpp.client import END
from harness.xmpp.parser import StreamHeader
from harness.xmpp.stanza import escape

_ID = re.compile(rb" id='[^']*'")
_FROM = re.compile(rb" from='[^']*'")
_TO = re.compile(rb" to='[^']*'")
_VERSION = re.compile(rb" version='[0-9.]*'(?= xml:lang| xmlns)")
_LANG = re.compile(rb" xml:lang='[^']*'")
_OPENING = (State.OPENING, StreamHeader)


def _header(patches: Patches, pattern: re.Pattern[bytes], text: bytes = b"") -> None:
    """What matches in our headers becomes `text`."""
    patches.after(opening, "answer", lambda data: pattern.sub(text, data, count=1))


def _given(
    patches: Patches, pattern: re.Pattern[bytes], name: str, change: Callable[[str], str] = str
) -> None:
    """An attribute of ours is what the client's header has for `name`."""
    before = opening.answer

    def answer(header: StreamHeader | None, domain: str) -> bytes:
        data, value = before(header, domain), header.attributes.get(name) if header else None
        if value is None:
            return data
        return pattern.sub(
            lambda found: found[0].split(b"=")[0] + b"='" + escape(change(value)) + b"'",
            data,
            count=1,
        )

    patches.set(opening, "answer", answer)


@defect("header-without-id", breaks=["stream-attribute-response-id"])
def _(patches: Patches) -> None:
    """Response headers have no id."""
    _header(patches, _ID)


@defect("header-empty-id", breaks=["stream-attribute-response-id"])
def _(patches: Patches) -> None:
    """Response headers have an empty id."""
    _header(patches, _ID, b" id=''")


@defect("header-id-counts", breaks=["stream-id-unpredictable"])
def _(patches: Patches) -> None:
    """Stream ids are the numbers from 1000 on."""
    numbers = itertools.count(1000)
    patches.after(
        opening, "answer", lambda data: _ID.sub(b" id='%d'" % next(numbers), data, count=1)
    )


@defect(
    "header-id-of-the-client",
    breaks=["stream-initial-id-ignored", "stream-attribute-response-id-unique"],
)
def _(patches: Patches) -> None:
    """An id in the client's header becomes that of the response."""
    _given(patches, _ID, "id")


@defect(
    "header-id-kept-at-restart",
    breaks=[
        "stream-restart-new-id",
        "stream-attribute-response-id-unique",
        "sasl-restart-header",
        "tls-response-header",
    ],
)
def _(patches: Patches) -> None:
    """All streams of a connection have the id of the first."""
    handle, answer = TABLE[_OPENING], opening.answer
    ids: dict[Session, bytes] = {}
    current: list[Session] = []

    def on_header(session: Session, header: StreamHeader) -> State:
        current[:] = [session]
        return handle(session, header)

    def same(header: StreamHeader | None, domain: str) -> bytes:
        data = answer(header, domain)
        found = _ID.search(data)
        if not current or found is None:
            return data
        return data.replace(found[0], ids.setdefault(current[0], found[0]))

    patches.put(TABLE, _OPENING, on_header)
    patches.set(opening, "answer", same)


@defect("header-without-from", breaks=["stream-attribute-response-from"])
def _(patches: Patches) -> None:
    """Response headers have no from."""
    _header(patches, _FROM)


@defect("header-from-as-asked", breaks=["stream-host-unknown-from"])
def _(patches: Patches) -> None:
    """The response's from is the client's to, also when that is no domain of ours."""
    _given(patches, _FROM, "to")


@defect(
    "header-without-to",
    breaks=["stream-attribute-response-to", "stream-response-to-mirrors-from"],
)
def _(patches: Patches) -> None:
    """Response headers have no to, although the client's had a from."""
    _header(patches, _TO)


@defect("header-to-with-resource", breaks=["stream-response-to-bare"])
def _(patches: Patches) -> None:
    """The response's to is the client's from with its resource."""
    _given(patches, _TO, "from")


@defect("header-to-without-from", breaks=["stream-response-to-absent"])
def _(patches: Patches) -> None:
    """Response headers have a to, although the client's had no from."""

    def addressed(data: bytes) -> bytes:
        return data if _TO.search(data) else data.replace(b" id=", b" to='you@there' id=", 1)

    patches.after(opening, "answer", addressed)


@defect("header-without-version", breaks=["version-response"])
def _(patches: Patches) -> None:
    """Response headers have no version."""
    _header(patches, _VERSION)


@defect("header-version-of-the-client", breaks=["version-major-higher"])
def _(patches: Patches) -> None:
    """The response's version is the client's, however high."""
    _given(patches, _VERSION, "version")


@defect("header-version-as-text", breaks=["version-leading-zeros"])
def _(patches: Patches) -> None:
    """Versions are compared as text: 01.0 is too low."""
    before = opening.fault

    def fault(header: StreamHeader, domain: str, authenticated: str) -> str | None:
        if header.attributes.get("version", "") < "1.0":
            return "unsupported-version"
        return before(header, domain, authenticated)

    patches.set(opening, "fault", fault)


@defect("header-without-lang", breaks=["stream-response-lang"])
def _(patches: Patches) -> None:
    """Response headers have no xml:lang."""
    _header(patches, _LANG)


@defect("header-lang-of-the-client", breaks=["stream-response-lang-default"])
def _(patches: Patches) -> None:
    """The response's xml:lang is the client's, also a language that we do not speak."""
    _given(patches, _LANG, ns.LANG)


@defect("header-with-byte-order-mark", breaks=["encoding-no-bom-sent"])
def _(patches: Patches) -> None:
    """Our streams begin with a byte order mark."""
    patches.after(opening, "answer", lambda data: b"\xef\xbb\xbf" + data)


@defect("header-standalone", breaks=["xml-declaration-no-standalone"])
def _(patches: Patches) -> None:
    """Our XML declaration has a standalone part."""
    patches.after(opening, "answer", lambda data: data.replace(b"?>", b" standalone='yes'?>", 1))


@defect("header-remembered", breaks=["stream-restart-old-header-void"])
def _(patches: Patches) -> None:
    """The language of an earlier header holds where a later one has none."""
    before = TABLE[_OPENING]

    def on_header(session: Session, header: StreamHeader) -> State:
        known = session.lang
        state = before(session, header)
        session.lang = session.lang or known
        return state

    patches.put(TABLE, _OPENING, on_header)


def _overlook(patches: Patches, condition: str) -> None:
    """A header with this fault is served."""
    patches.after(opening, "fault", lambda fault: None if fault == condition else fault)


@defect("unknown-host-served", breaks=["stream-error-host-unknown"])
def _(patches: Patches) -> None:
    """A header to any domain is served."""
    _overlook(patches, "host-unknown")


@defect(
    "wrong-namespace-served",
    breaks=[
        "stream-namespace-wrong",
        "stream-error-invalid-namespace",
        "content-namespace-unsupported",
    ],
)
def _(patches: Patches) -> None:
    """A header is served whatever its namespace and the default one are."""
    _overlook(patches, "invalid-namespace")


@defect("features-without-bind", breaks=["bind-advertised"])
def _(patches: Patches) -> None:
    """The features after SASL do not hold <bind/>."""
    bind = f"<bind xmlns='{ns.BIND}'/>".encode()
    patches.after(features, "after_login", lambda data: data.replace(bind, b""))


@defect(
    "features-with-bind-before-login",
    breaks=["bind-not-advertised-early"],
)
def _(patches: Patches) -> None:
    """The features before SASL hold <bind/>."""
    bind = f"<bind xmlns='{ns.BIND}'/></stream:features>".encode()
    patches.after(features, "before_login", lambda data: data.replace(b"</stream:features>", bind))


@defect(
    "features-with-mechanisms-after-login",
    breaks=["sasl-not-offered-after-success", "stream-features-after-restart"],
)
def _(patches: Patches) -> None:
    """The features after SASL hold SASL mechanisms."""
    offer = f"<mechanisms xmlns='{ns.SASL}'><mechanism>PLAIN</mechanism></mechanisms>".encode()
    end = b"</stream:features>"
    patches.after(features, "after_login", lambda data: data.replace(end, offer + end))


@defect(
    "features-with-starttls-after-tls",
    breaks=[
        "starttls-not-readvertised",
        "stream-features-after-restart",
        "direct-tls-no-starttls",
    ],
)
def _(patches: Patches) -> None:
    """The features within TLS hold <starttls/>."""
    before = features.before_login

    def before_login(starttls: features.Starttls, mechanisms: tuple[str, ...]) -> bytes:
        return before("offered" if starttls == "no" else starttls, mechanisms)

    patches.set(features, "before_login", before_login)


@defect("features-without-namespace", breaks=["stream-features-namespaces"])
def _(patches: Patches) -> None:
    """A feature has the content namespace."""
    patches.after(
        features,
        "before_login",
        lambda data: data.replace(b"<stream:features>", b"<stream:features><chat/>"),
    )


@defect("features-after-bind", breaks=["stream-features-none-after-bind"])
def _(patches: Patches) -> None:
    """The features are sent again when the resource is bound."""
    key = (State.BINDING, ns.IQ)
    before = TABLE[key]

    def on_bind(session: Session, iq: object) -> State:
        state = before(session, iq)
        if state is State.BOUND:
            session.answer(features.after_login())
        return state

    patches.put(TABLE, key, on_bind)


@defect("restart-with-closing-tag", breaks=["stream-restart-no-closing-tag"])
def _(patches: Patches) -> None:
    """At each restart our old stream is ended by a closing tag."""
    before = Session._restart

    def restart(session: Session) -> None:
        if session._opened:
            session.answer(END)
        before(session)

    patches.set(Session, "_restart", restart)
