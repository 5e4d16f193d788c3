"""Planted faults: the record names each of them and nothing else, and its totals reconcile."""

from __future__ import annotations

from collections import Counter

import pytest

from harness.tests.load.fault_proxy import FAULTS, Plan
from harness.tests.load.planted_faults import Trial, run


@pytest.mark.parametrize(
    "trial",
    [
        Trial(messages=20_000, every=500, processes=2, drain=6.0),
        Trial(messages=5_000, every=250, processes=2, drain=6.0, separate=True),
        Trial(messages=2_500, every=3, users=12, processes=1, drain=6.0, seed=1),
    ],
    ids=["two processes", "master and two workers", "one process and every third message"],
)
def test_the_record_names_each_planted_fault_and_no_other(tmp_path, trial):
    found = run(trial, tmp_path)
    assert found.missing == []
    assert found.surplus == []
    assert found.exact, found
    planted = Counter(fault.fault for fault in found.planted)
    # The first of a swap goes on unharmed when no second comes.
    least = trial.messages / trial.every / len(FAULTS) / 2
    assert all(planted[fault] >= least for fault in FAULTS)


def test_a_plan_is_seeded_and_keeps_its_rate():
    faults = Plan(every=50, late_s=1.0, seed=3).faults()
    first = [next(faults) for _ in range(50_000)]
    again = Plan(every=50, late_s=1.0, seed=3).faults()
    assert first == [next(again) for _ in range(50_000)]
    counts = Counter(first)
    assert len(first) - counts[None] == pytest.approx(1_000, rel=0.1)
    assert all(counts[fault] == pytest.approx(200, rel=0.1) for fault in FAULTS)
