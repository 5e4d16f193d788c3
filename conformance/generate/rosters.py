"""Strategies for what stands in a roster (RFC 6121 section 2.1.2)."""

from __future__ import annotations

import stringprep
import unicodedata

from hypothesis import strategies as st

from conformance.generate.text import XML_TEXT


def _compared(text: str) -> str:
    """Texts that a server might hold for the same group have one form."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _is_usable(text: str) -> bool:
    """A name of white space alone might count as empty, and one that cannot be a resourcepart
    cannot be compared like one, which is what section 2.3.3 proposes."""
    return bool(_compared(text)) and not any(map(_is_prohibited, text))


def _is_prohibited(sign: str) -> bool:
    return (
        unicodedata.category(sign).startswith("C")
        or stringprep.in_table_a1(sign)
        or unicodedata.bidirectional(sign) in ("R", "AL")  # which may not be mixed with others
        or stringprep.in_table_c6(sign)
        or stringprep.in_table_c7(sign)
        or stringprep.in_table_c8(sign)
    )


def _groups(texts: st.SearchStrategy[str], most: int) -> st.SearchStrategy[frozenset[str]]:
    usable = texts.filter(_is_usable)
    return st.lists(usable, max_size=most, unique_by=_compared).map(frozenset)


# What no server has a reason to change.
_PLAIN = st.text(
    st.sampled_from("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_äßλ日"), min_size=1, max_size=20
)
HANDLES = st.just("") | _PLAIN
GROUPS = _groups(_PLAIN, 4)
# Anything that XML can carry.
ANY_HANDLES = XML_TEXT
ANY_GROUPS = _groups(XML_TEXT, 4)
