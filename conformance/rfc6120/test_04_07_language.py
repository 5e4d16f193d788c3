"""Section 4.7.4: xml:lang of stream headers."""

from __future__ import annotations

import re

import pytest

from conformance.rfc6120.streams import EVERY_OPENING, OPENINGS, due, response
from conformance.suite import Case, requires
from conformance.wire.negotiation import bind, header, open_stream
from harness.xmpp import namespaces as ns

_TAG = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_UNSUPPORTED = "tlh"  # Klingon
_WISHES = pytest.mark.parametrize("wish", [None, "en", "de-CH", _UNSUPPORTED])


async def language(case: Case, opening: str, wish: str | None) -> str | None:
    """The xml:lang of the response to a header with this one."""
    stream = await due(case, opening)
    await stream.send(header(case.domain, **{"xml:lang": wish}))
    return (await response(case, stream)).attributes.get(ns.LANG)


async def default(case: Case) -> str:
    """The language of who has named none. Raises Unknown."""
    found = await language(case, OPENINGS[0], None)
    if not found:
        raise case.unknown("a header without xml:lang is answered by one without")
    return found


@EVERY_OPENING
@_WISHES
@requires("stream-response-lang")
async def test_lang_is_there(case: Case, opening: str, wish: str | None) -> None:
    came = await language(case, opening, wish)
    case.check(came is not None, "xml:lang in the response header", "no xml:lang")


@EVERY_OPENING
@_WISHES
@requires("stream-response-lang-syntax")
async def test_lang_names_a_language(case: Case, opening: str, wish: str | None) -> None:
    came = await language(case, opening, wish)
    case.check(
        came is None or _TAG.fullmatch(came), "a language tag", "an xml:lang of no such form"
    )


@EVERY_OPENING
@requires("stream-response-lang-default")
async def test_default_language(case: Case, opening: str) -> None:
    expected = await default(case)
    for wish in (None, _UNSUPPORTED):
        case.check(
            await language(case, opening, wish) == expected,
            "the default language for who names none, and for who names one of no server",
            "the language of the client" if wish else "another language",
        )


@EVERY_OPENING
@requires("stream-response-lang-supported")
async def test_supported_language(case: Case, opening: str) -> None:
    wish = await default(case)
    came = await language(case, opening, wish)
    case.check(came == wish, "the client's language, which is the server's", "another language")


@EVERY_OPENING
@requires("stream-response-lang-lookup")
async def test_matching_language(case: Case, opening: str) -> None:
    """RFC 4647 section 3.4: the wish is shortened until it matches."""
    supported = await default(case)
    if "-" in supported:
        case.not_applicable("the server's default language has a region already")
    wish = f"{supported}-GB"
    came = await language(case, opening, wish)
    case.prefer(came in (supported, wish), "the language, with its region or without", "another")


@pytest.mark.parametrize("lang", ["en", "de-CH", _UNSUPPORTED])
@requires("stream-lang-stamp-value", "stanza-attribute-xmllang")
async def test_stamp_is_the_clients_language(case: Case, lang: str) -> None:
    """Whether a server stamps at all is a question of section 8.1.5."""
    receiver = await case.bound(1)
    sender = await due(case, OPENINGS[-1])
    await open_stream(sender, header(case.domain, **{"xml:lang": lang}))
    await bind(sender)
    await sender.send(
        f"<message to='{receiver.jid}' id='m' type='headline'><body>x</body></message>"
    )
    found = await receiver.element("^message")
    case.check(
        found.get(ns.LANG) in (None, lang),
        "the xml:lang of the sender's header, or none",
        "another xml:lang",
    )
