"""Putting windows and samples on one axis loses no outlier."""

from __future__ import annotations

import pytest

from harness.record.histogram import Histogram
from harness.record.model import ServerSample, Window
from harness.record.reader import Run
from harness.record.writer import RunWriter
from reports.clean import busy_seconds, clean, share, warning
from reports.series import (
    MAX_POINTS,
    Axis,
    axis,
    cpu_share,
    largest,
    latencies,
    latest,
    rate,
    second,
    together,
)
from reports.tests import runs


def server_sample(t, cpu_s):
    return ServerSample(t=t, cpu_s=cpu_s, rss_mb=1.0, threads=1)


def test_a_long_run_is_binned_and_keeps_its_outlier(tmp_path):
    writer = RunWriter(tmp_path, runs.manifest())
    slow = Histogram.of([900, 30_000_000]).encode()
    writer.windows(
        [
            Window(t=0, op="message", count=4, started=4),
            Window(t=4_001, op="message", count=2, planned=slow),
            Window(t=9_998, op="message", count=3),
        ]
    )
    run = Run(tmp_path)
    on = axis(run)
    assert (on.step, len(on)) == (10, 1000)
    assert len(on) <= MAX_POINTS
    delivered = rate(run, on, "message", lambda window: window.count)
    assert delivered[0] == pytest.approx(0.4)
    assert delivered[-1] == pytest.approx(3 / 9)  # the last point covers nine seconds
    assert sum(delivered[i] * on.width(i) for i in range(len(on))) == pytest.approx(9)
    assert latencies(run, on, "message")[400].max_ms() == pytest.approx(30_000, rel=0.01)


@pytest.mark.parametrize(("t", "expected"), [(0.2, 0), (1.0, 0), (1.04, 0), (0.96, 0), (2.0, 1)])
def test_a_sample_belongs_to_the_second_before_it(t, expected):
    assert second(t) == expected


def test_cpu_share_is_of_one_core():
    samples = [server_sample(1.0, 0.5), server_sample(1.1, 0.6), server_sample(3.0, 4.5)]
    assert list(cpu_share(samples)) == [(0, 50.0), (2, 200.0)]


def test_a_worker_that_falls_silent_is_held_for_a_moment_only():
    on = Axis(seconds=8, step=1)
    values = latest(on, [(0, 5.0), (2, 7.0)])
    assert values == [5.0, 5.0, 7.0, 7.0, 7.0, 7.0, None, None]
    assert together([values, [1.0] * 8]) == [6.0, 6.0, 8.0, 8.0, 8.0, 8.0, 1.0, 1.0]
    assert together([[None], [3.0], [2.0]], max) == [3.0]
    assert together([[None], [None]]) == [None]
    assert largest(Axis(4, 2), [(0, 1.0), (1, 9.0)]) == [9.0, None]


def test_seconds_in_which_the_generator_was_busy(directories):
    assert busy_seconds(Run(directories["busy"])) == [33, 34]
    assert warning(Run(directories["usual"])) is None


def test_percentiles_are_of_clean_seconds_only(directories):
    run = Run(directories["busy"])
    kept = clean(run, run.windows)
    assert {window.t for window in run.windows} - {window.t for window in kept} == {33, 34}
    assert 0.9 < share(run) < 1.0
    assert "percentiles are of clean seconds" in warning(run)


def test_with_too_few_clean_seconds_the_report_says_so(tmp_path):
    recipe = runs.Recipe(seconds=20, busy_seconds=tuple(range(6, 20)))
    run = Run(runs.write(tmp_path / "run", recipe))
    assert share(run) < 0.5
    assert clean(run, run.windows) == run.windows
    assert "not the server's" in warning(run)
