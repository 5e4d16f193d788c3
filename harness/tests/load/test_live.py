"""The figures of a run while it goes on, from ticks made by hand."""

from __future__ import annotations

from harness.load.live import Live
from harness.load.live.tally import RECENT_S, kind_of
from harness.load.worker import Tick
from harness.record.histogram import Histogram
from harness.record.model import (
    GeneratorSample,
    Messages,
    Outcome,
    ServerSample,
    Users,
    Window,
)


def window(t, op, *latencies_us, started=None, errors=None, planned=True):
    histogram = Histogram.of(latencies_us).encode() if latencies_us else None
    return Window(
        t=t,
        op=op,
        count=len(latencies_us),
        started=len(latencies_us) if started is None else started,
        errors=errors or {},
        actual=histogram,
        planned=histogram if planned else None,
    )


def tick(t, *windows, worker=0, online=1, cpu=0.0, saturated=(), messages=None, **more):
    """The tick at the end of second `t`."""
    sample = GeneratorSample(
        t=t + 1.002,
        worker=worker,
        cpu_s=cpu,
        rss_mb=2.0,
        lag_ms=1.5,
        behind_ms=0.25,
        saturated=list(saturated),
        users=Users(wanted=online, online=online),
        messages=messages or Messages(),
    )
    return Tick(windows=list(windows), sample=sample, settled=online, **more)


def begun(workers=1):
    live = Live()
    live.begin(workers, scenario="chat", target="a server", asked=5, duration_s=60.0)
    return live


def test_nothing_before_the_first_run():
    now = Live().snapshot
    assert (now.number, now.state, now.seconds, now.recorded) == (0, "ready", [], [])
    assert now.latency.recent.p50_us is None


def test_latencies_to_the_microsecond_up_to_the_histograms_error():
    live = begun()
    live.tick(tick(0, window(0, "message", *range(1, 101))))
    recent = live.snapshot.latency.recent
    assert (recent.count, recent.p50_us, recent.p99_us, recent.max_us) == (100, 50, 99, 100)


def test_recent_latencies_are_of_the_last_seconds_only():
    live = begun()
    live.tick(tick(0, window(0, "message", 50_000)))
    for t in range(1, RECENT_S + 1):
        live.tick(tick(t, window(t, "message", 100)))
    latency = live.snapshot.latency
    assert latency.recent.max_us == 100
    assert latency.recent.count == RECENT_S
    assert latency.whole.count == RECENT_S + 1


def test_saturated_seconds_are_marked_and_left_out_of_the_whole():
    live = begun()
    live.tick(tick(0, window(0, "message", 100)))
    live.tick(tick(1, window(1, "message", 90_000), saturated=["cpu"]))
    now = live.snapshot
    assert [second.saturated for second in now.seconds] == [False, True]
    assert now.latency.whole.max_us == 100
    assert now.latency.recent.count == 2
    worker = now.workers[0]
    assert (worker.seconds, worker.saturated_seconds, worker.saturated) == (2, 1, ["cpu"])


def test_a_second_is_complete_when_every_worker_has_told_of_it():
    live = begun(workers=2)
    live.tick(tick(0, window(0, "message", 10, 20), worker=0, online=3))
    assert live.snapshot.seconds == []
    live.tick(tick(0, window(0, "message", 30), worker=1, online=2))
    (second,) = live.snapshot.seconds
    assert (second.t, second.online, second.wanted) == (0, 5, 5)
    assert (second.out, second.into) == (3, 3)
    assert second.p50_us == 20


def test_a_silent_worker_does_not_stop_the_clock():
    live = begun(workers=2)
    for t in range(10):
        live.tick(tick(t, window(t, "message", 10)))
    assert live.snapshot.seconds
    assert sum(second.into for second in live.snapshot.seconds) >= 5


def test_what_a_drain_adds_is_no_second_of_its_own():
    live = begun()
    live.tick(tick(0, window(0, "message", 10, started=2), messages=Messages(sent=2, delivered=1)))
    lost = Messages(sent=2, delivered=1, lost=1)
    live.tick(tick(0, messages=lost, whole=False))
    now = live.snapshot
    assert len(now.seconds) == 1
    assert (now.ledger.lost, now.pending) == (1, 0)


