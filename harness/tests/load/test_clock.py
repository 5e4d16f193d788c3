"""The offset of a worker's clock: exact where it can be, within its bound where it can not."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.clock import BURST, MasterClock, latency_across
from harness.record.model import Clock

SKEW_NS = 5_000_000
MS = 1_000_000


class Pair:
    """A master and a worker whose clock is ahead by `skew`, and the ways between them (in ns)."""

    def __init__(self, skew=SKEW_NS, way_there=100_000, way_back=100_000):
        self.true = 10**18
        self.skew, self.way_there, self.way_back = skew, way_there, way_back
        self.asked = []
        self.clock = MasterClock(self.asked.append, lambda: self.true + self.skew)

    def exchange(self, busy=20_000):
        """Answer the oldest question, by a master who is busy for a while."""
        t0 = self.asked.pop(0)
        self.true += self.way_there
        heard = self.true
        self.true += busy
        answered = self.true
        self.true += self.way_back
        self.clock.answered(t0, heard, answered)

    def ask(self, **delays):
        vars(self).update(delays)
        self.clock.ask()
        self.exchange()


def test_nothing_is_known_before_the_first_answer():
    pair = Pair()
    assert pair.clock.reading() is None
    pair.clock.ask()
    assert pair.clock.reading() is None


def test_equal_ways_give_the_exact_offset():
    pair = Pair()
    pair.ask()
    assert pair.clock.reading() == Clock(offset_us=5_000, bound_us=100)


@pytest.mark.parametrize(("there", "back"), [(0, 3 * MS), (3 * MS, 0), (400_000, 2 * MS)])
def test_unequal_ways_mislead_within_the_bound(there, back):
    pair = Pair()
    pair.ask(way_there=there, way_back=back)
    reading = pair.clock.reading()
    assert reading.bound_us == (there + back) / 2e3
    # The answer that takes longer makes our clock seem further ahead, by half the difference.
    assert reading.offset_us == 5_000 + (back - there) / 2e3
    assert abs(reading.offset_us - 5_000) <= reading.bound_us


@given(st.integers(-(10**12), 10**12), st.integers(0, 10**9))
def test_the_truth_is_never_outside_the_bound(skew, seed):
    random, pair = Random(seed), Pair(skew=skew)
    for _ in range(20):
        ways = [int(random.expovariate(1 / MS)) for _ in range(2)]
        pair.ask(way_there=ways[0], way_back=ways[1])
        reading = pair.clock.reading()
        assert abs(reading.offset_us - skew / 1e3) <= reading.bound_us + 0.002  # rounded


def test_the_tightest_of_the_exchanges_counts():
    pair = Pair()
    for back in (8 * MS, 200_000, 9 * MS, 4 * MS):
        pair.ask(way_there=100_000, way_back=back)
    reading = pair.clock.reading()
    # 13.2 ms have passed since, at 100 ppm.
    assert reading.offset_us == 5_050
    assert reading.bound_us == pytest.approx(150 + 1.32, abs=0.05)


def test_an_old_exchange_gives_way_to_a_new_one_that_is_less_tight():
    pair = Pair()
    pair.ask(way_there=10_000, way_back=10_000)
    pair.true += 60 * 10**9
    pair.skew += 500_000  # the clocks have drifted apart
    assert pair.clock.reading().bound_us > 6_000
    pair.ask(way_there=MS, way_back=MS)
    assert pair.clock.reading() == Clock(offset_us=5_500, bound_us=1_000)


def test_a_burst_asks_again_with_each_answer():
    pair = Pair()
    pair.clock.begin()
    answers = 0
    while pair.asked:
        pair.exchange()
        answers += 1
    assert answers == BURST
    pair.ask()
    assert not pair.asked


def test_a_delivery_between_two_workers_is_put_on_the_masters_clock():
    ahead, behind = (Clock(offset_us=5_000, bound_us=150), Clock(offset_us=-2_000, bound_us=50))
    sent_true, received_true = 1_000_000.0, 1_000_800.0
    sent, received = sent_true + ahead.offset_us, received_true + behind.offset_us
    assert latency_across(sent, ahead, received, behind) == (800, 200)
    assert latency_across(sent, ahead, sent + 800, ahead)[0] == 800
