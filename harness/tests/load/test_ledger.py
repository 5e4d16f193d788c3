"""The ledger against a plain model: every message is in exactly one place."""

from hypothesis import given
from hypothesis import strategies as st

from harness.load.ledger import Ledger

EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(0, 3), st.integers(0, 3)),
        st.tuples(st.sampled_from(["arrive", "bounce", "wrong"]), st.integers(0, 20)),
    ),
    max_size=60,
)


@given(EVENTS)
def test_totals_reconcile_and_agree_with_a_model(events):
    ledger, sent, state, duplicates = Ledger(1, 0.0), [], {}, 0
    arrivals = []
    for now, event in enumerate(events):
        if event[0] == "send":
            sent.append((ledger.sent(event[1], event[2], now, now), event[1], event[2]))
        elif event[1] < len(sent):
            name, _, receiver = sent[event[1]]
            before = state.get(name)
            if event[0] == "arrive":
                assert (ledger.received(name, receiver, now) is None) == (before == "delivered")
                duplicates += before == "delivered"
                if before != "delivered":
                    arrivals.append(event[1])
                state[name] = "delivered"
            elif event[0] == "bounce":
                ledger.bounced(name, "service-unavailable", now)
                state[name] = before or "bounced"
            else:
                assert ledger.received(name, receiver + 1, now) is None
    counts, anomalies = ledger.close()
    values = list(state.values())
    assert counts.sent == len(sent)
    assert counts.delivered == values.count("delivered")
    assert counts.bounced == values.count("bounced")
    assert counts.duplicated == duplicates
    assert counts.lost == len(sent) - len(values)
    assert counts.sent == counts.delivered + counts.bounced + counts.lost
    late = set()
    for position, sequence in enumerate(arrivals):
        pair = sent[sequence][1:]
        if any(sent[o][1:] == pair and o < sequence for o in arrivals[position + 1 :]):
            late.add(sequence)
    # A message is out of order when an earlier one of its pair came after a later one.
    assert (counts.reordered > 0) == bool(late)
    for kind in ("lost", "reordered", "duplicated"):
        assert sum(a.kind == kind for a in anomalies) == getattr(counts, kind)


def test_latency_is_counted_from_both_send_times():
    ledger = Ledger(0, 0.0)
    name = ledger.sent(1, 2, planned=10.0, now=10.5)
    assert ledger.received(name, 2, 11.0) == (10.0, 10.5)


def test_reordered_is_counted_per_pair():
    ledger = Ledger(0, 0.0)
    first, second, other = (ledger.sent(1, to, 0, 0) for to in (2, 2, 3))
    ledger.received(other, 3, 1)
    ledger.received(second, 2, 2)
    ledger.received(first, 2, 3)
    counts, anomalies = ledger.close()
    assert counts.reordered == 1
    assert [a.id for a in anomalies] == [second]


def test_late_is_after_the_soft_limit_of_the_drain():
    ledger = Ledger(0, 100.0)
    one, two = ledger.sent(1, 2, 0, 101), ledger.sent(1, 2, 0, 101)
    ledger.late_after = 105.0
    ledger.received(one, 2, 104.0)
    ledger.received(two, 2, 106.0)
    counts, anomalies = ledger.close()
    assert (counts.delivered, counts.late, counts.lost) == (2, 1, 0)
    assert (anomalies[0].kind, anomalies[0].sent_t, anomalies[0].received_t) == ("late", 1.0, 6.0)


def test_ids_of_others_are_ignored():
    ledger = Ledger(1, 0.0)
    ledger.sent(1, 2, 0, 0)
    for name in ("xh2-0", "xh1-1", "xh1-", "xh1-zz", "xh1--1", "", "hello"):
        assert ledger.received(name, 2, 1.0) is None
    assert ledger.outstanding == 1


def test_a_bounce_that_arrives_after_all_is_delivered():
    ledger = Ledger(0, 0.0)
    name = ledger.sent(1, 2, 0, 0)
    ledger.bounced(name, "recipient-unavailable", 1)
    assert ledger.received(name, 2, 2.0) is not None
    counts, _ = ledger.close()
    assert (counts.delivered, counts.bounced, counts.lost) == (1, 0, 0)