def test_stanzas_by_kind():
    live = begun()
    live.tick(
        tick(
            0,
            window(0, "message", 5, 6, started=3),
            window(0, "message.groupchat", 7, 8, 9, 9, started=4),
            window(0, "presence", 5, started=4),
            window(0, "roster", 5),
            window(0, "login.roster", 5),
            written={"groupchat": 1, "presence": 2},
        )
    )
    found = {s.kind: (s.out, s.into, s.out_per_s, s.into_per_s) for s in live.snapshot.stanzas}
    assert found == {
        "chat": (3, 2, 3, 2),
        "groupchat": (1, 4, 1, 4),
        "presence": (2, 1, 2, 1),
        "iq": (1, 1, 1, 1),
    }


def test_kinds_of_operations():
    kinds = {op: kind_of(op) for op in ("message.chat.delayed", "join", "turn", "connection")}
    assert kinds == {"message.chat.delayed": "chat", "join": "iq", "turn": None, "connection": None}


def test_rates_are_of_the_last_second():
    live = begun()
    live.tick(tick(0, window(0, "message", 5, 5, 5)))
    live.tick(tick(1, window(1, "message", 5)))
    (chat,) = live.snapshot.stanzas
    assert (chat.out, chat.out_per_s) == (4, 1)


def test_errors_by_condition_with_the_first_text():
    live = begun()
    first = {"not-authorized": "wrong password"}
    live.tick(tick(0, window(0, "login", errors={"not-authorized": 2}), samples=first))
    live.tick(tick(1, window(1, "login", errors={"not-authorized": 1})))
    live.tick(tick(2, samples={"not-authorized": "another text"}))
    (failure,) = live.snapshot.failures
    assert (failure.op, failure.condition, failure.count) == ("login", "not-authorized", 3)
    assert failure.sample == "wrong password"


def test_processors_are_shares_of_the_second():
    live = begun()
    live.tick(tick(0, cpu=1.0))
    live.tick(tick(1, cpu=1.25))
    server = {"rss_mb": 3.0, "threads": 2}
    live.server(ServerSample(t=0.0, cpu_s=0.0, **server))
    live.server(ServerSample(t=2.0, cpu_s=3.0, **server))
    now = live.snapshot
    assert now.workers[0].cpu_percent == 25.0
    assert now.server is not None
    assert (now.server.cpu_percent, now.server.rss_bytes) == (150.0, 3 * 1024 * 1024)


def test_the_states_of_a_run():
    live = begun()
    common = {"settled": 1, "expected": 4}
    live.progress(load_s=None, draining=False, **common)
    assert (live.snapshot.state, live.snapshot.asked) == ("logging in", 4)
    live.progress(load_s=1.5, draining=False, **common)
    assert (live.snapshot.state, live.snapshot.load_s) == ("load", 1.5)
    live.progress(load_s=2.0, draining=True, **common)
    assert live.snapshot.state == "draining"
    live.finish("out/a", Outcome(ended="", duration_s=3, verdict="ok", reason="completed"))
    assert live.snapshot.state == "finished"
    live.begin(1, scenario="ping")
    now = live.snapshot
    assert (now.number, now.state, now.scenario, now.operations) == (2, "logging in", "ping", [])
    assert [(run.number, run.directory) for run in now.recorded] == [(1, "out/a")]


def test_figures_are_computed_once_between_ticks():
    live = begun()
    live.tick(tick(0, window(0, "message", 5)))
    assert live.snapshot is live.snapshot
    before = live.snapshot
    live.tick(tick(1))
    assert live.snapshot is not before


def test_a_run_without_messages_shows_its_own_operation():
    live = begun()
    live.tick(tick(0, window(0, "login", 5), window(0, "iq", 70)))
    latency = live.snapshot.latency
    assert (latency.op, latency.recent.p50_us) == ("iq", 70)
