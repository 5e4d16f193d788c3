"""Who knows whom: contact lists for provisioning, as pure functions."""

from __future__ import annotations

import random

Rosters = list[list[int]]


def power_law(
    count: int, mean: float = 10.0, exponent: float = 2.5, largest: int = 200, seed: int = 1
) -> Rosters:
    """Mutual contacts for `count` accounts, with list sizes that follow a power law.

    Sizes are drawn from a Pareto distribution with P(size > x) ~ x^(1 - exponent), scaled to the
    mean and cut at `largest`; then ends are paired at random, as in the configuration model of
    random graphs. Pairs with oneself and repeated pairs are dropped, so the mean of the result
    lies a little below `mean`. The same arguments give the same rosters.
    """
    if count < 2 or mean <= 0:
        return [[] for _ in range(count)]
    chance = random.Random(seed)
    shape = exponent - 1
    scale = mean * (shape - 1) / shape if shape > 1 else 1.0
    ends: list[int] = []
    for account in range(count):
        size = scale * chance.paretovariate(shape)
        whole = int(size) + (chance.random() < size % 1)
        ends += [account] * min(whole, largest, count - 1)
    chance.shuffle(ends)
    contacts: list[set[int]] = [set() for _ in range(count)]
    for one, other in zip(ends[::2], ends[1::2], strict=False):
        if one != other:
            contacts[one].add(other)
            contacts[other].add(one)
    return [sorted(known) for known in contacts]
