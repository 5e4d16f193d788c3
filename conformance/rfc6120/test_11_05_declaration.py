"""Sections 11.5 and 11.6: the XML declaration, and the first bytes of a stream."""

from __future__ import annotations

from typing import NamedTuple
from xml.parsers import expat

import pytest

from conformance.rfc6120.common import after, written
from conformance.rfc6120.outcomes import ANY_STREAM_ERROR
from conformance.rfc6120.streams import EVERY_OPENING, due, response, tap
from conformance.suite import Allowed, Case, requires
from conformance.wire.negotiation import header

_MARKS = (b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe")
_DECLARATION = "<?xml version='1.0'?>"


class Declaration(NamedTuple):
    """An XML declaration; `standalone` is -1 where it says nothing of that."""

    version: str | None
    encoding: str | None
    standalone: int


async def opened(case: Case, opening: str) -> bytes:
    """What the server sends first on a stream."""
    stream = await due(case, opening)
    received = tap(stream)
    await stream.send(header(case.domain))
    await response(case, stream)
    return bytes(received)


def declaration_in(data: bytes) -> Declaration:
    """The declaration at the start of a stream."""
    found = [Declaration(None, None, -1)]
    parser = expat.ParserCreate("UTF-8")
    parser.XmlDeclHandler = lambda *declared: found.append(Declaration(*declared))
    parser.Parse(data)
    return found[-1]


@EVERY_OPENING
@requires("xml-declaration-sent")
async def test_declaration_is_sent(case: Case, opening: str) -> None:
    found = declaration_in(await opened(case, opening))
    case.prefer(found.version is not None, "an XML declaration", "none")
    case.check(found.version in (None, "1.0"), "version 1.0", "another version")
    encoding = (found.encoding or "UTF-8").upper()
    case.check(encoding == "UTF-8", "the encoding UTF-8, or none", "another encoding")


@EVERY_OPENING
@requires("xml-declaration-no-standalone")
async def test_no_standalone_is_sent(case: Case, opening: str) -> None:
    found = declaration_in(await opened(case, opening))
    case.check(found.standalone == -1, "no standalone declaration", "a standalone declaration")


@EVERY_OPENING
@requires("encoding-no-bom-sent")
async def test_no_byte_order_mark_is_sent(case: Case, opening: str) -> None:
    data = await opened(case, opening)
    case.check(not data.startswith(_MARKS), "no byte order mark", "a byte order mark")


async def answered(case: Case, opening: str, text: str | bytes, allowed: Allowed) -> None:
    """Judge how a stream that begins so is answered; "ignored" if it is served."""
    stream = await due(case, opening)
    await stream.send(text)
    case.judge(await stream.react("^features "), allowed)


@EVERY_OPENING
@requires("xml-declaration-optional")
async def test_no_declaration(case: Case, opening: str) -> None:
    text = header(case.domain).removeprefix(_DECLARATION)
    await answered(case, opening, text, Allowed("features", ("ignored",), ANY_STREAM_ERROR))


@EVERY_OPENING
@requires("xml-declaration-standalone")
async def test_standalone(case: Case, opening: str) -> None:
    text = header(case.domain).replace("?>", " standalone='no'?>", 1)
    await answered(
        case,
        opening,
        text,
        Allowed(
            "features, or <restricted-xml/>",
            ("ignored", "stream error restricted-xml"),
            ANY_STREAM_ERROR,
        ),
    )


_LATE = Allowed(
    "the stream error <not-well-formed/>",
    ("*stream error not-well-formed",),
    ("*stream error restricted-xml", "*stream error bad-format"),
)


@EVERY_OPENING
@requires("xml-declaration-late", "xml-wellformed-xml")
async def test_declaration_behind_white_space(case: Case, opening: str) -> None:
    """Which may be skipped."""
    allowed = Allowed(_LATE.words, ("ignored", *_LATE.strict), _LATE.lenient)
    await answered(case, opening, "\n" + header(case.domain), allowed)


@pytest.mark.parametrize("place", ["between", "within"])
@requires("xml-declaration-late", "xml-wellformed-xml")
async def test_declaration_in_a_stream(case: Case, place: str) -> None:
    """Between stanzas, and in one."""
    stream = await case.bound()
    text = _DECLARATION
    if place == "within":
        text = written("message", stream.jid, f"<body>{_DECLARATION}</body>")
    case.judge(await after(case, stream, text), _LATE)
