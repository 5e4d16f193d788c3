import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.record.histogram import Histogram
from harness.record.model import (
    Anomaly,
    GeneratorSample,
    Manifest,
    Messages,
    Outcome,
    ServerSample,
    TargetRecord,
    Users,
    Window,
)
from harness.record.reader import Run
from harness.record.writer import RunWriter

SAMPLES = st.lists(st.integers(1, 60_000_000), min_size=1, max_size=300)


@given(SAMPLES, st.floats(0.1, 100))
def test_percentiles_are_within_one_percent(samples, percent):
    exact = sorted(samples)
    rank = max(1, int(percent / 100 * len(exact) + 0.5))
    near = exact[max(0, rank - 2) : rank + 1]  # ranks are rounded differently near a boundary
    value = Histogram.of(samples).percentile_ms(percent) * 1000
    assert any(abs(value - candidate) <= max(candidate * 0.01, 1) for candidate in near)


@given(SAMPLES, SAMPLES)
def test_merging_and_encoding_lose_nothing(one, other):
    merged = Histogram.decode(Histogram.of(one).encode())
    merged.add(Histogram.decode(Histogram.of(other).encode()))
    whole = Histogram.of(one + other)
    assert len(merged) == len(one) + len(other)
    for percent in (1, 50, 90, 99, 99.9, 100):
        assert merged.percentile_ms(percent) == whole.percentile_ms(percent)
    assert merged.max_ms() == whole.max_ms()


def test_values_beyond_the_ends_count_at_the_ends():
    histogram = Histogram.of([-5, 0, 10**9])
    assert len(histogram) == 3
    assert histogram.percentile_ms(10) == 0.001
    assert histogram.max_ms() == pytest.approx(60_000, rel=0.01)


def test_an_empty_histogram_knows_nothing():
    assert Histogram().percentile_ms(50) is None
    assert Histogram().max_ms() is None


def a_manifest() -> Manifest:
    return Manifest(
        run_id="r",
        started="2026-01-01T00:00:00Z",
        command=["xmpp-harness"],
        scenario="chat",
        parameters={},
        config_digest="0",
        target=TargetRecord(
            name="embedded", host="127.0.0.1", port=1, domain="bench.test", tls="off"
        ),
        workers=1,
        versions={},
        machine={},
    )


def a_run(directory: Path) -> RunWriter:
    writer = RunWriter(directory, a_manifest())
    writer.windows([Window(t=0, op="message", count=1, actual=Histogram.of([5]).encode())])
    writer.samples(
        [
            GeneratorSample(
                t=1, cpu_s=1, rss_mb=1, lag_ms=0, users=Users(), messages=Messages(sent=1)
            ),
            ServerSample(t=1, cpu_s=1, rss_mb=1, threads=1),
        ]
    )
    writer.anomalies([Anomaly(kind="lost", id="xh0-1", sender="a", receiver="b", sent_t=1)])
    return writer


def test_what_is_written_is_read(tmp_path):
    outcome = Outcome(ended="x", duration_s=1, verdict="ok", reason="completed")
    a_run(tmp_path / "r").finish(outcome)
    run = Run(tmp_path / "r")
    assert run.manifest == a_manifest()
    assert run.outcome == outcome
    assert [window.op for window in run.windows] == ["message"]
    assert len(run.generator) == len(run.server) == len(list(run.anomalies)) == 1
    assert [anomaly.id for anomaly in run.anomalies] == ["xh0-1"]  # read anew


def test_anomalies_are_never_all_in_memory(tmp_path):
    many = 200_000
    writer = RunWriter(tmp_path, a_manifest())
    for begin in range(0, many, 5_000):
        writer.anomalies(
            Anomaly(
                kind="lost",
                id=f"xh0a1b0-{number:x}",
                sender=f"account {number % 500}",
                receiver=f"account {number % 499}",
                sent_t=number / 1000,
            )
            for number in range(begin, begin + 5_000)
        )
    tracemalloc.start()
    try:
        run = Run(tmp_path)
        count = sum(1 for _ in run.anomalies)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == many
    assert peak < 1_000_000


def test_a_run_cut_short_is_readable_up_to_its_last_whole_line(tmp_path):
    a_run(tmp_path)
    with (tmp_path / "windows.jsonl").open("ab") as file:
        file.write(b'{"t":1,"op":"mess')
    run = Run(tmp_path)
    assert run.outcome is None
    assert len(run.windows) == 1


@pytest.mark.parametrize("name", ["windows.jsonl", "samples.jsonl", "anomalies.jsonl"])
@pytest.mark.parametrize(
    "line", [b"{}\n", b'{"t":0,"op":"mess\n', b'{"id":"\xff"}\n', b"\0\0\n", b"\n"]
)
def test_a_damaged_line_within_is_named(tmp_path, name, line):
    a_run(tmp_path)
    file = tmp_path / name
    good = file.read_bytes()
    before = good.count(b"\n")
    file.write_bytes(good + line + good)
    with pytest.raises(HarnessError, match=rf"{name}, line {before + 1}, is damaged") as caught:
        list(Run(tmp_path).anomalies)
    assert "\n" not in str(caught.value)


def test_a_directory_is_used_once(tmp_path):
    a_run(tmp_path)
    with pytest.raises(HarnessError, match="--out"):
        a_run(tmp_path)


@pytest.mark.parametrize("content", [None, b"{", b'{"format": 1}'])
def test_what_is_no_record_is_one_clear_line(tmp_path, content):
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(HarnessError) as caught:
        Run(tmp_path)
    assert "\n" not in str(caught.value)


def test_percentiles_are_those_of_the_library():
    samples = [(i * i) % 70_001 + 1 for i in range(1, 4_000)]
    histogram = Histogram.of(samples)
    percents = (0, 0.1, 50, 99, 99.9, 100)
    theirs = [histogram._hdr.get_value_at_percentile(p or 1e-9) / 1000 for p in percents]
    assert histogram.percentiles_ms(*percents) == pytest.approx(theirs)
    assert Histogram().percentiles_ms(50, 99) == [None, None]
