"""The same load again: one seed, one plan, to the last message; and runs from their records."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from harness import bench
from harness.again import job_from
from harness.errors import HarnessError
from harness.load import arrivals
from harness.record.model import Again
from harness.record.reader import Run
from harness.tests.bench import chat, temporary_place
from reports.tests import conformance_runs, runs

NOTING = Path(__file__).parent / "load" / "noting_scenario.py"
LOAD = ("--users", 7, "--rate", "poisson:150", "--duration", 1, "--tls", "off")
Notes = list[list[float]]


def noted(folder: Path, *options, load=LOAD) -> dict[int, Notes]:
    """What each worker planned in a run with these options; its record is in `folder`/run."""
    notes = folder / "notes"
    notes.mkdir(parents=True)
    env = os.environ | {"NOTES": str(notes)}
    summary = chat(folder / "run", *load, *options, scenario=NOTING, env=env)
    assert summary["users"]["present"] == 7
    return read(notes)


def read(notes: Path) -> dict[int, Notes]:
    return {
        int(path.stem): [json.loads(line) for line in path.read_text().splitlines()]
        for path in notes.iterdir()
    }


def same(one: Notes, other: Notes, at_least=50) -> bool:
    """Whether the plans are one, as far as both went: the clock decides where a run ends."""
    length = min(len(one), len(other))
    assert length >= at_least
    return one[:length] == other[:length]


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first")
    return folder, noted(folder, "--seed", 7, "--placement", "zipf:1")


def test_one_seed_is_one_plan(tmp_path, first):
    (planned,) = first[1].values()
    times = arrivals.plan("poisson:150", "7/messages")
    assert [offset for _, _, offset, _ in planned] == list(islice(times, len(planned)))
    assert {size for *_, size in planned} == {64}
    (other,) = noted(tmp_path / "other", "--seed", 8, "--placement", "zipf:1").values()
    assert not same(planned, other)


def test_a_record_says_how_to_do_it_again(tmp_path, first, monkeypatch):
    folder, (planned,) = first[0], first[1].values()
    job = job_from(folder / "run")
    assert (job.scenario, job.target, job.users) == (str(NOTING), "embedded", 7)
    assert (job.rate, job.duration, job.tls, job.processes) == ("poisson:150", 1, "off", 1)
    assert not job.allowed
    (tmp_path / "notes").mkdir()
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    with temporary_place() as place:
        monkeypatch.setenv("TMPDIR", str(place))
        directory, code = bench.run(replace(job, out=tmp_path / "again"))
    assert code == 0
    assert same(planned, read(tmp_path / "notes")[0])
    before, after = (Run(path).manifest for path in (folder / "run", directory))
    assert (after.again, after.parameters) == (before.again, before.parameters)
    assert after.config_digest == before.config_digest


def test_workers_share_the_plan_and_make_pairs_of_their_own(tmp_path, first):
    options = ("--seed", 7, "--placement", "zipf:1", "--processes", 2)
    planned, again = (noted(tmp_path / name, *options) for name in ("one", "two"))
    for worker in (0, 1):
        assert same(planned[worker], again[worker], at_least=25)
        assert {n % 2 for line in planned[worker] for n in line[:2]} == {worker}
    alone = [offset for _, _, offset, _ in first[1][0]]
    whole = sorted(line[2] for lines in planned.values() for line in lines)
    length = min(len(alone), 2 * min(map(len, planned.values())))
    assert whole[:length] == alone[:length]
    clocks_agree(tmp_path / "one" / "run")


def clocks_agree(record: Path) -> None:
    """On one host there is one clock."""
    samples = [sample for sample in Run(record).generator if sample.clock]
    assert {sample.worker for sample in samples} == {0, 1}
    for sample in samples:
        assert abs(sample.clock.offset_us) <= sample.clock.bound_us < 50_000
    last = {sample.worker: sample.clock for sample in samples}
    assert all(clock.bound_us < 5_000 for clock in last.values())


def test_users_who_act_by_themselves_write_to_the_same_others(tmp_path):
    load = ("--users", 7, "--duration", 1, "--tls", "off", "--pause", 0.02, "--seed", 7)
    one, two = (noted(tmp_path / name, load=load)[0] for name in ("one", "two"))
    for user in range(7):
        lines = [[line for line in notes if line[0] == user] for notes in (one, two)]
        assert same(*lines, at_least=10)


# What can not be done again.


def changed(directory: Path, **again) -> Path:
    """The record of a run with this to say of doing it again."""
    manifest = runs.manifest()
    whole = Again(
        scenario="chat",
        users=7,
        rate=None,
        duration=5.0,
        client="light",
        tls=None,
        profile=None,
        options=["--seed=7"],
    )
    manifest.again = msgspec.structs.replace(whole, **again)
    directory.mkdir()
    (directory / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    return directory


def refused(directory: Path) -> str:
    with pytest.raises(HarnessError) as caught:
        job_from(directory)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_the_record_holds_becomes_the_job(tmp_path):
    job = job_from(changed(tmp_path / "run", tls="direct", rate="ramp:1..9/5"))
    assert (job.tls, job.rate, job.extra) == ("direct", "ramp:1..9/5", ["--seed=7"])
    assert (job.target, job.processes, job.profile) == ("ejabberd", 2, None)
    assert not job.floor
    (tmp_path / "run" / "floor.json").write_text("{}")
    assert job_from(tmp_path / "run").floor


def test_no_run_of_ours(tmp_path):
    assert "not a run directory" in refused(tmp_path)
    (tmp_path / "manifest.json").write_text("[]")
    assert "damaged" in refused(tmp_path)
    conformance_runs.write(tmp_path / "c", conformance_runs.Recipe())
    assert "conformance run" in refused(tmp_path / "c")


def test_a_record_without_it(tmp_path):
    runs.write(tmp_path / "run", runs.Recipe(seconds=1))
    assert "too old" in refused(tmp_path / "run")


@pytest.mark.parametrize(
    ("again", "word"),
    [
        ({"scenario": None}, "several locustfiles"),
        ({"duration": None}, "--duration"),
        ({"withheld": ["--admin-password"]}, "--admin-password"),
        ({"profile": "/nowhere/p.toml"}, "/nowhere/p.toml"),
        ({"files": {"/nowhere/trace": "0"}}, "/nowhere/trace"),
        ({"files": {__file__: "0" * 64}}, "has changed"),
    ],
)
def test_what_the_record_lacks_is_named(tmp_path, again, word):
    assert word in refused(changed(tmp_path / "run", **again))
