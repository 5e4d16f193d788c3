"""The gate: what it is made of, what opens and shuts it, what it leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from harness import gate
from harness.errors import HarnessError

QUICK = ["--effort", "dev", "--select", "stream-attribute-response-id"]
LONG = ["--users", "10", "--rate", "100", "--duration", "12"]  # enough to be compared
LOAD = ["--users", "10", "--rate", "20", "--duration", "3"]


def run(*arguments, env=None):
    command = [sys.executable, "-m", "harness", "gate", *map(str, arguments)]
    environment = os.environ | (env or {})
    return subprocess.run(command, capture_output=True, text=True, timeout=150, env=environment)


def codes(done):
    return {step["name"]: step["code"] for step in json.loads(done.stdout)["steps"]}


@pytest.fixture
def limits(tmp_path):
    def write(line):
        file = tmp_path / "limits.toml"
        file.write_text(f"[limits]\n{line}\n")
        return file

    return write


def test_open_then_its_load_is_the_next_baseline(tmp_path, limits):
    kept = limits('"lost" = "== 0"')
    first = run(*QUICK, *LONG, "--limits", kept, "--out", tmp_path / "a", "--json")
    assert first.returncode == 0, first.stderr
    assert codes(first) == {"conformance": 0, "load": 0}
    left = {path.relative_to(tmp_path / "a").as_posix() for path in (tmp_path / "a").rglob("*")}
    assert left >= {
        "summary.md",
        "gate.json",
        "conformance.sarif",
        "conformance/junit.xml",
        "conformance/report.html",
        "load/limits.xml",
        "load/report.html",
    }
    # So short a run on a machine that tests share says nothing of how fast it is.
    of = ["--baseline", tmp_path / "a/load", "--tolerance", "10000"]
    more = ["--no-conformance", *LONG, *of]
    second = run(*more, "--out", tmp_path / "b", "--json")
    assert codes(second) == {"load": 0, "comparison": 0}, second.stdout
    assert (tmp_path / "b/comparison.html").is_file()
    again = run("--no-conformance", *LOAD, "--out", tmp_path / "b")
    assert again.returncode == 2
    assert "choose another --out" in again.stderr


def test_another_load_is_not_comparable(tmp_path):
    run("--no-conformance", *LOAD, "--out", tmp_path / "a")
    less = ["--users", "5", "--rate", "20", "--duration", "3"]
    done = run(
        *("--no-conformance", *less, "--baseline", tmp_path / "a/load"),
        *("--out", tmp_path / "b", "--json"),
    )
    assert done.returncode == 2
    assert codes(done) == {"load": 0, "comparison": 2}


def test_a_defect_and_a_breach_shut_it_and_github_is_told(tmp_path, limits):
    summary = tmp_path / "shown.md"
    summary.write_text("of another step\n")
    github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    done = run(
        *(*QUICK, "--defect", "header-without-id", *LOAD),
        *("--limits", limits('"delivery.p99" = "< 1 us"'), "--out", tmp_path / "a"),
        env=github,
    )
    assert done.returncode == 1
    shown = summary.read_text()
    assert shown.startswith("of another step\n## The gate is shut: conformance, load\n")
    assert "| FAIL | stream-attribute-response-id | MUST, RFC 6120 4.7.3 |" in shown
    assert "| BREACH | delivery.p99 |" in shown
    assert "::error title=FAIL stream-attribute-response-id::" in done.stdout
    found = json.loads((tmp_path / "a/conformance.sarif").read_text())
    errors = {r["ruleId"] for r in found["runs"][0]["results"] if r["level"] == "error"}
    assert errors == {"stream-attribute-response-id"}


def test_a_step_that_cannot_be_run_does_not_keep_the_next_from_being_taken(tmp_path):
    steps = []

    def suite(_place):
        raise HarnessError("no server")

    ask = gate.Ask(
        target="embedded",
        out=tmp_path / "a",
        suite=suite,
        load=None,
        baseline=None,
        tolerance=0.1,
    )
    _, steps = gate.run(ask)
    assert [(s.name, s.code, s.words) for s in steps] == [("conformance", 2, "no server")]
    assert gate.exit_code(steps) == 2
    assert "no server" in (tmp_path / "a/summary.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--no-conformance", "--no-bench"], "nothing to do"),
        (["--no-bench", "--baseline", "."], "leave out --no-bench"),
        (["--baseline", "nowhere"], "no baseline nowhere"),
        (["--limits", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_mistakes_are_one_line(tmp_path, arguments, words):
    done = run(*arguments, "--out", tmp_path / "a")
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_options_may_be_variables_and_empty_ones_are_none(tmp_path):
    variables = {
        "XMPP_GATE_TARGET": "",
        "XMPP_GATE_BASELINE": "",
        "XMPP_GATE_LIMITS": "",
        "XMPP_GATE_WITH_CONFORMANCE": "0",
        "XMPP_GATE_USERS": "4",
        "XMPP_GATE_DURATION": "2",
        "XMPP_GATE_OUT": str(tmp_path / "a"),
    }
    done = run("--json", env=variables)
    assert codes(done) == {"load": 0}, done.stderr
    manifest = json.loads((tmp_path / "a/load/manifest.json").read_text())
    assert manifest["parameters"]["users"] == 4
