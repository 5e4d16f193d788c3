"""Strategies for stanzas and for what they carry (RFC 6120 section 8)."""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.generate.text import IDENTIFIERS, NAMES, URIS, XML_TEXT
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

# Nothing that a server would know as its own: the prefix keeps them apart from real ones.
FOREIGN_URIS = URIS
_DEPTH = 6  # elements of one extension, at most


def _escaped(text: str) -> str:
    return stanza.escape(text).decode()


_ATTRIBUTES = st.dictionaries(NAMES.map("a{}".format), XML_TEXT, max_size=3)
_CHARACTERS = XML_TEXT.map(_escaped)


def _element(name: str, uri: str, attributes: dict[str, str], foreign: str, inner: str) -> str:
    """`foreign`: the namespace of one more attribute, which then needs a prefix."""
    declared = f" xmlns='{uri}'" if uri else ""
    written = "".join(f" {key}='{_escaped(value)}'" for key, value in attributes.items())
    more = f" xmlns:p='{foreign}' p:own='yes'" if foreign else ""
    return f"<{name}{declared}{written}{more}>{inner}</{name}>"


def _elements(
    uris: st.SearchStrategy[str], inner: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    return st.builds(_element, NAMES, uris, _ATTRIBUTES, st.just("") | FOREIGN_URIS, inner)


def _mixed(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Text and elements in any order; an element without namespace of its own has its parent's."""
    children = st.lists(_CHARACTERS | inner, max_size=4).map("".join)
    return _elements(st.just("") | FOREIGN_URIS, children)


_INNER = st.recursive(_elements(st.just("") | FOREIGN_URIS, st.just("")), _mixed, max_leaves=_DEPTH)
EXTENSIONS = _elements(
    FOREIGN_URIS,
    st.just("") | _CHARACTERS | st.lists(_CHARACTERS | _INNER, max_size=4).map("".join),
)

REQUESTS = st.sampled_from(["get", "set"])
UNKNOWN_PAYLOADS = st.builds("<{} xmlns='{}'/>".format, NAMES, FOREIGN_URIS)
# What servers know, none of which changes anything, whether it comes in a get or in a set.
_KNOWN_PAYLOADS = st.sampled_from(
    [
        f"<ping xmlns='{ns.PING}'/>",
        f"<query xmlns='{ns.ROSTER}'/>",
        f"<query xmlns='{ns.VERSION}'/>",
        "<query xmlns='http://jabber.org/protocol/disco#info'/>",
        "<query xmlns='http://jabber.org/protocol/disco#items'/>",
        "<time xmlns='urn:xmpp:time'/>",
        f"<bind xmlns='{ns.BIND}'/>",
        f"<session xmlns='{ns.SESSION}'/>",
    ]
)
# No payload and two of them: faults, which have an answer all the same.
PAYLOADS = (
    _KNOWN_PAYLOADS
    | UNKNOWN_PAYLOADS
    | EXTENSIONS
    | st.just("")
    | st.builds("{}{}".format, UNKNOWN_PAYLOADS, UNKNOWN_PAYLOADS)
)

IDS = IDENTIFIERS
# Any text without white space at its ends, for which a server might have a use of its own.
TEXT_IDS = (
    st.text(
        st.sampled_from("abcXYZ019-_.:/ '\"<>&;=%{}\\äßλ日\U0001f600")
        | st.characters(codec="utf-8", categories=("L", "N", "P", "S")),
        min_size=1,
        max_size=60,
    )
    .map(str.strip)
    .filter(bool)
) | IDENTIFIERS.map(lambda text: text * 20)

RESOURCES = st.text(
    st.sampled_from("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_.:+ äßλ日"),
    min_size=1,
    max_size=40,
).filter(lambda text: text == text.strip() and "  " not in text)
LANGUAGES = st.sampled_from(["de", "pt-BR", "cs", "zh-Hant-TW", "x-klingon", "sr-Latn", "en-GB"])
