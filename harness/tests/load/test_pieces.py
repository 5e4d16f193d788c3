"""Recorder, plans, rosters, options: the parts without clients."""

from collections import Counter
from random import Random
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.load import options, placement, rosters, session
from harness.load.broadcasts import Broadcasts
from harness.load.recorder import Recorder
from harness.record.histogram import Histogram
from harness.targets.base import Account, Endpoint
from harness.xmpp.sasl import DEFAULT_ORDER


def test_a_window_holds_what_happened_since_the_last_one():
    recorder = Recorder(worker=3)
    message = recorder.operation("message")
    message.started = 2
    message.actual += [100, 200]
    recorder.fold()
    message.actual += [300]
    message.errors["gone"] += 1
    (window,) = recorder.take(7)
    assert (window.t, window.worker, window.op) == (7, 3, "message")
    assert (window.started, window.count, window.errors) == (2, 3, {"gone": 1})
    assert len(Histogram.decode(window.actual)) == 3
    assert window.planned is None
    assert list(recorder.take(8)) == []


@given(st.integers(1, 300), st.sampled_from([0.5, 1.0, 2.0]))
def test_zipf_places_follow_their_weights(count, exponent):
    draw, random = placement.placement(f"zipf:{exponent}"), Random(1)
    drawn = Counter(draw(random, count) for _ in range(3_000))
    assert 0 <= min(drawn) <= max(drawn) < count
    total = sum(n**-exponent for n in range(1, count + 1))
    assert drawn[0] / 3_000 == pytest.approx(1 / total, abs=0.05)


def test_uniform_places_are_alike():
    draw, random = placement.placement("uniform"), Random(1)
    drawn = Counter(draw(random, 10) for _ in range(10_000))
    assert len(drawn) == 10
    assert max(drawn.values()) < 1.2 * min(drawn.values())


@pytest.mark.parametrize("spec", ["", "zipf", "zipf:0", "zipf:9", "normal"])
def test_unknown_placements(spec):
    with pytest.raises(HarnessError, match="placement"):
        placement.placement(spec)


@pytest.mark.parametrize(
    ("typed", "plan"),
    [("5", "constant:5"), ("0.5", "constant:0.5"), ("poisson:5", "poisson:5"), ("", None)],
)
def test_a_rate_is_a_plan(typed, plan):
    assert options.our_plan(typed) == plan


@given(st.integers(0, 400), st.floats(0, 30), st.integers(0, 5))
def test_rosters_are_mutual_and_never_with_oneself(count, mean, seed):
    contacts = rosters.power_law(count, mean, seed=seed)
    assert len(contacts) == count
    for account, known in enumerate(contacts):
        assert account not in known
        assert len(set(known)) == len(known)
        assert all(account in contacts[other] for other in known)
    assert contacts == rosters.power_law(count, mean, seed=seed)


def test_roster_sizes_follow_a_power_law():
    sizes = sorted(len(known) for known in rosters.power_law(5000, 10))
    assert 8 <= sum(sizes) / len(sizes) <= 10.5
    assert sizes[len(sizes) // 2] < 8  # most have few
    assert sizes[-1] > 80  # a few have many
    assert sizes[-1] <= 200


def test_broadcasts_know_their_own_only():
    mine = Broadcasts(1)
    name = mine.sent(1.0, 2.0, contacts=3)
    assert mine.received(name) == (1.0, 2.0)
    assert Broadcasts(2).received(name) is None
    for other in ("", "xp1-", "xp1-5", "xp1--1", "xp1-g"):
        assert mine.received(other) is None
    assert mine.outstanding == 2


def test_sessions_travel_unchanged():
    before = session.Session(
        worker=1,
        workers=2,
        endpoint=Endpoint("127.0.0.1", 5222, "bench.test", "direct"),
        accounts=[Account("u0", "secret")],
        first_index=1,
        step=2,
        contacts=[[1, 2]],
        mechanisms=DEFAULT_ORDER,
        arrivals="constant:5",
        logins="constant:10",
        login_timeout=60.0,
        drain=10.0,
    )
    assert session.from_wire(session.to_wire(before)) == before
    assert "secret" not in repr(before)
    assert "secret" not in repr(before.accounts)


def given_options(**values):
    defaults = {
        "rate": None,
        "login_rate": "constant:1",
        "placement": "uniform",
        "login_timeout": 1.0,
        "duration": None,
        "drain": 0.0,
        "sasl": "",
        "tls": None,
        "target_profile": None,
        "i_am_allowed_to_load_this_host": False,
        "archive": "off",
        "installation": "",
    }
    return SimpleNamespace(**defaults | values)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"rate": "constant:0"}, "constant:0"),
        ({"rate": "constant:-1"}, "constant:-1"),
        ({"login_rate": "often"}, "often"),
        ({"placement": "odd"}, "odd"),
        ({"duration": 0.0}, "duration"),
        ({"drain": -1.0}, "drain"),
    ],
)
def test_values_that_make_no_sense(wrong, word):
    with pytest.raises(HarnessError, match=word):
        options.check(given_options(**wrong))


def test_sasl_option():
    assert options.mechanisms(given_options()) == DEFAULT_ORDER
    assert options.mechanisms(given_options(sasl="plain, SCRAM-SHA-1")) == ("PLAIN", "SCRAM-SHA-1")
    with pytest.raises(HarnessError, match="MAGIC"):
        options.mechanisms(given_options(sasl="MAGIC"))


@pytest.mark.parametrize(
    ("tls", "profile", "mode"),
    [
        (None, None, "starttls"),
        ("on", None, "starttls"),
        ("off", None, "off"),
        (None, "x", None),
        ("direct", "x", "direct"),
    ],
)
def test_tls_option(tls, profile, mode):
    assert options.target_options(given_options(tls=tls, target_profile=profile)).tls == mode
