"""`--limits` and `--abort-on`: gates on a run, and what they leave behind."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.tests.bench import bench, one_line

SHIPPED = Path(__file__).parents[2] / "ci" / "limits.toml"
LOAD = ("chat", "--users", 20, "--rate", 50)


def limits(tmp_path, line):
    path = tmp_path / "limits.toml"
    path.write_text(f"[limits]\n{line}\n")
    return path


def test_a_healthy_run_keeps_the_shipped_limits(tmp_path):
    run = tmp_path / "run"
    done = bench(*LOAD, "--duration", 3, "--limits", SHIPPED, "--out", run)
    assert done.returncode == 0, done.stderr
    assert "5 of 5 kept" in done.stderr
    suite = ElementTree.parse(run / "limits.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("5", "0")


def test_a_breach_is_named_and_ends_with_1(tmp_path):
    run = tmp_path / "run"
    file = limits(tmp_path, '"delivery.p99" = "< 1 us"')
    done = bench(*LOAD, "--duration", 3, "--limits", file, "--out", run, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["verdict"] == "ok", "it is the gate that fails, not the run"
    assert "BREACH" in done.stderr
    failure = ElementTree.parse(run / "limits.xml").find(".//failure")
    assert failure.get("message").startswith("delivery.p99 is ")


def test_a_hopeless_run_ends_early_and_keeps_its_record(tmp_path):
    run = tmp_path / "run"
    done = bench(*LOAD, "--duration", 100, "--abort-on", "sent > 10", "--out", run, timeout=60)
    assert done.returncode == 1
    outcome = json.loads((run / "outcome.json").read_text())
    assert outcome["verdict"] == "incomplete"
    assert outcome["reason"].startswith("sent is ")
    assert (run / "report.html").is_file()


def test_conditions_that_do_not_hold_change_nothing(tmp_path):
    run = tmp_path / "run"
    done = bench(*LOAD, "--duration", 7, "--abort-on", "errors > 50 %", "--out", run)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("line", "names"),
    [('"delivery.p98" = "< 1 ms"', "delivery.p98"), ('"lost" = "about 3"', "about 3")],
)
def test_a_bad_file_is_refused_before_anything_starts(tmp_path, line, names):
    run = tmp_path / "run"
    assert names in one_line(bench(*LOAD, "--limits", limits(tmp_path, line), "--out", run))
    assert not run.exists()


@pytest.mark.parametrize("condition", ["errors", "nothing > 3", "errors > 3 s"])
def test_a_bad_condition_is_refused(tmp_path, condition):
    assert condition.split()[0] in one_line(bench(*LOAD, "--abort-on", condition, cwd=tmp_path))
