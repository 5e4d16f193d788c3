"""Strategies for text and for the way it is cut into writes."""

from __future__ import annotations

from hypothesis import strategies as st

# What XML 1.0 can carry, apart from what a parser would normalise or a server may rewrite.
XML_TEXT = st.text(
    st.characters(
        codec="utf-8",
        exclude_categories=("Cc", "Cs", "Cn", "Co"),
        exclude_characters="\ufffe\uffff",
    ),
    min_size=1,
    max_size=60,
)
# Foreign elements that are called like stanzas have cases of their own.
NAMES = st.from_regex(r"[a-z][a-z0-9]{0,11}", fullmatch=True).filter(
    lambda name: name not in ("message", "presence", "iq")
)
IDENTIFIERS = st.text(
    st.sampled_from("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/"),
    min_size=1,
    max_size=40,
)
URIS = st.builds("urn:example:{}".format, NAMES)


def splits(length: int, pieces: int = 4) -> st.SearchStrategy[list[int]]:
    """Offsets at which some input of `length` bytes is cut into separate writes."""
    if length < 2:
        return st.just([])
    return st.lists(st.integers(1, length - 1), max_size=pieces, unique=True)


# Shares of the input at which it is cut, for input whose length a test does not know yet.
CUTS = st.lists(st.floats(0.01, 0.99), max_size=3)


def offsets(cuts: list[float], data: str | bytes) -> list[int]:
    """The offsets in bytes that the shares `cuts` mean for this input."""
    length = len(data.encode() if isinstance(data, str) else data)
    return sorted({int(cut * length) for cut in cuts} - {0})
