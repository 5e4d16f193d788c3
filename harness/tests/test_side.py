"""Several servers in turn, with an invented bench: order, record, ends. No load is made."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from harness import side
from harness.errors import HarnessError
from harness.record import side as record
from harness.tests.test_capacity import job
from reports.tests import runs


class Bench:
    """Writes a run for each job; `refuses` names targets that do not come about, `codes` how
    others end, `stopped_after` the run in which the user presses Ctrl-C or ends it by `signal`."""

    def __init__(self, refuses=(), codes=None, stopped_after=0, by=signal.SIGINT) -> None:
        self.refuses, self.codes, self.stopped_after = refuses, codes or {}, stopped_after
        self.by = by
        self.order: list[str] = []

    def __call__(self, given) -> tuple[Path, int]:
        self.order.append(given.target)
        if len(self.order) == self.stopped_after:
            os.kill(os.getpid(), self.by)
        if given.target in self.refuses:
            raise HarnessError(f"{given.target} is not installed")
        recipe = runs.Recipe(seconds=3, users=5, workers=1, messages_per_s=20)
        runs.write(given.out, recipe, runs.target(name=given.target))
        return given.out, self.codes.get(given.target, 0)


def go(out, bench, targets="ejabberd,prosody,jabberd2", repeats=2, **changes):
    return side.run(side.Ask(job(out, **changes), side.names(targets), repeats), bench)


def test_runs_alternate_and_are_all_on_record(tmp_path):
    bench = Bench()
    directory, code = go(tmp_path / "out", bench)
    assert code == 0
    assert bench.order == ["ejabberd", "prosody", "jabberd2"] * 2
    known = record.load(directory)
    assert [trial.directory for trial in known.of("prosody")] == [
        "runs/1-prosody",
        "runs/2-prosody",
    ]
    assert all((directory / trial.directory / "manifest.json").is_file() for trial in known.trials)
    assert (directory / "report.html").is_file()


def test_a_server_that_cannot_be_run_does_not_lose_the_others(tmp_path):
    directory, code = go(tmp_path / "out", Bench(refuses=["prosody"]))
    assert code == 2
    known = record.load(directory)
    assert [trial.error for trial in known.of("prosody")] == ["prosody is not installed"] * 2
    assert len([trial for trial in known.trials if trial.directory]) == 4


def test_the_worst_run_decides_the_exit_code(tmp_path):
    assert go(tmp_path / "out", Bench(codes={"prosody": 1}))[1] == 1


def test_nothing_is_left_when_no_server_can_be_run(tmp_path):
    with pytest.raises(HarnessError, match="ejabberd: ejabberd is not installed; prosody: prosody"):
        go(tmp_path / "out", Bench(refuses=["ejabberd", "prosody"]), "ejabberd,prosody", 1)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("after", "by"), [(1, signal.SIGINT), (4, signal.SIGTERM)])
def test_what_was_measured_before_the_user_ended_it_is_kept(tmp_path, after, by):
    bench = Bench(stopped_after=after, by=by)
    directory, code = go(tmp_path / "out", bench)
    assert code == 1
    assert len(bench.order) == after
    known = record.load(directory)
    assert known.interrupted
    assert len(known.trials) == after
    assert (directory / "report.html").is_file()


def test_a_server_that_the_user_did_not_let_start_has_not_failed(tmp_path):
    bench = Bench(refuses=["prosody"], stopped_after=2)
    directory, code = go(tmp_path / "out", bench)
    assert code == 1
    known = record.load(directory)
    assert [trial.target for trial in known.trials] == ["ejabberd"]
    assert known.interrupted
    assert not known.complete


def test_nothing_is_left_when_the_user_did_not_let_any_server_start(tmp_path):
    with pytest.raises(HarnessError, match="no server could be run: stopped by the user"):
        go(tmp_path / "out", Bench(refuses=["ejabberd"], stopped_after=1))
    assert not (tmp_path / "out").exists()


def test_limits_are_kept_or_breached_by_each_server(tmp_path, capsys):
    class Slower(Bench):
        def __call__(self, given):
            assert given.limits is None  # they are checked once, here
            found = super().__call__(given)
            if given.target == "prosody":
                (given.out / "samples.jsonl").write_text("")
            return found

    limits = tmp_path / "limits.toml"
    limits.write_text('[limits]\n"lost" = "== 0"\n"sent" = "< 1000"\n')
    directory, code = go(tmp_path / "out", Slower(), repeats=1, limits=limits)
    assert code == 1
    known = record.load(directory)
    assert [(trial.target, trial.code) for trial in known.trials] == [
        ("ejabberd", 1),  # of its recipe, some messages are lost
        ("prosody", 1),
        ("jabberd2", 1),
    ]
    assert [(c.metric, c.measured, c.ok) for c in known.trials[0].limits] == [
        ("lost", "3", False),
        ("sent", "59", True),
    ]
    assert [check.ok for check in known.trials[1].limits] == [False, False]
    assert (directory / "runs/1-ejabberd/limits.xml").is_file()
    assert capsys.readouterr().err.count("1 of 2 kept") == 2


@pytest.mark.parametrize("changes", [{"limits": "no.toml"}, {"abort_on": ["nonsense"]}])
def test_a_mistake_in_limits_is_said_once_and_before_anything_runs(tmp_path, changes):
    bench = Bench()
    if "limits" in changes:
        changes = {"limits": tmp_path / changes["limits"]}
    with pytest.raises(HarnessError) as said:
        go(tmp_path / "out", bench, **changes)
    assert "ejabberd" not in str(said.value)
    assert bench.order == []


def test_a_directory_holds_one_of_them(tmp_path):
    go(tmp_path / "out", Bench())
    with pytest.raises(HarnessError, match="choose another --out"):
        go(tmp_path / "out", Bench())


def test_a_directory_that_holds_a_single_run_is_refused(tmp_path):
    runs.write(tmp_path / "out", runs.Recipe(seconds=3))
    with pytest.raises(HarnessError, match="choose another --out"):
        go(tmp_path / "out", Bench())


@pytest.mark.parametrize("targets", ["", ",", "ejabberd,ejabberd", "ejabberd,nosuch"])
def test_lists_of_targets_that_make_no_sense(targets):
    with pytest.raises(HarnessError):
        side.names(targets)


@pytest.mark.parametrize(
    ("text", "word"),
    [(None, "holds no side-by-side run"), ("{", "side.json"), ('{"format": 9}', "side.json")],
)
def test_damaged_records(tmp_path, text, word):
    if text is not None:
        (tmp_path / record.NAME).write_text(text)
    with pytest.raises(HarnessError, match=word):
        record.load(tmp_path)


def test_a_record_of_another_format(tmp_path):
    directory, _ = go(tmp_path / "out", Bench())
    file = directory / record.NAME
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 9}))
    with pytest.raises(HarnessError, match="format 9, this version reads 1"):
        record.load(directory)
