"""The ledger against a plain model: every message is in exactly one place, on one path."""

from __future__ import annotations

import itertools
import tracemalloc
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.ledger import CHAT, DELAYED, Ledger
from harness.record.model import Anomaly, Messages

SEND = st.tuples(
    st.just("send"), st.integers(0, 2), st.integers(0, 2), st.sampled_from([CHAT, "muc"])
)
SEND_TO_MANY = st.tuples(
    st.just("send to many"), st.integers(0, 2), st.sets(st.integers(0, 4), min_size=1)
)
HAPPENS = st.tuples(
    st.sampled_from(["arrive", "arrive", "arrive delayed", "bounce", "arrive elsewhere", "take"]),
    st.integers(0, 15),
)


class Model:
    """The same in lists: slow, and nothing is ever forgotten."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, int]] = []  # sender and receiver of each message
        self.path: list[str] = []
        self.state: list[str] = []
        self.arrived: list[int] = []  # without those that had bounced
        self.lines: Counter[tuple[str, int]] = Counter()  # kind and sequence
        self.stanza: list[range] = []  # the messages that went as one stanza with each

    def send(self, sender: int, receiver: int, path: str) -> None:
        self.sent.append((sender, receiver))
        self.path.append(path)
        self.state.append("lost")
        number = len(self.stanza)
        self.stanza.append(range(number, number + 1))

    def send_to_many(self, sender: int, receivers: list[int]) -> None:
        begin = len(self.sent)
        for receiver in receivers:
            self.send(sender, receiver, "muc")
        self.stanza[begin:] = [range(begin, len(self.sent))] * len(receivers)

    def arrive(self, sequence: int, delayed: bool) -> None:
        state = self.state[sequence]
        if state == "delivered":
            self.lines["duplicated", sequence] += 1
            return
        if delayed:
            self.path[sequence] += DELAYED
        self.state[sequence] = "delivered"
        if state == "lost":
            pair = self.sent[sequence]
            if any(self.sent[other] == pair and other > sequence for other in self.arrived):
                self.lines["reordered", sequence] += 1
            self.arrived.append(sequence)

    def bounce(self, sequence: int) -> None:
        for each in self.stanza[sequence]:
            self.lines["bounced", each] += 1
            if self.state[each] == "lost":
                self.state[each] = "bounced"

    def by_path(self) -> dict[str, Messages]:
        figures = {path: Messages() for path in [CHAT, *self.path]}
        for path, state in zip(self.path, self.state, strict=True):
            figures[path].sent += 1
            setattr(figures[path], state, getattr(figures[path], state) + 1)
        for (kind, sequence), count in self.lines.items():
            if kind in ("duplicated", "reordered"):
                path = figures[self.path[sequence]]
                setattr(path, kind, getattr(path, kind) + count)
        return figures


@given(st.lists(st.one_of(SEND, SEND_TO_MANY, HAPPENS), max_size=60))
def test_totals_reconcile_and_agree_with_a_model(events):
    ledger, model, names = Ledger(1, 0.0), Model(), []
    lines: list[Anomaly] = []
    for now, (event, *values) in enumerate(events):
        if event == "send":
            sender, receiver, path = values
            model.send(sender, receiver, path)
            names.append(ledger.sent(sender, receiver, now, now, path))
        elif event == "send to many":
            sender, receivers = values[0], list(values[1])
            model.send_to_many(sender, receivers)
            name = ledger.sent_to_many(sender, receivers, now, now, "muc")
            names += [name] * len(receivers)
        elif event == "take":
            lines += ledger.take()
        elif values[0] < len(names):
            happens(ledger, model, names, event, values[0], now)
        assert ledger.outstanding == model.state.count("lost")
    lines += ledger.finish()
    for sequence, state in enumerate(model.state):
        if state == "lost":
            model.lines["lost", sequence] += 1
    numbers = {f"{ledger.prefix}{sequence:x}": sequence for sequence in range(len(names))}
    assert Counter((a.kind, numbers[a.id]) for a in lines) == model.lines
    figures = {path: counts for path, counts in ledger.by_path().items() if counts != Messages()}
    assert figures == {p: c for p, c in model.by_path().items() if c != Messages()}
    for counts in [*figures.values(), ledger.counts()]:
        assert counts.sent == counts.delivered + counts.bounced + counts.lost
    for name in Messages.__struct_fields__:
        assert getattr(ledger.counts(), name) == sum(getattr(c, name) for c in figures.values())


def happens(ledger, model, names, event, sequence, now) -> None:
    """One arrival or bounce, in both."""
    name, receiver = names[sequence], model.sent[sequence][1]
    if event == "bounce":
        ledger.bounced(name, "service-unavailable", now)
        model.bounce(sequence)
    elif event == "arrive elsewhere":
        assert ledger.received(name, receiver + 9, now) is None
    else:
        first = model.state[sequence] != "delivered"
        delayed = event == "arrive delayed"
        assert (ledger.received(name, receiver, now, delayed) is not None) == first
        model.arrive(sequence, delayed)
        assert ledger.path_of(name, receiver) == model.path[sequence]


def closed(ledger: Ledger) -> tuple[Messages, list[tuple[str, str]]]:
    """The figures after the drain; kind and id of each anomaly."""
    remaining = [(anomaly.kind, anomaly.id) for anomaly in ledger.finish()]
    return ledger.counts(), remaining


def test_latency_is_counted_from_both_send_times():
    ledger = Ledger(0, 0.0)
    name = ledger.sent(1, 2, planned=10.0, now=10.5)
    assert ledger.received(name, 2, 11.0) == (10.0, 10.5)


def test_reordered_is_the_one_that_was_overtaken_and_only_within_its_pair():
    ledger = Ledger(0, 0.0)
    first, second, other = (ledger.sent(1, to, 0, 0) for to in (2, 2, 3))
    ledger.received(other, 3, 1)
    ledger.received(second, 2, 2)
    ledger.received(first, 2, 3)
    counts, anomalies = closed(ledger)
    assert counts.reordered == 1
    assert anomalies == [("reordered", first)]


def test_one_straggler_is_one_anomaly_however_many_pass_it():
    ledger = Ledger(0, 0.0)
    straggler, *others = [ledger.sent(1, 2, 0, 0) for _ in range(100)]
    for name in others:
        ledger.received(name, 2, 1)
    ledger.received(straggler, 2, 2)
    assert closed(ledger)[1] == [("reordered", straggler)]


def test_what_is_lost_or_bounced_overtakes_nobody():
    ledger = Ledger(0, 0.0)
    first, bounced, second, lost = (ledger.sent(1, 2, 0, 0) for _ in range(4))
    ledger.bounced(bounced, "service-unavailable", 1)
    ledger.received(first, 2, 2)
    ledger.received(second, 2, 3)
    assert closed(ledger)[1] == [("bounced", bounced), ("lost", lost)]


def test_late_is_after_the_soft_limit_of_the_drain():
    ledger = Ledger(0, 100.0)
    one, two = ledger.sent(1, 2, 0, 101), ledger.sent(1, 2, 0, 101)
    ledger.late_after = 105.0
    ledger.received(one, 2, 104.0)
    ledger.received(two, 2, 106.0)
    [late] = ledger.finish()
    counts = ledger.counts()
    assert (counts.delivered, counts.late, counts.lost) == (2, 1, 0)
    assert (late.kind, late.sent_t, late.received_t) == ("late", 1.0, 6.0)


def test_ids_of_others_are_ignored():
    ledger = Ledger(1, 0.0)
    ledger.sent(1, 2, 0, 0)
    for name in ("xh2-0", "xh1-1", "xh1-", "xh1-zz", "xh1--1", "", "hello"):
        assert ledger.received(name, 2, 1.0) is None
        assert ledger.path_of(name, 2) is None
        ledger.bounced(name, "service-unavailable", 1.0)
    assert ledger.outstanding == 1
    assert ledger.take() == []


def test_what_was_stored_in_another_run_is_ignored():
    before, ledger = Ledger(1, 0.0, run="0a1b"), Ledger(1, 0.0, run="0a1c")
    old, new = (of.sent(1, 2, 0, 0) for of in (before, ledger))
    assert ledger.received(old, 2, 1.0, delayed=True) is None
    assert ledger.received(new, 2, 1.0) is not None


def test_a_bounce_that_arrives_after_all_is_delivered_and_the_error_stays_listed():
    for arrives_first in (False, True):
        ledger = Ledger(0, 0.0)
        name = ledger.sent(1, 2, 0, 0)
        if arrives_first:
            assert ledger.received(name, 2, 1.0) is not None
        ledger.bounced(name, "recipient-unavailable", 2.0)
        if not arrives_first:
            assert ledger.received(name, 2, 3.0) is not None
        counts, anomalies = closed(ledger)
        assert (counts.delivered, counts.bounced, counts.lost) == (1, 0, 0)
        assert anomalies == [("bounced", name)]


def test_nothing_is_entered_after_the_end():
    ledger = Ledger(0, 0.0)
    here, gone = ledger.sent(1, 2, 0, 0), ledger.sent(1, 2, 0, 0)
    ledger.received(here, 2, 1.0)
    remaining = ledger.finish()
    assert ledger.received(gone, 2, 2.0) is None
    ledger.bounced(gone, "service-unavailable", 2.0)
    assert [anomaly.id for anomaly in remaining] == [gone]
    assert ledger.counts() == Messages(sent=2, delivered=1, lost=1)


def test_a_message_that_was_stored_on_its_way_leaves_its_path():
    ledger = Ledger(0, 0.0)
    live, stored, room = (ledger.sent(1, 2, 0, 0, path) for path in (CHAT, CHAT, "muc"))
    ledger.received(live, 2, 1.0)
    assert ledger.received(stored, 2, 9.0, delayed=True) == (0, 0)
    ledger.received(stored, 2, 10.0, delayed=True)
    assert closed(ledger)[1] == [("duplicated", stored), ("lost", room)]
    assert ledger.by_path() == {
        "chat": Messages(sent=1, delivered=1),
        "muc": Messages(sent=1, lost=1),
        "chat.delayed": Messages(sent=1, delivered=1, duplicated=1),
    }


def test_figures_and_lines_of_several_workers_add_up():
    names, lines, sum_of = set(), [], Messages()
    for worker in range(3):
        ledger = Ledger(worker, 0.0)
        for number in range(50):
            name = ledger.sent(number, number, 0, 0)
            names.add(name)
            for _ in range(number % 3):
                ledger.received(name, number, 1.0)
        lines += list(ledger.finish())
        for field, count in msgspec.structs.asdict(ledger.counts()).items():
            setattr(sum_of, field, getattr(sum_of, field) + count)
    assert len(names) == sum_of.sent == 150
    assert sum_of.delivered + sum_of.lost == 150
    assert Counter(a.kind for a in lines) == {"lost": sum_of.lost, "duplicated": sum_of.duplicated}
    assert len({a.id for a in lines}) == len(lines)


def test_every_anomaly_is_handed_over_once_however_many_there_are():
    ledger, taken = Ledger(0, 0.0), []
    names = [ledger.sent(1, 2, 0, 0) for _ in range(30_000)]
    for number, name in enumerate(names):
        ledger.received(name, 2, 1.0)
        ledger.received(name, 2, 2.0)
        if number % 700 == 0:
            taken += ledger.take()
    taken += ledger.finish()
    assert [anomaly.id for anomaly in taken] == names
    assert ledger.counts().duplicated == 30_000


# Memory, in bytes a message.


def held_by(fate: str, messages: int = 100_000) -> float:
    """What a ledger of so many messages holds, each between two people of its own."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    ledger = Ledger(0, 0.0)
    for number in range(messages):
        name = ledger.sent(number, number + 1, 1.0, 1.0)
        if fate == "arrives":
            ledger.received(name, number + 1, 2.0)
        elif fate == "bounces":
            ledger.bounced(name, "service-unavailable", 2.0)
            ledger.take()
    lost = sum(1 for _ in itertools.islice(ledger.finish(), messages // 2))
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert lost == (messages // 2 if fate == "is lost" else 0)
    return held / messages


@pytest.mark.parametrize("fate", ["arrives", "bounces"])
def test_a_million_messages_that_are_closed_out_take_less_than_32_mb(fate):
    assert 20 < held_by(fate) < 32


def test_messages_under_way_and_lost_are_bounded_too():
    assert held_by("is lost") < 200
