"""Plans of arrivals are pure: tables of times, without a clock."""

from __future__ import annotations

from itertools import islice, pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.load import arrivals

TABLES = [
    ("constant:2", [0, 0.5, 1, 1.5]),
    ("constant:0.5", [0, 2, 4]),
    ("ramp:2..2/10", [0, 0.5, 1]),
    ("ramp:0..10/10", [0, 2**0.5, 2, 6**0.5]),  # n = t^2 / 2
    ("ramp:0..2/1", [0, 1, 1.5, 2]),
    ("steps:2x1,4x0.5", [0, 0.5, 1, 1.25]),
    ("steps:1x1,0x5,1x1", [0, 6]),
]


@pytest.mark.parametrize(("spec", "times"), TABLES)
def test_tables(spec: str, times: list[float]) -> None:
    assert list(islice(arrivals.plan(spec), len(times))) == pytest.approx(times)


@pytest.mark.parametrize(("spec", "count"), [("steps:100x3,50x2", 400), ("ramp:100..0/4", 200)])
def test_plans_that_end(spec: str, count: int) -> None:
    assert len(list(arrivals.plan(spec))) == count


@given(first=st.integers(0, 500), last=st.integers(1, 500), seconds=st.integers(1, 20))
def test_a_ramp_has_the_area_under_its_rate(first: int, last: int, seconds: int) -> None:
    times = list(islice(arrivals.ramp(first, last, seconds), 3_000))
    assert all(a <= b for a, b in pairwise(times))
    within = (first + last) / 2 * seconds
    if within < 2_990:
        assert sum(t < seconds for t in times) == pytest.approx(within, abs=1.01)


def test_poisson_has_its_rate_and_its_spread() -> None:
    times = list(islice(arrivals.poisson(100, Random(1)), 20_000))
    gaps = [b - a for a, b in pairwise(times)]
    mean = sum(gaps) / len(gaps)
    spread = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert mean == pytest.approx(0.01, rel=0.03)
    assert spread == pytest.approx(mean, rel=0.05)  # exponential: as wide as its mean


def test_a_seed_fixes_poisson() -> None:
    first, second, other = (
        list(islice(arrivals.plan("poisson:50", seed), 20)) for seed in (1, 1, 2)
    )
    assert first == second != other


@pytest.mark.parametrize("spec", ["constant:7", "poisson:7", "ramp:1..9/3", "steps:5x2,9x1"])
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_together_do_what_one_would(spec: str, workers: int) -> None:
    whole = list(islice(arrivals.plan(spec, 3), 18))
    parts = [
        list(islice(arrivals.share(arrivals.plan(spec, 3), worker, workers), 18))
        for worker in range(workers)
    ]
    assert sorted(time for part in parts for time in part)[: len(whole)] == whole


def test_a_trace_is_read(tmp_path) -> None:
    file = tmp_path / "trace"
    file.write_text("# seconds\n0\n0.5  # twice\n0.5\n\n2\n")
    assert list(arrivals.plan(f"trace:{file}")) == [0, 0.5, 0.5, 2]


@pytest.mark.parametrize(
    ("text", "named"),
    [("1\nx\n", "line 2"), ("1\n0.5\n", "line 2"), ("", "no times"), ("nan\n", "line 1")],
)
def test_a_bad_trace_names_its_line(tmp_path, text: str, named: str) -> None:
    file = tmp_path / "trace"
    file.write_text(text)
    with pytest.raises(HarnessError, match=named):
        arrivals.plan(f"trace:{file}")


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "constant",
        "constant:0",
        "constant:x",
        "constant:-1",
        "ramp:1..2",
        "ramp:0..0/3",
        "ramp:1..2/0",
        "steps:1x0",
        "steps:",
        "wave:3",
        "trace:",
        "trace:/nowhere",
    ],
)
def test_nonsense_is_one_line(spec: str) -> None:
    with pytest.raises(HarnessError, match=r"arrivals|trace"):
        arrivals.plan(spec)
