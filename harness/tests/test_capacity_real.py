"""A capacity search on the embedded server, with real processes: few users, short steps."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.record import capacity as record
from harness.record.reader import Run
from harness.tests.bench import temporary_place

SEARCH = """
import sys
from pathlib import Path
from harness import bench, capacity
from harness.tests.test_capacity import job

out, changes = Path(sys.argv[1]), eval(sys.argv[2])
given = job(out, users=10, tls="off", extra=changes.pop("extra", []))
sys.exit(capacity.run(capacity.Ask(job=given, objective=out.with_suffix(".toml"), **changes))[1])
"""


class Search:
    """A search that was started; it leaves no process and no temporary file."""

    def __init__(self, out: Path, objective: str, **changes: object) -> None:
        self.out = out
        out.with_suffix(".toml").write_text(f"[limits]\n{objective}\n")
        self._place = temporary_place()
        self.process = subprocess.Popen(
            [sys.executable, "-c", SEARCH, out, repr({"seconds": 1} | changes)],
            env=os.environ | {"TMPDIR": str(self._place.__enter__())},
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, code: int) -> record.Capacity:
        _, stderr = self.process.communicate(timeout=120)
        assert self.process.returncode == code, stderr
        assert "Traceback" not in stderr
        self._place.__exit__(None, None, None)
        assert (self.out / "report.html").is_file()
        return record.load(self.out)

    def wait_for_load(self, step: str) -> None:
        samples = self.out / "steps" / step / "windows.jsonl"
        deadline = time.monotonic() + 60
        while not (samples.exists() and '"op":"message"' in samples.read_text()):
            assert time.monotonic() < deadline
            assert self.process.poll() is None, self.process.communicate()[1]
            time.sleep(0.1)  # polling a file that another process writes


def test_rates(tmp_path):
    """The limit is one that a rate keeps or breaks for certain."""
    search = Search(
        tmp_path / "o",
        '"delivery.p50" = "< 60 s"\n"throughput" = "< 120 /s"',
        lowest=100.0,
        tolerance=0.5,
        repeats=1,
    )
    found = search.end(0)
    assert [(s.load, s.measured.verdict) for s in found.steps] == [
        (100, "met"),
        (200, "breached"),
        (141, "breached"),
    ]
    assert (found.result.verdict, found.result.load, found.result.beyond) == ("found", 100, 141)
    assert found.result.factor.cause in ("objective", "server-cpu")
    assert "throughput is " in found.result.reason
    assert (found.target.name, found.parameters["users"]) == ("embedded", 10)
    for step in found.steps:
        run = Run(tmp_path / "o" / step.directory)
        assert run.manifest.parameters["rate"] == f"constant:{step.load:g}"
        assert step.measured.throughput == pytest.approx(step.load, rel=0.1)
        assert step.measured.server_cpu > 0
        assert step.measured.p50_ms > 0
    assert json.loads((tmp_path / "o" / "capacity.json").read_text())["result"]["load"] == 100


def test_users(tmp_path):
    """10 users who write ten times a second: the median of 20 deliveries needs no longer step."""
    search = Search(
        tmp_path / "o",
        '"delivery.p90" = "< 60 s"',
        find="users",
        lowest=10.0,
        highest=20.0,
        repeats=1,
        extra=["--pause", "0.1"],
    )
    found = search.end(0)
    verdicts = [(s.load, s.measured.verdict) for s in found.steps if s.measured.verdict != "short"]
    assert verdicts == [(10, "met"), (20, "met")]
    assert (found.result.verdict, found.result.load) == ("at least", 20)
    assert Run(tmp_path / "o" / found.steps[-1].directory).manifest.parameters["users"] == 20
    assert "users" not in found.parameters


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_in_a_step(tmp_path, number):
    search = Search(tmp_path / "o", '"delivery.p50" = "< 60 s"', lowest=20.0, seconds=4)
    search.wait_for_load("02-40")
    search.process.send_signal(number)
    found = search.end(1)
    assert [(s.load, s.measured.verdict) for s in found.steps] == [(20, "met"), (40, "interrupted")]
    assert (found.result.verdict, found.result.load) == ("incomplete", 20)
    assert Run(tmp_path / "o" / "steps" / "02-40").outcome.verdict == "incomplete"
