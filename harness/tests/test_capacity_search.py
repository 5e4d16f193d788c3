"""What load is tried next, and where a search ends: tables, and servers invented at random."""

from __future__ import annotations

import math
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.capacity.search import Bounds, Edge, Trial, following, so_far

OUTCOMES = {"+": "met", "-": "breached", "?": "blind"}
MOST = 2_000  # steps, after which a search is taken to have no end


def trials(text: str) -> list[Trial]:
    """`100+ 200- 141?` as trials."""
    return [Trial(float(word[:-1]), OUTCOMES[word[-1]]) for word in text.split()]


def follow(bounds: Bounds, server) -> tuple[Edge, list[Trial]]:
    """Search to the end on a server: a function from load to outcome."""
    done: list[Trial] = []
    while not isinstance(load := following(bounds, done), Edge):
        done.append(Trial(load, server(load)))
        assert len(done) < MOST
    return load, done


@pytest.mark.parametrize(
    ("history", "load"),
    [
        ("", 100),
        ("100+", 200),
        ("100+ 200+ 400+", 800),
        ("100+ 200-", 141),
        ("100+ 200?", 141),
        ("100+ 200- 141+", 168),
        ("100+ 200- 141-", 119),
        ("100+ 200- 141+ 168- 154-", 147),
        # The edge, repeated: first the load beyond it, then the load that was met.
        ("100+ 200- 141+ 168- 154- 147-", 147),
        ("100+ 200- 141+ 168- 154- 147- 147-", 141),
        ("100+ 200- 141+ 168- 154- 147+", 154),
        ("100+ 200- 141+ 168- 154- 147+ 154-", 147),
        # A repeat disagrees: the third trial decides.
        ("100+ 200- 141+ 168- 154- 147+ 154+", 154),
        ("100+ 200- 141+ 168- 154- 147+ 154- 154- 147-", 147),
        # Overturned: on with the loads on the other side.
        ("100+ 200- 141+ 168- 154- 147+ 154+ 154+", 161),
        ("100+ 200- 141+ 168- 154- 147+ 154- 147- 147-", 141),
        ("100+ 200- 141+ 168- 154- 147- 147+ 147+", 154),
        ("100+ 200- 193+ 200+ 200+", 400),
        # Not even the lowest: that is repeated too.
        ("100-", 100),
        ("100- 100+", 100),
        ("100- 100+ 100+", 200),
    ],
)
def test_what_follows(history, load):
    assert following(Bounds(lowest=100), trials(history)) == load


@pytest.mark.parametrize(
    ("history", "end"),
    [
        ("100- 100-", Edge(None, 100)),
        ("100? 100?", Edge(None, 100, blind=True)),
        ("100+ 104- 104- 100+", Edge(100, 104)),
        ("100+ 104- 104+ 104- 100+", Edge(100, 104)),
        # Where the generator was in the way as often as the server, nobody has seen the server's.
        ("100+ 104- 104? 100+", Edge(100, 104, blind=True)),
        ("100+ 104- 104? 104- 100+", Edge(100, 104)),
    ],
)
def test_how_it_ends(history, end):
    assert following(Bounds(lowest=100), trials(history)) == end


def test_the_top_is_tried_and_repeated():
    bounds = Bounds(lowest=100, highest=300)
    assert following(bounds, trials("100+ 200+")) == 300
    assert following(bounds, trials("100+ 200+ 300+")) == 300
    assert following(bounds, trials("100+ 200+ 300+ 300+")) == Edge(300, None)
    assert following(bounds, trials("100+ 200+ 300-")) == 245


def test_repeats_of_one_take_every_trial_at_its_word():
    bounds = Bounds(lowest=100, repeats=1)
    assert following(bounds, trials("100+ 104-")) == Edge(100, 104)


def test_users_are_whole():
    end, done = follow(
        Bounds(lowest=1, tolerance=0.01, whole=True), lambda n: "met" if n <= 37 else "breached"
    )
    assert end == Edge(37, 38)
    assert all(trial.load == int(trial.load) for trial in done)


def test_so_far_is_the_best_that_is_known():
    assert so_far([]) == Edge(None, None)
    assert so_far(trials("100+ 200+")) == Edge(200, None)
    assert so_far(trials("100+ 200- 141+")) == Edge(141, 200)


