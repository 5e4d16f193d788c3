"""Strategies for what presence says (RFC 6121 section 4.7.2)."""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.generate.stanzas import EXTENSIONS
from conformance.generate.text import XML_TEXT
from harness.xmpp import stanza

SHOWS = ("away", "chat", "dnd", "xa")
LANGUAGES = ("en", "cs", "de-CH", "zh-Hant")
CAPABILITIES = (
    "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:example:client' "
    "ver='q07IKJEyjvHSyhy//CH0CxmKi8w='/>"
)


def texts(name: str, most: int = 3) -> st.SearchStrategy[str]:
    """Some elements of this name, each with a text in a language of its own."""
    entries = st.tuples(st.none() | st.sampled_from(LANGUAGES), XML_TEXT)
    unique = st.lists(entries, max_size=most, unique_by=lambda entry: entry[0])
    return unique.map(lambda found: "".join(_text(name, *entry) for entry in found))


def _text(name: str, language: str | None, text: str) -> str:
    attribute = f" xml:lang='{language}'" if language else ""
    return f"<{name}{attribute}>{stanza.escape(text).decode()}</{name}>"


_EXTENDED = st.lists(EXTENSIONS | st.just(CAPABILITIES), max_size=2, unique=True).map("".join)
_SHOW = st.just("") | st.sampled_from(SHOWS).map("<show>{}</show>".format)
_PRIORITY = st.just("") | st.integers(-128, 127).map("<priority>{}</priority>".format)
AVAILABLE = st.builds("{}{}{}{}".format, _SHOW, texts("status"), _PRIORITY, _EXTENDED)
UNAVAILABLE = st.builds("{}{}".format, texts("status"), _EXTENDED)
"""What stands in available and in unavailable presence, as XML."""
