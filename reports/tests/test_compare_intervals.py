"""Intervals against published values, and against what must come out of simple cases."""

from __future__ import annotations

import math

import numpy as np
import pytest

from reports.compare import intervals
from reports.compare.intervals import Blocks, blocks, draws, from_counts, from_draws, from_repeats


@pytest.mark.parametrize(
    ("p", "freedom", "value"),
    [
        (0.975, 1, 12.706),
        (0.975, 2, 4.303),
        (0.975, 4, 2.776),
        (0.975, 30, 2.042),
        (0.995, 3, 5.841),
        (0.99, 10, 2.764),
        (0.975, 1e4, 1.960),
    ],
)
def test_students_t_as_printed_in_tables(p, freedom, value):
    assert intervals.t_quantile(p, freedom) == pytest.approx(value, abs=0.002)


@pytest.mark.parametrize(
    ("events", "n", "low", "high"),
    [
        (81, 263, 0.2535, 0.3682),
        (15, 148, 0.0598, 0.1644),
        (0, 20, 0, 0.2005),
        (1, 29, 0.0018, 0.1963),
    ],
)
def test_the_score_interval_as_newcombe_prints_it(events, n, low, high):
    found = intervals._score(events / n, n, 1.959964)
    assert found == pytest.approx((low, high), abs=0.0002)


def test_draws_are_whole_blocks():
    weights = draws(20, 5, 300, np.random.default_rng(1))
    assert weights.shape == (300, 20)
    assert (weights.sum(axis=1) == 20).all()
    assert weights.mean(axis=0) == pytest.approx(1, abs=0.25)  # the edges as often as the middle
    for row in weights[:20]:
        alone = [row[n] == 1 and row[n - 1] == 0 and row[(n + 1) % 20] == 0 for n in range(20)]
        assert not any(alone)


def test_independent_seconds_have_short_blocks_and_persistent_ones_long():
    dice = np.random.default_rng(2)
    noise = [dice.standard_normal(120) for _ in range(4)]
    slow = [np.convolve(dice.standard_normal(139), np.ones(20), "valid") for _ in range(4)]
    short, long = (blocks([[[a], [b]], [[c], [d]]]) for a, b, c, d in (noise, slow))
    assert short.length == intervals.BLOCK_S
    assert short.persistence < 0.25
    assert long.length > 12
    assert long.persistence == pytest.approx(0.9, abs=0.05)


def test_too_few_seconds_have_no_blocks():
    series = np.arange(3.0)
    assert blocks([[[series]], [[np.arange(60.0)]]]) is None


def test_an_interval_from_draws_has_the_width_that_theory_says():
    """The mean of 1,000 independent seconds: its standard error is known."""
    dice = np.random.default_rng(3)
    seconds = dice.normal(100, 10, 1000)
    of = Blocks(1000, 5, 0.0)
    sums = draws(1000, 5, 4000, dice) @ seconds / 1000
    low, high = from_draws(1.0, sums / seconds.mean(), of, 0.95)
    expected = 1.96 * 0.1 / math.sqrt(1000)
    assert (low, high) == pytest.approx((1 - expected, 1 + expected), abs=0.1 * expected)


def test_fewer_blocks_and_more_persistence_widen():
    ratios = np.exp(np.random.default_rng(4).normal(0, 0.1, 2000))
    widths = [
        math.log(high / low)
        for of in (Blocks(1000, 5, 0.0), Blocks(20, 5, 0.0), Blocks(20, 5, 0.7))
        for low, high in [from_draws(1.0, ratios, of, 0.95)]
    ]
    assert widths == sorted(widths)
    assert widths[2] > 1.3 * widths[1] > 1.3 * 1.3 * widths[0]


def test_nothing_arrived_at_all():
    of = Blocks(40, 5, 0.0)
    assert from_draws(0.0, np.zeros(100), of, 0.95) == (0, 0)
    assert from_draws(1.0, np.full(100, np.nan), of, 0.95) is None


def test_welch_on_logarithms():
    """A textbook pair, in logarithms: means 1 and 2, variances 1 and 4, 3 and 5 values."""
    a, b = [0.0, 1.0, 2.0], [2 + 2 * x for x in (-1.264911, -0.632456, 0, 0.632456, 1.264911)]
    low, high = from_repeats([math.exp(x) for x in a], [math.exp(x) for x in b], 0.95)
    error = math.sqrt(1 / 3 + 4 / 5)
    freedom = (1 / 3 + 4 / 5) ** 2 / ((1 / 3) ** 2 / 2 + (4 / 5) ** 2 / 4)
    wide = intervals.t_quantile(0.975, freedom) * error
    assert (math.log(low), math.log(high)) == pytest.approx((1 - wide, 1 + wide), abs=1e-5)


def test_repeats_without_scatter():
    assert from_repeats([2.0] * 3, [3.0] * 3, 0.95) == pytest.approx((1.5, 1.5))


def even(number, of=8, size=1000.0):
    return [(number / of, size)] * of


@pytest.mark.parametrize(("a", "b", "differs"), [(0, 4, False), (0, 6, True), (10, 14, False)])
def test_a_few_losses_are_no_difference(a, b, differs):
    """As the exact test has it: 0 against 5 is p = 0.06, 0 against 6 is p = 0.03."""
    low, high = from_counts((a, 8000), (b, 8000), [even(a), even(b)], 0.95)
    assert (low > 1) is differs
    assert (high == math.inf) is (a == 0)


def test_losses_are_shares_of_what_was_sent():
    low, high = from_counts((500, 8000), (1000, 16000), [even(500), even(1000, size=2000.0)], 0.95)
    assert low < 1 < high
    assert high < 1.15


def test_losses_in_one_block_count_for_less():
    burst = [(0.0, 1000.0)] * 7 + [(80.0, 1000.0)]
    spread, low = (
        from_counts((0, 8000), (80, 8000), [even(0), parts], 0.95)[0] for parts in (even(80), burst)
    )
    assert spread > 1 > low


def test_no_losses_have_no_ratio():
    assert from_counts((0, 8000), (0, 8000), [even(0), even(0)], 0.95) is None


def test_units_cover_every_second():
    lost, sent = np.arange(23.0), np.ones(23)
    parts = list(intervals.units(lost, sent))
    assert [size for _, size in parts] == [5, 5, 5, 8]
    assert sum(number for number, _ in parts) == lost.sum()
    assert [size for _, size in intervals.units(lost[:9], sent[:9])] == [2, 2, 2, 3]
    assert list(intervals.units(lost[:3], sent[:3])) == []
