"""Users whose tasks wait for the server: whose turn it is, and what stays open."""

from types import SimpleNamespace

import gevent
import pytest

from harness.load.turns import Turns


@pytest.fixture
def finished():
    return []


@pytest.fixture
def turns(finished):
    return Turns(lambda: finished.append(True))


def a_client(index):
    return SimpleNamespace(index=index)


def test_nobody_takes_turns_at_first(turns):
    assert not turns.are_taken
    assert not turns.give(a_client(1), 5.0)
    assert turns.open == 0


def test_turns_come_in_their_order_and_keep_their_planned_moments(turns, finished):
    client = a_client(1)
    turns.join(client)
    for planned in (5.0, 6.0, 6.0):
        assert turns.give(client, planned)
    assert [turns.next(client) for _ in range(3)] == [5.0, 6.0, 6.0]
    assert (turns.open, len(finished)) == (1, 2)  # the last one is under way


def test_a_user_waits_for_its_turn_and_not_for_another_s(turns):
    one, other = a_client(1), a_client(2)
    turns.join(one)
    turns.join(other)
    waiting = gevent.spawn(turns.next, one)
    turns.give(other, 4.0)
    gevent.sleep(0)
    assert not waiting.ready()
    turns.give(one, 5.0)
    assert waiting.get(timeout=1) == 5.0
    assert turns.open == 2


def test_what_a_user_leaves_behind_stays_open(turns, finished):
    client = a_client(1)
    turns.join(client)
    turns.give(client, 5.0)
    turns.give(client, 6.0)
    turns.next(client)
    turns.leave(client)
    assert not turns.give(client, 7.0)
    assert (turns.open, finished) == (2, [])
