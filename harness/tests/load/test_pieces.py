"""Recorder, plans, rosters, options: the parts without clients."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.load import options, rosters, session
from harness.load.broadcasts import Broadcasts
from harness.load.pacing import constant
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


@pytest.mark.parametrize(
    ("rate", "done", "due"), [(1, 0, 0), (1, 1, 1), (10, 5, 0.5), (0.5, 3, 6), (5000, 5000, 1)]
)
def test_constant_plan(rate, done, due):
    assert constant(rate, done) == pytest.approx(due)


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
    name = mine.sent(1.0, 2.0)
    assert mine.received(name) == (1.0, 2.0)
    assert Broadcasts(2).received(name) is None
    for other in ("", "xp1-", "xp1-5", "xp1--1", "xp1-g"):
        assert mine.received(other) is None


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
        rate=5.0,
        login_rate=10.0,
        login_timeout=60.0,
        drain=10.0,
    )
    assert session.from_wire(session.to_wire(before)) == before
    assert "secret" not in repr(before)
    assert "secret" not in repr(before.accounts)


def given_options(**values):
    defaults = {
        "rate": None,
        "login_rate": 1.0,
        "login_timeout": 1.0,
        "duration": None,
        "drain": 0.0,
        "sasl": "",
        "tls": None,
        "target_profile": None,
        "i_am_allowed_to_load_this_host": False,
    }
    return SimpleNamespace(**defaults | values)


@pytest.mark.parametrize(
    "wrong", [{"rate": 0.0}, {"rate": -1.0}, {"duration": 0.0}, {"drain": -1.0}, {"login_rate": 0}]
)
def test_numbers_that_make_no_sense(wrong):
    with pytest.raises(HarnessError, match=next(iter(wrong)).replace("_", "-")):
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
