"""Sections 4.9.1.2 and 4.9.1.3: headers that are refused, and how the refusal looks."""

from __future__ import annotations

import xml.parsers.expat as expat
from typing import NamedTuple

import pytest

from conformance.generate.text import NAMES, URIS
from conformance.rfc6120.outcomes import ANY_STREAM_ERROR
from conformance.rfc6120.streams import tap
from conformance.suite import Allowed, Case, requires
from conformance.verdicts import stream_error
from conformance.wire.negotiation import header
from conformance.wire.stream import RawStream, Reaction
from harness.xmpp import namespaces as ns


class Wrong(NamedTuple):
    """A header that must be refused, but for those whose `allowed` has "ignored"."""

    name: str
    text: str  # with {domain}, {name} and {uri}
    requirements: tuple[str, ...]
    allowed: Allowed


_HEADER = header("{domain}")
_NAMESPACE = stream_error("invalid-namespace", lenient=("*",))
_NO_HOST = Allowed(
    "the stream of a domain of the server, <host-unknown/> or <improper-addressing/>",
    ("ignored", "*stream error host-unknown", "*stream error improper-addressing"),
    ANY_STREAM_ERROR,
)

WRONG = [
    Wrong(
        "stream-namespace",
        header("{domain}", **{"xmlns:stream": "{uri}"}),
        ("stream-namespace-wrong", "stream-error-invalid-namespace"),
        _NAMESPACE,
    ),
    Wrong(
        "root-in-jabber-client",
        _HEADER.replace("<stream:stream", "<stream"),
        ("stream-namespace-wrong", "xml-namespace-streams-declaration"),
        _NAMESPACE,
    ),
    Wrong(
        "content-namespace",
        header("{domain}", xmlns="{uri}"),
        ("stream-error-invalid-namespace",),
        Allowed(  # it may also be refused at the first element
            "<invalid-namespace/>",
            ("*stream error invalid-namespace",),
            ("ignored", *ANY_STREAM_ERROR),
        ),
    ),
    Wrong(
        "root-name",
        _HEADER.replace("<stream:stream", "<stream:{name}x"),
        ("stream-error-generate",),
        Allowed("a stream error", ANY_STREAM_ERROR),
    ),
    Wrong(
        "unknown-host",
        header("{name}.unknown.example"),
        ("stream-error-host-unknown",),
        stream_error("host-unknown", "host-gone", lenient=("*",)),
    ),
    Wrong("no-host", header("", to=None), ("stream-initial-to-missing",), _NO_HOST),
    Wrong(
        "encoding",
        _HEADER.replace("'1.0'?", "'1.0' encoding='ISO-8859-1'?"),
        ("stream-error-unsupported-encoding",),
        stream_error("unsupported-encoding", lenient=("*",)),
    ),
    Wrong(
        "undeclared-prefix",
        _HEADER.replace("xmlns:stream=", "xmlns:other="),
        ("stream-error-not-well-formed", "xml-wellformed-ns"),
        stream_error("not-well-formed", lenient=("*",)),
    ),
    Wrong(
        "not-well-formed",
        _HEADER.replace("'{domain}'", "{domain}"),
        ("stream-error-not-well-formed", "xml-wellformed-xml"),
        stream_error("not-well-formed", lenient=("bad-format",)),
    ),
]
_EVERY = pytest.mark.parametrize("wrong", [pytest.param(w, id=w.name) for w in WRONG])
_NO_ADDRESS = pytest.mark.parametrize(
    "wrong", [pytest.param(w, id=w.name) for w in WRONG if w.name.endswith("-host")]
)
_OF_NAMESPACES = pytest.mark.parametrize(
    "wrong",
    [pytest.param(w, id=w.name) for w in WRONG if "stream-namespace-wrong" in w.requirements],
)


async def send(case: Case, wrong: Wrong, name: str, uri: str) -> tuple[RawStream, bytearray]:
    """Send the wrong header; the stream and what will come on it."""
    stream = await case.stream()
    received = tap(stream)
    text = wrong.text.replace("{domain}", case.domain).replace("{name}", name)
    await stream.send(text.replace("{uri}", uri))
    return stream, received


