"""Logins are let in as planned; one that had to wait for the server keeps its planned time."""

from time import monotonic

import gevent
from gevent.event import Event

from harness.load import pacing
from harness.load.pacing import LoginGate


def crowd(gate, number, server):
    """So many logins come at once; each ends when the server answers. (planned, begun) of each."""
    times = []

    def login():
        with gate.place() as planned:
            times.append((planned, monotonic()))
            server.wait()

    return times, [gevent.spawn(login) for _ in range(number)]


def test_as_planned():
    gate, server, begin = LoginGate(lambda: iter([0.0, 0.05, 0.1])), Event(), monotonic()
    server.set()
    times, logins = crowd(gate, 3, server)
    gevent.joinall(logins, raise_error=True)
    first = min(times)[0]  # says when the plan begins
    assert first >= begin
    for due, (planned, begun) in zip((0.0, 0.05, 0.1), sorted(times), strict=True):
        assert round(planned - first, 6) == due
        assert begun >= planned


def test_a_slow_server_does_not_move_the_plan(monkeypatch):
    monkeypatch.setattr(pacing, "_IN_FLIGHT", 2)
    gate, server = LoginGate(lambda: iter(0.01 * n for n in range(6))), Event()
    times, logins = crowd(gate, 6, server)
    gevent.sleep(0.2)  # what the server takes for the first two; the plan is over by then
    assert len(times) == 2
    server.set()
    gevent.joinall(logins, raise_error=True)
    planned = [planned for planned, _ in sorted(times)]
    assert [round(p - planned[0], 6) for p in planned] == [0.0, 0.01, 0.02, 0.03, 0.04, 0.05]
    waited = [begun - planned for planned, begun in sorted(times)]
    assert min(waited[2:]) > 0.1


def test_the_plan_begins_anew_for_who_comes_later(monkeypatch):
    now = monotonic()
    gate = LoginGate(lambda: iter([0.0]))
    with gate.place() as first:
        pass
    monkeypatch.setattr(pacing, "monotonic", lambda: now + 60.0)
    with gate.place() as second:
        pass
    assert second == now + 60.0 > first


def test_who_comes_again_has_not_waited_since_a_moment_that_passed(monkeypatch):
    now = monotonic()
    gate = LoginGate(lambda: iter([0.0, 0.1, 0.2, 9.0]))
    monkeypatch.setattr(pacing, "monotonic", lambda: now)
    with gate.place():
        pass
    monkeypatch.setattr(pacing, "monotonic", lambda: now + 0.5)
    with gate.place() as late:  # for the first time: the generator made it late
        pass
    with gate.place(again=True) as again:
        pass
    assert round(late - now, 6) == 0.1
    assert round(again - now, 6) == 0.5
