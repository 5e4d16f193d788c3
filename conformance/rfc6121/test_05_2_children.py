"""Sections 5.2.3 to 5.3: what stands in a message arrives as it was written."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from hypothesis import strategies as st

from conformance.generate.messages import CONTENTS, TEXT, THREADS, child
from conformance.generate.presences import LANGUAGES
from conformance.generate.text import CUTS, IDENTIFIERS
from conformance.rfc6120.common import delivered
from conformance.rfc6121.presences import whole
from conformance.rfc6121.test_05_2_types import message
from conformance.suite import Case, requires
from conformance.suite.effort import fewer
from harness.xmpp import namespaces as ns

_LINES = "  one\n\ttwo\n\n  three  \n"
_EVERY_FORM = pytest.mark.parametrize("form", ["full", "bare"])
_TYPED = pytest.mark.parametrize("type_", ["normal", "chat", "headline"])


async def _arrived(
    case: Case, inner: str, type_: str = "chat", form: str = "full", cuts: list[float] | None = None
) -> Element:
    receiver, sender = await case.pair()
    to = receiver.jid if form == "full" else case.jid(1)
    text = message(to, type_, inner)
    return await delivered(case, sender, receiver, text, "message", cuts)


def _texts(found: Element, name: str) -> dict[str | None, str]:
    return {e.get(ns.LANG): e.text or "" for e in found.iterfind(f"{{{ns.CLIENT}}}{name}")}


_NAMED = [
    pytest.param(
        "body", marks=pytest.mark.requires("message-body", "message-body-delivered"), id="body"
    ),
    pytest.param(
        "subject",
        marks=pytest.mark.requires("message-subject", "message-subject-delivered"),
        id="subject",
    ),
]
_LANGUAGES = [
    pytest.param(name, marks=pytest.mark.requires(f"message-{name}-languages"), id=name)
    for name in ("body", "subject")
]


@pytest.mark.parametrize("name", _NAMED)
@requires(text=st.just(_LINES) | TEXT, cuts=CUTS)
async def test_text(case: Case, name: str, text: str, cuts: list[float]) -> None:
    """Character for character, with white space and line breaks; a subject without a body too."""
    found = await _arrived(case, child(name, text), cuts=cuts)
    case.check(list(_texts(found, name).values()) == [text], "the text", "another text, or none")


@pytest.mark.parametrize("name", _LANGUAGES)
@requires(texts=st.dictionaries(st.sampled_from(LANGUAGES), TEXT, min_size=2))
async def test_languages(case: Case, name: str, texts: dict[str, str]) -> None:
    """Several with a language each, one without."""
    inner = child(name, "x") + "".join(
        child(name, text, **{"xml:lang": lang}) for lang, text in texts.items()
    )
    found = await _arrived(case, inner)
    came = _texts(found, name)
    own = found.get(ns.LANG)
    plain = came.pop(None, None) or came.pop(own, None)
    case.check(plain == "x", "the one without a language", "none, or another")
    case.check(came == texts, "each text with its language", "other texts or languages")


@requires("message-body-languages")
async def test_language_of_the_message(case: Case) -> None:
    """It is that of a body without one."""
    receiver, sender = await case.pair()
    text = f"<message to='{receiver.jid}' type='chat' xml:lang='cs'><body>Ahoj</body></message>"
    found = await delivered(case, sender, receiver, text, "message")
    body = found.find(f"{{{ns.CLIENT}}}body")
    language = body.get(ns.LANG) if body is not None else None
    case.check((language or found.get(ns.LANG)) == "cs", "its language", "another one, or none")


@pytest.mark.parametrize("type_", ["normal", "chat", "groupchat", "headline"])
@requires("message-body", "message-body-optional")
async def test_without_a_body(case: Case, type_: str) -> None:
    for inner in ("", "<subject>x</subject>", "<x xmlns='urn:example:q'/>"):
        found = await _arrived(case, inner, type_)
        case.check(whole(found, inner), "the message as it is", "another one")


_PARENTS = st.none() | IDENTIFIERS.map("of-{}".format)


@_TYPED
@fewer(2)
@requires(
    "message-thread",
    "message-thread-delivered",
    "message-thread-parent",
    text=THREADS,
    parent=_PARENTS,
)
async def test_thread(case: Case, type_: str, text: str, parent: str | None) -> None:
    """With its parent, and with a body or without."""
    thread = child("thread", text, **({} if parent is None else {"parent": parent}))
    for inner in (thread, f"<body>x</body>{thread}"):
        found = await _arrived(case, inner, type_, "full")
        came = [(e.text, e.get("parent")) for e in found.iterfind(f"{{{ns.CLIENT}}}thread")]
        case.check(came == [(text, parent)], "the thread and its parent", "another, or none")


@requires("message-thread-delivered", "message-thread-parent")
async def test_thread_is_opaque(case: Case) -> None:
    """White space, letter case and what looks like an address stay as they are."""
    for text in ("  t\n ", "T", "a@b/c", "&<>"):
        found = await _arrived(case, child("thread", text, parent=f"of {text.strip()}"))
        came = [(e.text, e.get("parent")) for e in found.iterfind(f"{{{ns.CLIENT}}}thread")]
        case.check(came == [(text, f"of {text.strip()}")], "the thread as it is", "another one")


@_EVERY_FORM
@_TYPED
@fewer(2)
@requires(
    "message-extended-content",
    "message-type-support",
    "message-body-delivered",
    inner=CONTENTS,
    cuts=CUTS,
)
async def test_anything(case: Case, form: str, type_: str, inner: str, cuts: list[float]) -> None:
    """Subjects, bodies, a thread, and elements of other namespaces, with bodies of their own."""
    receiver, sender = await case.pair()
    to = receiver.jid if form == "full" else case.jid(1)
    text = message(to, type_, f"{inner}<body xml:lang='xx'>x</body>")
    found = await delivered(case, sender, receiver, text, "message", cuts)
    same = whole(found, f"{inner}<body xml:lang='xx'>x</body>")
    case.check(same, "all that is in it, unchanged", "something else")
