"""The command as a user runs it: verdicts, deviations, evidence, replay, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from harness.record.conformance import ConformanceRun

DEFECT = "header-without-id"
BROKEN = "stream-attribute-response-id"


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", "conformance", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=150,
    )


def suite(out: Path, *arguments: str, seed: int = 5) -> tuple[int, ConformanceRun]:
    """Pytest on the suite, as the mutation runner calls it."""
    from conformance import command

    job = command.Job(targets=["embedded"], effort="dev", jobs=0, out=out, seed=seed)
    out.mkdir()
    extra = [*command.arguments(job, "embedded", out), *arguments]
    done = subprocess.run(extra, capture_output=True, text=True, timeout=150)
    assert (out / "outcome.json").is_file(), done.stdout[-2000:]
    return done.returncode, ConformanceRun(out)


def test_a_sound_server_is_as_expected(tmp_path: Path) -> None:
    done = run("--effort", "dev", "--select", "7.7", "--json", "--out", "r", cwd=tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    found = json.loads(done.stdout)
    assert found["target"] == "embedded"
    assert found["unexpected"] == []
    assert {row["section"][:3] for row in found["requirements"]} >= {"7.7"}
    assert {row["verdict"] for row in found["requirements"]} <= {"PASS", "NON-STRICT"}
    assert all(row["cases"] for row in found["requirements"])
    for name in ("report.html", "junit.xml", "manifest.json", "cases.jsonl", "pytest.log"):
        assert (tmp_path / "r" / name).is_file()


def test_a_defect_is_found_and_replayed(tmp_path: Path) -> None:
    """The finding names its requirement; its file shows the same to the server without us."""
    code, found = suite(tmp_path / "r", f"--defect={DEFECT}", f"--select={BROKEN}")
    assert code == 1
    (result,) = [r for r in found.requirements if r.id == BROKEN]
    assert result.verdict == "FAIL"
    assert result.unexpected is not None
    assert result.evidence is not None
    evidence = found.directory / result.evidence
    assert BROKEN in (evidence / "finding.txt").read_text()
    assert "<stream:stream" in (evidence / "transcript.txt").read_text()
    replay = evidence / "replay.py"
    again = run("--replay", str(replay), cwd=tmp_path)
    assert "stream:stream" in again.stdout
    assert "expected:" in again.stdout


def test_a_known_deviation_makes_it_expected_and_passing_it_does_not(tmp_path: Path) -> None:
    known = tmp_path / "known.toml"
    known.write_text(
        f'[[deviation]]\nrequirement = "{BROKEN}"\nverdict = "FAIL"\nreason = "planted"\n'
    )
    options = (f"--deviations={known}", f"--select={BROKEN}")
    code, found = suite(tmp_path / "with", f"--defect={DEFECT}", *options)
    row = next(r for r in found.requirements if r.id == BROKEN)
    assert (row.verdict, row.unexpected, row.deviation) == ("FAIL", None, "planted")
    code, found = suite(tmp_path / "without", *options)
    # A selection may miss the case that would fail, so that alone is no news.
    assert code == 0


@pytest.mark.parametrize("ci", ["", "true"])
def test_servers_are_asked_the_same_and_differ_where_one_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ci: str
) -> None:
    """Of two embedded servers, the differences are the cases of the defect and nothing else.
    Where the variable CI is set, Hypothesis has other defaults."""
    from reports import differential

    monkeypatch.setenv("CI", ci)
    select = "--select=4.7"
    _, sound = suite(tmp_path / "a", select)
    _, broken = suite(tmp_path / "b", select, f"--defect={DEFECT}")
    found = differential.differential([sound.directory, broken.directory])
    assert found.generated > 10
    assert found.same_inputs == found.generated
    failing = {case.case for case in broken.cases if case.verdict == "FAIL"}
    assert failing
    assert {case.case for d in found.differences for case in d.cases} == failing
    assert BROKEN in {difference.id for difference in found.of_kind("meets")}


def test_another_seed_asks_other_things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    first, same, other = (
        {
            case.case: case.inputs
            for case in suite(tmp_path / name, "--select=4.7.3", seed=seed)[1].cases
        }
        for name, seed in (("first", 5), ("same", 5), ("other", 6))
    )
    assert first == same
    assert any(inputs != other[case] for case, inputs in first.items())


def test_the_verdicts_do_not_depend_on_the_number_of_processes(tmp_path: Path) -> None:
    verdicts: list[dict[str, Any]] = []
    for jobs in ("0", "2"):
        done = run(
            *("--effort", "dev", "--select", "4.9.3", "--json", "--seed", "3"),
            *("--jobs", jobs, "--out", f"r{jobs}"),
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        rows = json.loads(done.stdout)["requirements"]
        verdicts.append({row["id"]: row["verdict"] for row in rows})
    assert verdicts[0] == verdicts[1]
    assert len(verdicts[0]) > 5


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--target", "nosuch"], "nosuch"),
        (["--target", "embedded,embedded"], "twice"),
        (["--select", "99.9"], "99.9"),
        (["--target", "external"], "profile"),
        (["--replay", "none.py"], "none.py"),
        (["--deviations", "missing.toml"], "missing.toml"),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, arguments: list[str], word: str) -> None:
    done = run(*arguments, "--out", "r", cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert word in done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_what_was_found(tmp_path: Path, number: signal.Signals) -> None:
    """Also where the shell has the command ignore SIGINT, as it does in the background."""
    ours = [sys.executable, "-m", "harness", "conformance", "--effort", "nightly", "--out", "r"]
    child = subprocess.Popen(
        ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *ours],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    cases = tmp_path / "r" / "cases.jsonl"
    deadline = time.monotonic() + 60
    while not (cases.is_file() and cases.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.1)
    child.send_signal(number)
    stdout, stderr = child.communicate(timeout=120)
    assert child.returncode == 1, stderr
    found = ConformanceRun(tmp_path / "r")
    assert found.outcome is not None
    assert found.outcome.verdict == "incomplete"
    assert found.cases
    assert "interrupted" in stdout
