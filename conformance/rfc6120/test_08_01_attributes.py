"""Sections 8.1.3 to 8.1.5: `id`, `type` and `xml:lang`."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from conformance.generate.stanzas import LANGUAGES, TEXT_IDS
from conformance.generate.text import CUTS, XML_TEXT
from conformance.rfc6120.common import (
    EVERY_KIND,
    FOR_SENDER,
    KINDS,
    NO_USER,
    PING,
    QUERY,
    Address,
    after,
    answers,
    delivered,
    to_each,
    written,
)
from conformance.rfc6120.streams import reached
from conformance.suite import Case, requires
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

_MESSAGES = ["chat", "groupchat", "headline", "normal", "error"]
_ERROR = f"<error type='cancel'><forbidden xmlns='{ns.STANZAS}'/></error>"


@to_each(*FOR_SENDER, NO_USER)
@pytest.mark.parametrize("payload", [PING, QUERY], ids=["known", "unknown"])
@requires("stanza-attribute-id", "stanza-id-mirrored", identifier=TEXT_IDS, cuts=CUTS)
async def test_id_of_an_answer(
    case: Case, to: Address, payload: str, identifier: str, cuts: list[float]
) -> None:
    """Text of any kind and length."""
    stream = await case.bound()
    text = written("iq", to.of(case), payload, id=identifier)
    reaction = await after(case, stream, text, cuts)
    ids = [element.get("id") for element in reaction.elements]
    if not ids and reaction.ending == "fence":
        found = await answers(case, stream, [identifier])
        ids = [element.get("id") for element in found]
    case.check(ids == [identifier], "one answer with the id of the request", "another id, or none")


@EVERY_KIND
@requires("stanza-attribute-id", "stanza-id-delivered", identifier=TEXT_IDS, cuts=CUTS)
async def test_id_is_delivered(case: Case, kind: str, identifier: str, cuts: list[float]) -> None:
    receiver, sender = await case.pair()
    text = written(kind, receiver.jid, id=identifier)
    found = await delivered(case, sender, receiver, text, kind, cuts)
    case.check(found.get("id") == identifier, "id unchanged", "another id")


@requires("stanza-id-delivered", kinds=st.lists(st.sampled_from(KINDS), min_size=2, max_size=6))
async def test_same_id_again(case: Case, kinds: list[str]) -> None:
    """Stanzas with the same id are as many stanzas."""
    receiver, sender = await case.pair()
    await after(case, sender, "".join(written(kind, receiver.jid) for kind in kinds))
    elements = (await reached(receiver)).elements
    found = [e.tag.rpartition("}")[2] for e in elements if e.get("id") == "x"]
    case.check(found == kinds, "each of them delivered", "another number, or another order")


@pytest.mark.parametrize("type_", _MESSAGES)
@requires("stanza-attribute-type", "stanza-kind-message")
async def test_type_of_a_message(case: Case, type_: str) -> None:
    receiver, sender = await case.pair()
    inner = _ERROR if type_ == "error" else "<body>x</body>"
    text = written("message", receiver.jid, inner, type=type_)
    found = await delivered(case, sender, receiver, text, "message")
    same = found.get("type", "normal") == type_  # "normal" is the default (RFC 6121 section 5.2.2)
    case.check(same, "type unchanged", "another type")


@pytest.mark.parametrize("type_", [None, "unavailable", "error"])
@requires("stanza-attribute-type", "stanza-kind-presence")
async def test_type_of_a_presence(case: Case, type_: str | None) -> None:
    receiver, sender = await case.pair()
    inner = _ERROR if type_ == "error" else ""
    text = written("presence", receiver.jid, inner, type=type_)
    found = await delivered(case, sender, receiver, text, "presence")
    case.check(found.get("type") == type_, "type unchanged", "another type")


@pytest.mark.parametrize("type_", ["get", "set"])
@pytest.mark.parametrize("answer", ["result", "error"])
@requires("stanza-attribute-type", "stanza-kind-iq")
async def test_type_of_an_iq(case: Case, type_: str, answer: str) -> None:
    """Of the request and of its answer."""
    asked, asking = await case.pair()
    request = await delivered(case, asking, asked, written("iq", asked.jid, type=type_), "iq")
    case.check(request.get("type") == type_, "type unchanged", "another type")
    inner = _ERROR if answer == "error" else QUERY
    text = written("iq", asking.jid, inner, type=answer)
    found = await delivered(case, asked, asking, text, "iq")
    case.check(found.get("type") == answer, "type unchanged", "another type")


@pytest.mark.parametrize("kind", ["message", "presence"])
@requires("stanza-attribute-xmllang", "stanza-lang-added", body=XML_TEXT)
async def test_lang_of_the_stream(case: Case, kind: str, body: str) -> None:
    receiver, sender = await case.pair()
    name = "body" if kind == "message" else "status"
    inner = f"<{name}>{stanza.escape(body).decode()}</{name}>"
    found = await delivered(case, sender, receiver, written(kind, receiver.jid, inner), kind)
    came = found.get(ns.LANG)
    observed = "another xml:lang" if came else "no xml:lang"
    case.prefer(came == "en", "xml:lang of the sender's stream", observed)


@EVERY_KIND
@requires("stanza-attribute-xmllang", "stanza-lang-unmodified", lang=LANGUAGES)
async def test_lang_of_the_stanza(case: Case, kind: str, lang: str) -> None:
    receiver, sender = await case.pair()
    text = written(kind, receiver.jid, **{"xml:lang": lang})
    found = await delivered(case, sender, receiver, text, kind)
    observed = "another xml:lang" if found.get(ns.LANG) else "no xml:lang"
    case.check(found.get(ns.LANG) == lang, "xml:lang unchanged", observed)


@pytest.mark.parametrize("own", [False, True], ids=["without", "with"])
@requires(
    "stanza-attribute-xmllang",
    "stanza-lang-unmodified",
    langs=st.lists(LANGUAGES, min_size=1, max_size=4, unique=True),
)
async def test_lang_of_children(case: Case, own: bool, langs: list[str]) -> None:
    """A body for each of several languages, in a stanza with another one or with none."""
    receiver, sender = await case.pair()
    inner = "<body>x</body>"
    inner += "".join(f"<body xml:lang='{lang}'>{lang}</body>" for lang in langs)
    extra = {"xml:lang": "fr"} if own else {}
    text = written("message", receiver.jid, inner, **extra)
    found = await delivered(case, sender, receiver, text, "message")
    bodies = [(body.get(ns.LANG), body.text) for body in found.findall(ns.BODY)]
    case.check(
        bodies == [(None, "x"), *zip(langs, langs, strict=True)],
        "the bodies with their languages",
        "a language changed, or a body lost",
    )