# Servers invented at random.

bounds_of = st.builds(
    Bounds,
    lowest=st.sampled_from([1.0, 10.0, 75.0, 100.0, 512.0]),
    tolerance=st.sampled_from([0.01, 0.02, 0.05, 0.1, 0.3]),
    repeats=st.integers(1, 5),
)


def narrow_enough(edge: Edge, tolerance: float) -> bool:
    """As narrow as asked for, or as three digits can be."""
    digit = 10.0 ** (math.floor(math.log10(edge.met)) - 2)
    return edge.beyond <= edge.met * (1 + tolerance) + 1e-9 or edge.beyond - edge.met < 2 * digit


def halvings(bounds: Bounds) -> int:
    """Bisections of one doubling, plus one as loads are rounded."""
    return math.ceil(math.log2(math.log(bounds.growth) / math.log1p(bounds.tolerance))) + 1


def doublings(bounds: Bounds, load: float) -> int:
    return max(0, math.ceil(math.log(load / bounds.lowest, bounds.growth))) + 1


@given(bounds=bounds_of, times=st.floats(1, 5_000))
def test_a_steady_server_is_found_within_the_tolerance(bounds, times):
    edge = bounds.lowest * times
    found, done = follow(bounds, lambda load: "met" if load <= edge else "breached")
    assert found.met <= edge < found.beyond
    assert not found.blind
    assert narrow_enough(found, bounds.tolerance)
    again = 2 * (bounds.repeats // 2)  # at both sides of the edge
    assert len(done) <= doublings(bounds, edge) + 1 + halvings(bounds) + again


@given(
    bounds=bounds_of,
    times=st.floats(2, 5_000),
    noise=st.floats(0, 0.2),
    dice=st.randoms(use_true_random=False),
)
@settings(max_examples=400)
def test_noise_at_the_edge_moves_the_result_by_no_more_than_itself(bounds, times, noise, dice):
    """Beyond `noise` around its edge the server is steady, within it anything may come out."""
    edge = bounds.lowest * times
    low, high = edge * (1 - noise), edge * (1 + noise)

    def server(load: float) -> str:
        if low < load < high:
            return dice.choice(["met", "breached"])
        return "met" if load <= low else "breached"

    found, done = follow(bounds, server)
    assert found.met is not None
    assert found.met < max(high, low * (1 + 1e-9))
    assert found.beyond > low
    assert narrow_enough(found, bounds.tolerance)
    # Rounded halves of a gap that is still too wide lie a third of the tolerance apart at least,
    # each is tried `repeats` times at most; outside the noise loads are tried as on a steady one.
    within = 3 * math.log(high / low) / math.log1p(bounds.tolerance) + 2
    steady = doublings(bounds, high) + 1 + 2 * halvings(bounds)
    assert len(done) <= steady + bounds.repeats * (within + 2)


@given(
    bounds=bounds_of,
    outcomes=st.lists(st.sampled_from(["met", "breached", "blind"]), max_size=300),
)
@settings(max_examples=400)
def test_whatever_comes_out_each_step_makes_sense(bounds, outcomes):
    """Even where nothing is monotone: the search ends, on what the majority of trials says."""
    bounds = Bounds(
        lowest=bounds.lowest,
        highest=bounds.lowest * 50,
        tolerance=bounds.tolerance,
        repeats=bounds.repeats,
    )
    left = iter(outcomes)
    found, done = follow(bounds, lambda _load: next(left, "breached"))
    tallies: defaultdict[float, list[str]] = defaultdict(list)
    for trial in done:
        tallies[trial.load].append(trial.outcome)
        assert bounds.lowest <= trial.load <= bounds.highest
    assert all(len(outcomes) <= 2 * (bounds.repeats // 2) + 1 for outcomes in tallies.values())
    met = {load for load, o in tallies.items() if 2 * o.count("met") > len(o)}
    missed = set(tallies) - met
    assert found == Edge(max(met, default=None), min(missed, default=None), found.blind)
    assert max(met, default=0) < min(missed, default=math.inf)
    for load in {found.met, found.beyond} - {None}:
        assert 2 * max(
            tallies[load].count("met"), len(tallies[load]) - tallies[load].count("met")
        ) > (bounds.repeats)
