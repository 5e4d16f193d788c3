"""Percentiles out of recorded windows against the raw samples, sorted."""

from __future__ import annotations

import itertools
from fractions import Fraction
from random import Random

import pytest
from hdrh.histogram import HdrHistogram

from harness.load.recorder import Recorder
from harness.record.histogram import HIGHEST_US, LOWEST_US, SIGNIFICANT_DIGITS, Histogram

SAMPLES = 200_000
PERCENTILES = ("50", "90", "99", "99.9", "99.99", "100")


def lognormal(random: Random) -> int:
    return 1 + int(random.lognormvariate(7, 0.8))


def heavy_tail(random: Random) -> int:
    return min(int(200 * random.paretovariate(0.9)), HIGHEST_US)


def wide(random: Random) -> int:
    """Every order of magnitude alike."""
    return int(10 ** random.uniform(0, 7.75))


def tiny(random: Random) -> int:
    return random.randint(1, 300)


def of_two_kinds(slow: int) -> list[int]:
    """So many of 2 to 4 s, the others around a millisecond, in the order in which they come."""
    random = Random(slow)
    fast = [random.randint(700, 1_500) for _ in range(SAMPLES - slow)]
    samples = fast + [random.randint(2_000_000, 4_000_000) for _ in range(slow)]
    random.shuffle(samples)
    return samples


def drawn(kind) -> list[int]:
    random = Random(kind.__name__)
    return [kind(random) for _ in range(SAMPLES)]


CASES = {
    "lognormal": drawn(lognormal),
    "heavy tail": drawn(heavy_tail),
    "wide": drawn(wide),
    "tiny": drawn(tiny),
    "one value": [123_457] * SAMPLES,
    # The two kinds meet exactly at a percentile, just below it and just above it.
    "two kinds at p50": of_two_kinds(SAMPLES // 2),
    "two kinds at p99.9": of_two_kinds(SAMPLES // 1_000),
    "two kinds below p99.99": of_two_kinds(SAMPLES // 10_000 + 1),
    "two kinds above p99.99": of_two_kinds(SAMPLES // 10_000 - 1),
}


def recorded(samples: list[int], workers: int) -> tuple[Histogram, Histogram]:
    """Through folds of many sizes, seconds, workers and the encoding: actual and planned."""
    actual, planned = Histogram(), Histogram()
    for worker in range(workers):
        recorder, random = Recorder(worker), Random(worker)
        operation = recorder.operation("message")
        rest = iter(samples[worker::workers])
        for second in itertools.count():
            for _ in range(10):
                some = list(itertools.islice(rest, random.randint(0, 2_000)))
                operation.actual += some
                operation.planned += [2 * sample for sample in some]
                recorder.fold()
            windows = list(recorder.take(second))
            if not windows:
                break
            for window in windows:
                assert window.actual is not None
                assert window.planned is not None
                actual.add(Histogram.decode(window.actual))
                planned.add(Histogram.decode(window.planned))
    return actual, planned


def nearest_rank(ordered: list[int], percent: str) -> int:
    """The smallest sample that at least so many percent do not exceed."""
    rank = -(-Fraction(percent) * len(ordered) // 100)
    return ordered[int(rank) - 1]


@pytest.mark.parametrize("case", CASES)
def test_a_recorded_run_gives_the_percentiles_of_its_samples(case):
    samples = CASES[case]
    actual, planned = recorded(samples, workers=3)
    ordered = sorted(samples)
    assert len(actual) == len(planned) == len(samples)
    for percent in PERCENTILES:
        exact = nearest_rank(ordered, percent)
        assert actual.percentile_ms(float(percent)) == pytest.approx(exact / 1e3, rel=0.01)
        due = min(2 * exact, HIGHEST_US)
        assert planned.percentile_ms(float(percent)) == pytest.approx(due / 1e3, rel=0.01)
    assert actual.max_ms() == pytest.approx(ordered[-1] / 1e3, rel=0.01)


@pytest.mark.parametrize("count", range(1, 40))
def test_few_samples_have_the_nearest_rank(count):
    """Each half as long again as the one before: a neighbour's rank is beyond any rounding."""
    samples = [int(10 * 1.5**position) for position in range(count)]
    for percent in PERCENTILES:
        exact = nearest_rank(sorted(samples), percent)
        found = Histogram.of(samples).percentile_ms(float(percent))
        assert found == pytest.approx(exact / 1e3, rel=0.01)


def test_counting_in_bulk_is_what_the_library_does_one_by_one():
    edges = {(1 << bits) + step for bits in range(26) for step in (-1, 0, 1)}
    random = Random(1)
    samples = [*range(LOWEST_US, 70_000), HIGHEST_US, *drawn(wide)]
    samples += [edge for edge in edges if LOWEST_US <= edge <= HIGHEST_US]
    random.shuffle(samples)
    library = HdrHistogram(LOWEST_US, HIGHEST_US, SIGNIFICANT_DIGITS)
    for sample in samples:
        library.record_value(sample)
    assert Histogram.of(samples).encode() == library.encode().decode()
