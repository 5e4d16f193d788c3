"""Strategies for stanzas and for what they carry (RFC 6120 section 8)."""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.generate.text import IDENTIFIERS, NAMES, URIS, XML_TEXT
from harness.xmpp import stanza

# Nothing that a server would not know as its own: the prefix keeps them apart from real ones.
FOREIGN_URIS = URIS


def _element(name: str, uri: str, text: str, attributes: dict[str, str], inner: str) -> str:
    written = "".join(f" {k}='{stanza.escape(v).decode()}'" for k, v in attributes.items())
    return f"<{name} xmlns='{uri}'{written}>{stanza.escape(text).decode()}{inner}</{name}>"


_ATTRIBUTES = st.dictionaries(NAMES.map("a{}".format), XML_TEXT, max_size=3)
EXTENSIONS = st.builds(
    _element, NAMES, FOREIGN_URIS, XML_TEXT, _ATTRIBUTES, st.just("")
) | st.builds(
    _element,
    NAMES,
    FOREIGN_URIS,
    XML_TEXT,
    _ATTRIBUTES,
    st.builds(_element, NAMES, FOREIGN_URIS, XML_TEXT, _ATTRIBUTES, st.just("")),
)
REQUESTS = st.sampled_from(["get", "set"])
UNKNOWN_PAYLOADS = st.builds("<{} xmlns='{}'/>".format, NAMES, FOREIGN_URIS)
IDS = IDENTIFIERS
