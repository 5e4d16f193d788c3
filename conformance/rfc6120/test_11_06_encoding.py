"""Section 11.6: UTF-8, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from conformance.generate.text import CUTS, XML_TEXT
from conformance.rfc6120.common import delivered, written
from conformance.rfc6120.outcomes import ANY_STREAM_ERROR, ENCODING
from conformance.rfc6120.streams import EVERY_OPENING
from conformance.rfc6120.test_11_05_declaration import answered
from conformance.suite import Allowed, Case, requires
from conformance.wire.negotiation import header
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

_ANY_PLANE = st.characters(
    codec="utf-8",
    categories=("L", "M", "N", "P", "S", "Zs", "Cf", "Co"),
    exclude_characters="\ufeff",
)
# One to four bytes, composed and decomposed, right to left, joined.
_SAMPLES = ["a", "é", "e\u0301", "Å", "\u212b", "ß", "שלום", "مرحبا", "日本", "한", "\u1112\u1161"]
_SAMPLES += ["👩\u200d👧", "🇩🇪", "𐍈", "\U0010fffd", "\u00a0", "\u2028"]
_TEXTS = st.lists(st.sampled_from(_SAMPLES) | st.text(_ANY_PLANE, max_size=8), min_size=1).map(
    "".join
)


@pytest.mark.parametrize("place", ["body", "attribute", "extension"])
@requires("encoding-utf8", text=_TEXTS.filter(bool), cuts=CUTS)
async def test_text_of_all_planes(case: Case, place: str, text: str, cuts: list[float]) -> None:
    await unchanged(case, place, text, cuts)


async def unchanged(case: Case, place: str, text: str, cuts: list[float]) -> None:
    """Check that the text arrives with the same code points."""
    receiver, sender = await case.pair()
    given = stanza.escape(text).decode()
    inner = {
        "body": f"<body>{given}</body>",
        "attribute": f"<q xmlns='urn:example:q' a='{given}'/>",
        "extension": f"<q xmlns='urn:example:q'><y>{given}</y></q>",
    }[place]
    found = await delivered(
        case, sender, receiver, written("message", receiver.jid, inner), "message", cuts
    )
    extension = found.find("{urn:example:q}q")
    came = {
        "body": found.findtext(ns.BODY),
        "attribute": None if extension is None else extension.get("a"),
        "extension": found.findtext("{urn:example:q}q/{urn:example:q}y"),
    }[place]
    case.check(came == text, "the same code points", "another text")


@requires("encoding-feff-in-text", before=st.just("") | XML_TEXT, behind=st.just("") | XML_TEXT)
async def test_feff_in_text(case: Case, before: str, behind: str) -> None:
    await unchanged(case, "body", f"{before}\ufeff{behind}", [])


@EVERY_OPENING
@requires("encoding-feff-first")
async def test_feff_first(case: Case, opening: str) -> None:
    """Refused as XML that is not well-formed, or passed over."""
    await answered(
        case,
        opening,
        f"\ufeff{header(case.domain)}",
        Allowed("a stream error, or features", ("ignored", *ANY_STREAM_ERROR)),
    )


@EVERY_OPENING
@pytest.mark.parametrize("encoding", ["UTF-16", "ISO-8859-1", "windows-1252", "x-unknown"])
@requires("encoding-declared-other", "stream-error-unsupported-encoding")
async def test_another_encoding_declared(case: Case, opening: str, encoding: str) -> None:
    """Of bytes that are UTF-8 as well."""
    text = header(case.domain).replace("?>", f" encoding='{encoding}'?>", 1)
    await answered(case, opening, text, ENCODING)


@EVERY_OPENING
@requires("encoding-declared-other")
async def test_ascii_declared(case: Case, opening: str) -> None:
    """It is a part of UTF-8."""
    text = header(case.domain).replace("?>", " encoding='US-ASCII'?>", 1)
    allowed = Allowed(
        "features, or a stream error", ("ignored", *ENCODING.strict), ENCODING.lenient
    )
    await answered(case, opening, text, allowed)


@EVERY_OPENING
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["without-mark", "with-mark"])
@requires("encoding-utf16-bytes", "stream-error-unsupported-encoding")
async def test_utf16(case: Case, opening: str, encoding: str, mark: str) -> None:
    text = header(case.domain).replace("?>", " encoding='UTF-16'?>", 1)
    await answered(case, opening, (mark + text).encode(encoding), ENCODING)
