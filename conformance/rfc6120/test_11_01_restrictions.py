"""Section 11.1: what XMPP takes out of XML has no effect, and what it leaves in works."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import strategies as st

from conformance.generate.hostile import COMMENTS, INSTRUCTIONS
from conformance.generate.text import CUTS, NAMES, XML_TEXT
from conformance.rfc6120.common import after, came, delivered, written
from conformance.rfc6120.outcomes import RESTRICTED
from conformance.suite import Case, requires
from conformance.wire.negotiation import header
from harness.xmpp import namespaces as ns

_RESTRICTED = {
    "comment": (COMMENTS, "xml-restriction-comment"),
    "processing-instruction": (INSTRUCTIONS, "xml-restriction-pi"),
    "entity-reference": (NAMES.map("&x{};".format), "xml-restriction-ref"),
    "doctype": (NAMES.map("<!DOCTYPE {}>".format), "xml-restriction-dtd"),
}
_PLACES = {
    "text": "<body>a{}b</body>",
    "between": "<body>x</body>{}<subject>x</subject>",
    "attribute": "<body>x</body><q xmlns='urn:example:q' a='{}'/>",
}


@pytest.mark.parametrize(
    ("what", "place"),
    [
        pytest.param(what, place, marks=pytest.mark.requires(_RESTRICTED[what][1]))
        for what in _RESTRICTED
        for place in _PLACES
        if place != "attribute" or what == "entity-reference"
    ],
)
@requires("xml-restriction-not-delivered", data=st.data())
async def test_not_delivered(case: Case, what: str, place: str, data: st.DataObject) -> None:
    receiver, sender = await case.bound(1), await case.bound(0)
    inner = _PLACES[place].format(data.draw(_RESTRICTED[what][0]))
    await after(case, sender, written("message", receiver.jid, inner))
    case.check(not await came(receiver, "message"), "nothing delivered", "the message delivered")


_NESTED = "<!ENTITY e0 'ha'>" + "".join(
    f"<!ENTITY e{level} '{f'&e{level - 1};' * 10}'>" for level in range(1, 10)
)
_SUBSETS = {
    "internal": ("<!ENTITY e '{domain}'>", "&e;"),
    "attribute-default": ("<!ATTLIST stream:stream to CDATA '{domain}'>", ""),
    "nested": (_NESTED, "&e9;"),
    "parameter": ("<!ENTITY % p '<!ENTITY e \"{domain}\">'> %p;", "&e;"),
}


@pytest.mark.parametrize("name", _SUBSETS)
@requires("xml-entities-not-expanded", "xml-restriction-dtd")
async def test_entities_are_not_expanded(case: Case, name: str) -> None:
    """With what it declares the header would be a good one, or one without end."""
    subset, used = (text.replace("{domain}", case.domain) for text in _SUBSETS[name])
    start = header("ENTITY", to="ENTITY" if used else None).replace("ENTITY", used)
    stream = await case.stream()
    await stream.send(start.replace("?>", f"?><!DOCTYPE stream:stream [{subset}]>", 1))
    case.judge(await stream.react("^features "), RESTRICTED)


@pytest.mark.parametrize("what", ["entity", "parameter-entity", "subset"])
@requires("xml-entities-not-expanded", "xml-restriction-dtd")
async def test_external_entities_are_not_fetched(case: Case, what: str) -> None:
    """From a listener of ours, which a server on this machine could reach."""
    visits = []
    listener = await asyncio.start_server(lambda *_: visits.append(1), "127.0.0.1", 0)
    uri = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/x.dtd"
    document_type = {
        "entity": f"[<!ENTITY e SYSTEM '{uri}'>]",
        "parameter-entity": f"[<!ENTITY % p SYSTEM '{uri}'> %p;]",
        "subset": f"SYSTEM '{uri}'",
    }[what]
    stream = await case.stream()
    start = header(case.domain).replace("?>", f"?><!DOCTYPE stream:stream {document_type}>", 1)
    async with listener:
        await stream.send(start + "<a>&e;</a>")
        case.judge(await stream.react("^features "), RESTRICTED)
    case.check(not visits, "nothing fetched", "the external entity fetched")


_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "apos": "'", "quot": '"'}
_PIECES = st.lists(
    st.tuples(st.sampled_from(sorted(_ENTITIES)), NAMES | st.just("")), min_size=1, max_size=8
)


async def meant(case: Case, text: str, expected: str, cuts: list[float]) -> None:
    """Check that this, as text and as an attribute, arrives as what it means."""
    receiver, sender = await case.pair()
    inner = f"<body>{text}</body><q xmlns='urn:example:q' a='{text}'/>"
    found = await delivered(
        case, sender, receiver, written("message", receiver.jid, inner), "message", cuts
    )
    case.check(found.findtext(ns.BODY) == expected, "the text that was meant", "another text")
    attributes = [child.get("a") for child in found if child.tag == "{urn:example:q}q"]
    case.check(attributes == [expected], "the attribute that was meant", "another attribute")


@requires("xml-restriction-ref", "xml-entity-predefined", pieces=_PIECES, cuts=CUTS)
async def test_predefined_entities(
    case: Case, pieces: list[tuple[str, str]], cuts: list[float]
) -> None:
    written_out = "".join(f"&{name};{text}" for name, text in pieces)
    await meant(case, written_out, "".join(_ENTITIES[name] + text for name, text in pieces), cuts)


@pytest.mark.parametrize("name", _ENTITIES)
@requires("xml-restriction-ref", "xml-entity-predefined")
async def test_each_predefined_entity(case: Case, name: str) -> None:
    await meant(case, f"a&{name};b", f"a{_ENTITIES[name]}b", [])


@pytest.mark.parametrize("form", ["&#{};", "&#x{:x};", "&#x{:X};", "&#00{};"])
@requires("xml-restriction-ref", "xml-character-reference", text=XML_TEXT, cuts=CUTS)
async def test_character_references(case: Case, form: str, text: str, cuts: list[float]) -> None:
    await meant(case, "".join(form.format(ord(character)) for character in text), text, cuts)


_CDATA = XML_TEXT | st.text(st.sampled_from("<>&'\"]![CDATA x;&lt;"), min_size=1, max_size=30)


@requires("xml-restriction-ref", "xml-cdata", text=_CDATA, cuts=CUTS)
async def test_cdata(case: Case, text: str, cuts: list[float]) -> None:
    text = text.replace("]]>", "]]")
    receiver, sender = await case.pair()
    inner = f"<body>a<![CDATA[{text}]]>b</body>"
    found = await delivered(
        case, sender, receiver, written("message", receiver.jid, inner), "message", cuts
    )
    case.check(found.findtext(ns.BODY) == f"a{text}b", "the text that was meant", "another text")


@requires("xml-wellformed-xml", cuts=CUTS)
async def test_line_ends(case: Case, cuts: list[float]) -> None:
    """Of every kind are one line feed each (XML 1.0 section 2.11)."""
    receiver, sender = await case.pair()
    text = written("message", receiver.jid, "<body>a\r\nb\rc\nd</body>")
    found = await delivered(case, sender, receiver, text, "message", cuts)
    case.check(found.findtext(ns.BODY) == "a\nb\nc\nd", "line feeds", "another text")
