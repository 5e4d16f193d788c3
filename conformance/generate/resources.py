"""Strategies for the resources of an account: how many, of which priorities, who asks for what."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

Priorities = tuple[int | None, ...]

NEGATIVE = st.sampled_from([-1, -128]) | st.integers(-128, -1)
NON_NEGATIVE = st.sampled_from([0, 1, 5, 127]) | st.integers(0, 127)
_SIZES = (2, 3, 1)  # resources of one account, what says most first


class Walk(NamedTuple):
    """One set of resources that takes on several sets of priorities, one after the other."""

    interested: tuple[bool, ...]  # which of them ask for the roster
    turns: tuple[Priorities, ...]
    named: tuple[int, ...]  # for each turn, a resource to be addressed


def _filled(
    chosen: st.SearchStrategy[list[int]], rest: st.SearchStrategy[int | None], size: int
) -> st.SearchStrategy[Priorities]:
    """The chosen priorities, filled up to `size`, in any order."""
    return (
        chosen.flatmap(
            lambda some: st.lists(rest, min_size=size - len(some), max_size=size - len(some)).map(
                lambda others: [*some, *others]
            )
        )
        .flatmap(st.permutations)
        .map(tuple)
    )


def vectors(who: str, size: int) -> st.SearchStrategy[Priorities]:
    """Priorities of `size` resources, None for one that is not available. `who`: "connected" (no
    one is), "negative" (some are, with negative ones), "one" or "many" non-negative ones; "equal"
    and "different": many, all of them alike or not."""
    low = NEGATIVE | st.none()
    if who == "connected":
        return st.just((None,) * size)
    if who == "negative":
        return _filled(st.lists(NEGATIVE, min_size=1, max_size=size), st.none(), size)
    if who == "one":
        return _filled(NON_NEGATIVE.map(lambda one: [one]), low, size)
    many = st.lists(NON_NEGATIVE, min_size=2, max_size=size)
    if who == "equal":
        many = st.builds(lambda one, count: [one] * count, NON_NEGATIVE, st.integers(2, size))
    elif who == "different":
        many = many.filter(lambda some: len(set(some)) > 1)
    return _filled(many, low, size)


@st.composite
def walks(draw: st.DrawFn, who: str) -> Walk:
    """Some turns, or one where there is nothing to vary."""
    if who in ("domain", "nobody", "absent"):
        return Walk((), ((),), (0,))
    size = draw(st.sampled_from(_SIZES if who != "many" else _SIZES[:2]))
    turns = ["equal", "different", "many"] if who == "many" else [who] * 2
    if who == "connected":
        turns = [who]
    return Walk(
        tuple(draw(st.lists(st.booleans(), min_size=size, max_size=size))),
        tuple(draw(vectors(turn, size)) for turn in turns),
        tuple(draw(st.integers(0, size - 1)) for _ in turns),
    )
