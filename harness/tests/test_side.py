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
    others end, `stopped_after` the run in which the user presses Ctrl-C."""

    def __init__(self, refuses=(), codes=None, stopped_after=0) -> None:
        self.refuses, self.codes, self.stopped_after = refuses, codes or {}, stopped_after
        self.order: list[str] = []

    def __call__(self, given) -> tuple[Path, int]:
        self.order.append(given.target)
        if len(self.order) == self.stopped_after:
            os.kill(os.getpid(), signal.SIGINT)
        if given.target in self.refuses:
            raise HarnessError(f"{given.target} is not installed")
        recipe = runs.Recipe(seconds=3, users=5, workers=1, messages_per_s=20)
        runs.write(given.out, recipe, runs.target(name=given.target))
        return given.out, self.codes.get(given.target, 0)


def go(out, bench, targets="ejabberd,prosody,jabberd2", repeats=2):
    return side.run(side.Ask(job(out), side.names(targets), repeats), bench)


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


@pytest.mark.parametrize("after", [1, 4])
def test_what_was_measured_before_ctrl_c_is_kept(tmp_path, after):
    bench = Bench(stopped_after=after)
    directory, code = go(tmp_path / "out", bench)
    assert code == 1
    assert len(bench.order) == after
    known = record.load(directory)
    assert known.interrupted
    assert len(known.trials) == after
    assert (directory / "report.html").is_file()


def test_a_directory_holds_one_of_them(tmp_path):
    go(tmp_path / "out", Bench())
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
