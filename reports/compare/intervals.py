"""Intervals of ratios: from seconds by a moving-block bootstrap, from repeats, from counts.

Sources: block bootstrap with blocks that wrap around, Politis and Romano (1992); the length of a
block, Andrews (1991), for an autoregression of order 1; widening percentile intervals for small
samples, Hesterberg (2015); the score interval with continuity correction, Newcombe (1998).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist

import msgspec
import numpy as np

from reports.compare.measured import Array

LEVEL = 0.95
BLOCK_S = 5  # a block has at least so many seconds
FEWEST_BLOCKS = 4
_MOST_PERSISTENT = 0.9
_OUTSIDE = 0.25  # draws without a value, as of seconds in which nothing arrived, may be so many

Bounds = tuple[float, float]
Counts = tuple[float, float]  # events, of how many


class Blocks(msgspec.Struct, frozen=True):
    """How the seconds of a comparison are drawn anew.

    `persistence`: how much of a deviation one second hands on to the next, from 0 to 1.
    """

    seconds: int  # of the shorter side
    length: int
    persistence: float

    @property
    def number(self) -> float:
        """How many blocks make up the shorter side."""
        return self.seconds / self.length


def blocks(sides: Sequence[Sequence[Sequence[Array]]]) -> Blocks | None:
    """Blocks for runs that have these series; None for too few seconds.

    `sides` -> runs -> series of one value a second. The more a series hands on, the longer the
    blocks must be; the most persistent series decides for all figures.
    """
    lengths = [sum(len(run[0]) for run in side) for side in sides]
    seconds = min(lengths)
    if seconds < FEWEST_BLOCKS:
        return None
    runs = [run for side in sides for run in side]
    kept = max(float(np.mean(list(map(_kept, series)))) for series in zip(*runs, strict=True))
    kept = max(0.0, kept)
    # The estimate is too low by the first term, and uncertain by the second one.
    kept = min(kept + (1 + 3 * kept) / seconds + sum(lengths) ** -0.5, _MOST_PERSISTENT)
    wanted = 1.1447 * (4 * kept**2 / (1 - kept**2) ** 2 * seconds) ** (1 / 3)
    length = min(max(BLOCK_S, math.ceil(wanted)), seconds // FEWEST_BLOCKS)
    return Blocks(seconds, length, kept)


def _kept(series: Array) -> float:
    """The correlation of each second with the next one; 0 for a series that does not change."""
    deviation = series[np.isfinite(series)]
    deviation = deviation - deviation.mean() if len(deviation) else deviation
    variance = float(deviation @ deviation)
    return float(deviation[1:] @ deviation[:-1]) / variance if variance > 0 else 0.0


def draws(seconds: int, length: int, times: int, dice: np.random.Generator) -> Array:
    """How often each second occurs in each draw of blocks: (times, seconds)."""
    length = min(length, seconds)
    starts = dice.integers(0, seconds, size=(times, -(-seconds // length)))
    drawn = (starts[:, :, None] + np.arange(length)) % seconds
    positions = drawn.reshape(times, -1)[:, :seconds] + np.arange(times)[:, None] * seconds
    counts = np.bincount(positions.ravel(), minlength=times * seconds)
    return counts.reshape(times, seconds).astype(np.float64)


def from_draws(ratio: float, ratios: Array, of: Blocks, level: float) -> Bounds | None:
    """The interval of a ratio from its values in draws of blocks; None where it has none.

    The percentiles of the draws, moved away from the ratio by what few blocks, and blocks that
    are short for what one second hands on, would leave out.
    """
    known = ratios[np.isfinite(ratios)]
    if len(known) < (1 - _OUTSIDE) * len(ratios) or not math.isfinite(ratio):
        return None
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    low, high = min(float(low), ratio), max(float(high), ratio)
    if low <= 0:
        return low, high
    widen = t_quantile((1 + level) / 2, 2 * of.number - 2) * math.sqrt(of.number / (of.number - 1))
    widen *= _left_out(of) / NormalDist().inv_cdf((1 + LEVEL) / 2)
    return ratio * (low / ratio) ** widen, ratio * (high / ratio) ** widen


def _left_out(of: Blocks) -> float:
    """How much wider the scatter of a mean is than blocks of this length can show."""
    lags = np.arange(1, of.length)
    seen = 1 + 2 * float(((1 - lags / of.length) * of.persistence**lags).sum())
    return math.sqrt((1 + of.persistence) / (1 - of.persistence) / seen)


def from_repeats(a: Sequence[float], b: Sequence[float], level: float) -> Bounds:
    """The interval of the ratio of geometric means of repeats: Welch's, on logarithms.

    Every value must be more than 0, and each side must have two at least.
    """
    sides = [np.log(np.array(values)) for values in (a, b)]
    errors = [float(side.var(ddof=1)) / len(side) for side in sides]
    difference = float(sides[1].mean() - sides[0].mean())
    if not sum(errors):
        return math.exp(difference), math.exp(difference)
    freedom = sum(errors) ** 2 / sum(
        error**2 / (len(side) - 1) for error, side in zip(errors, sides, strict=True)
    )
    wide = t_quantile((1 + level) / 2, freedom) * math.sqrt(sum(errors))
    return math.exp(difference - wide), math.exp(difference + wide)


def from_counts(
    a: Counts, b: Counts, parts: Sequence[Sequence[Counts]], level: float
) -> Bounds | None:
    """The interval of the ratio of two shares, each given as (events, of how many).

    Of all events, the share that is B's has a score interval. `parts`: the same of each side's
    blocks or runs; events that come in clusters count for less. None without any event. The
    upper bound is infinite where A may have none.
    """
    (events_a, all_a), (events_b, all_b) = a, b
    events = events_a + events_b
    if not events or not all_a or not all_b:
        return None
    scatter, freedom = _scatter(parts)
    p = (1 + level) / 2
    z = t_quantile(p, freedom) if scatter > 1 else NormalDist().inv_cdf(p)
    low, high = _score(events_b / events, events / scatter, z)
    size = all_a / all_b
    return size * low / (1 - low), math.inf if high >= 1 else size * high / (1 - high)


def _scatter(sides: Sequence[Sequence[Counts]]) -> tuple[float, int]:
    """How many times more the events scatter than independent ones would, and its freedom."""
    squares, freedom = 0.0, 0
    for side in sides:
        if len(side) < 2:
            continue
        events, size = np.array(side).T
        if events.sum() and size.all():
            expected = size * events.sum() / size.sum()
            squares += float(((events - expected) ** 2 / expected).sum())
            freedom += len(side) - 1
    return (max(1.0, squares / freedom), freedom) if freedom else (1.0, 1)


def _score(share: float, n: float, z: float) -> Bounds:
    """The score interval, corrected for continuity, of a share of n."""

    def root(sign: int) -> float:
        rest = 4 * share * (n * (1 - share) + sign)
        return z * math.sqrt(max(0.0, z * z - sign * 2 - 1 / n + rest))

    middle, scale = 2 * n * share + z * z, 2 * (n + z * z)
    low = 0.0 if share <= 0 else max(0.0, (middle - 1 - root(1)) / scale)
    high = 1.0 if share >= 1 else min(1.0, (middle + 1 + root(-1)) / scale)
    return low, high


def t_quantile(p: float, freedom: float) -> float:
    """The quantile of Student's t: p from 0.5 to 1, freedom 1 or more."""
    # With t = sqrt(freedom) tan(x) the density becomes a power of cos(x).
    x = np.linspace(0, math.pi / 2, 20_001)
    density = np.cos(x) ** (max(1.0, freedom) - 1)
    area = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    return math.sqrt(freedom) * math.tan(float(np.interp(2 * p - 1, area / area[-1], x)))


def units(lost: Array, sent: Array) -> Iterator[Counts]:
    """(lost, sent) of each block of seconds, the last one with what is left over; none of a load
    that is too short for blocks."""
    length = min(BLOCK_S, len(lost) // FEWEST_BLOCKS)
    if not length:
        return
    starts = np.arange(len(lost) // length) * length
    yield from zip(
        np.add.reduceat(lost, starts).tolist(), np.add.reduceat(sent, starts).tolist(), strict=True
    )
