"""Strategies for what a message says (RFC 6121 sections 5.2.3 to 5.3)."""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.generate.presences import texts
from conformance.generate.stanzas import EXTENSIONS
from conformance.generate.text import IDENTIFIERS, XML_TEXT
from harness.xmpp import stanza

# Also what a parser might take for indentation.
TEXT = XML_TEXT | st.text(st.sampled_from("ab <>&'\"\n\t\U0001f600\u0301"), max_size=30)
THREADS = IDENTIFIERS | TEXT.filter(bool)
_RICH = (
    "<html xmlns='http://jabber.org/protocol/xhtml-im'>"
    "<body xmlns='http://www.w3.org/1999/xhtml'><p>x</p></body></html>"
)


def child(name: str, text: str, **attributes: str) -> str:
    """A child element with this text."""
    written = "".join(f" {key}='{_escaped(value)}'" for key, value in attributes.items())
    return f"<{name}{written}>{_escaped(text)}</{name}>"


def _escaped(text: str) -> str:
    return stanza.escape(text).decode()


_NONE: dict[str, str] = {}
_PARENTS = st.just(_NONE) | IDENTIFIERS.map(lambda parent: {"parent": f"of-{parent}"})
_THREAD = st.builds(lambda text, more: child("thread", text, **more), THREADS, _PARENTS)
_EXTENDED = st.lists(EXTENSIONS | st.just(_RICH), max_size=2, unique=True).map("".join)
CONTENTS = st.builds(
    "{}{}{}{}".format, texts("subject"), texts("body"), st.just("") | _THREAD, _EXTENDED
).filter(bool)
"""The children of a message, as XML."""