async def refused(case: Case, wrong: Wrong, name: str, uri: str) -> tuple[Reaction, bytes]:
    """The refusal, and its bytes. A header that is served has none: `test_refused` judges that."""
    stream, received = await send(case, wrong, name, uri)
    reaction = await stream.react("^features ")
    if reaction.ending == "fence":
        case.not_applicable("the header is served")
    case.saw_close(reaction.close)
    return reaction, bytes(received)


@pytest.mark.parametrize(
    "wrong",
    [pytest.param(w, id=w.name, marks=pytest.mark.requires(*w.requirements)) for w in WRONG],
)
@requires("stream-error-generate", name=NAMES, uri=URIS)
async def test_refused(case: Case, wrong: Wrong, name: str, uri: str) -> None:
    stream, _ = await send(case, wrong, name, uri)
    case.judge(await stream.react("^features "), wrong.allowed)


@_EVERY
@requires("stream-header-reply-before-error", "stream-error-generate", name=NAMES, uri=URIS)
async def test_header_before_the_error(case: Case, wrong: Wrong, name: str, uri: str) -> None:
    reaction, _ = await refused(case, wrong, name, uri)
    case.check(reaction.header, "a response header", "no header")
    case.check(reaction.error is not None, "a stream error behind the header", str(reaction))


@_EVERY
@requires("stream-header-error-closing-tag", "stream-error-generate", name=NAMES, uri=URIS)
async def test_refusal_is_one_document(case: Case, wrong: Wrong, name: str, uri: str) -> None:
    _, received = await refused(case, wrong, name, uri)
    case.check(is_document(received), "a complete document", "no complete document")


def is_document(data: bytes) -> bool:
    """Whether the bytes are one whole XML document."""
    try:
        expat.ParserCreate(namespace_separator="}").Parse(data, True)
    except expat.ExpatError:
        return False
    return True


@_OF_NAMESPACES
@requires("stream-namespace-in-errors", name=NAMES, uri=URIS)
async def test_refusal_is_in_the_stream_namespace(
    case: Case, wrong: Wrong, name: str, uri: str
) -> None:
    reaction, _ = await refused(case, wrong, name, uri)
    tags = [reaction.header.tag if reaction.header else "", *(e.tag for e in reaction.elements)]
    case.check(
        tags == [f"{{{ns.STREAM}}}stream", f"{{{ns.STREAM}}}error"],
        "header and error in the stream namespace",
        "header or error in another namespace, or missing",
    )


@_EVERY
@requires("stream-attribute-response-id", name=NAMES, uri=URIS)
async def test_refusal_has_an_id(case: Case, wrong: Wrong, name: str, uri: str) -> None:
    reaction, _ = await refused(case, wrong, name, uri)
    case.check(
        reaction.header and reaction.header.attributes.get("id"),
        "a response header with an id",
        "a header without id" if reaction.header else "no header",
    )


@_EVERY
@requires("stream-attribute-response-from", name=NAMES, uri=URIS)
async def test_refusal_has_a_from(case: Case, wrong: Wrong, name: str, uri: str) -> None:
    """Empty is enough where the host is unknown (section 4.9.1.3)."""
    reaction, _ = await refused(case, wrong, name, uri)
    case.check(
        reaction.header and "from" in reaction.header.attributes,
        "a response header with a from",
        "a header without from" if reaction.header else "no header",
    )


@_NO_ADDRESS
@requires("stream-host-unknown-from", "stream-attribute-response-from", name=NAMES, uri=URIS)
async def test_from_of_the_refusal(case: Case, wrong: Wrong, name: str, uri: str) -> None:
    reaction, _ = await refused(case, wrong, name, uri)
    case.check(reaction.header, "a response header", "no header")
    assert reaction.header is not None
    case.check(
        reaction.header.attributes.get("from", "") in ("", case.domain),
        "from = a domain of the server, or empty",
        "from = the unknown domain",
    )
