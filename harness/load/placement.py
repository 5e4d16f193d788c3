"""Who acts next: a place among all users, drawn from a chosen distribution."""

from __future__ import annotations

import itertools
import re
from bisect import bisect
from collections.abc import Callable
from random import Random

from harness.errors import HarnessError

Placement = Callable[[Random, int], int]
"""(source of chance, how many there are) -> a place from 0 to that number, exclusive."""

_ZIPF = re.compile(r"zipf:(\d+(?:\.\d+)?)")
KINDS = "uniform, or zipf:S with S from 0.1 to 3"


def placement(spec: str) -> Placement:
    """`uniform`: everybody alike. `zipf:S`: the n-th of them as often as 1 / n^S says.

    Raises HarnessError for anything else.
    """
    if spec == "uniform":
        return _uniform
    found = _ZIPF.fullmatch(spec)
    if found is None or not 0.1 <= float(found[1]) <= 3:
        raise HarnessError(f"placement {spec!r} is unknown: write {KINDS}")
    return _Zipf(float(found[1]))


def pair(draw: Placement, random: Random, count: int) -> tuple[int, int]:
    """Places of a sender and of a receiver, who is anybody else, among `count` (2 at least)."""
    sender = draw(random, count)
    return sender, another(sender, random, count)


def another(place: int, random: Random, count: int) -> int:
    """Any place but this one, each alike; always one draw."""
    drawn = int(random.random() * (count - 1))
    return drawn + (drawn >= place)


def _uniform(random: Random, count: int) -> int:
    return int(random.random() * count)


class _Zipf:
    """Keeps the sums of the weights for as many as there ever were."""

    def __init__(self, exponent: float) -> None:
        self._exponent = exponent
        self._sums: list[float] = []

    def __call__(self, random: Random, count: int) -> int:
        if len(self._sums) < count:
            weights = (n**-self._exponent for n in range(1, 2 * count + 1))
            self._sums = list(itertools.accumulate(weights))
        drawn = random.random() * self._sums[count - 1]
        return min(bisect(self._sums, drawn, 0, count), count - 1)
