"""`bench` of several targets as a user calls it, with real processes."""

from __future__ import annotations

import json
import signal

import pytest

from harness.record import side as record
from harness.record.reader import Run
from harness.targets.base import Endpoint
from harness.targets.process import free_ports
from harness.tests.bench import Started, bench, nothing_lost, one_line, profile_of, reconciles

LOAD = ("--users", 10, "--rate", 50, "--tls", "off", "--duration", 2, "--no-floor")


@pytest.fixture
def nobody(tmp_path):
    """A profile of a server that does not run."""
    endpoint = Endpoint("127.0.0.1", free_ports(["closed"])["closed"], "nowhere.test", "off")
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("".join(f"u{n},secret\n" for n in range(20)))
    return profile_of(endpoint, accounts, tmp_path)


def test_one_that_does_not_answer_does_not_lose_the_other(tmp_path, nobody):
    out = tmp_path / "side"
    done = bench(
        *("chat", "--target", "external,embedded", "--profile", nobody, "--repeat", 2, *LOAD),
        *("--json", "--out", out),
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    found = json.loads(done.stdout)
    assert list(found) == ["external", "embedded"]
    assert set(found["external"]) == {"error"}
    assert "connection-refused" in found["external"]["error"]
    assert len(found["embedded"]["runs"]) == 2
    for summary in found["embedded"]["runs"]:
        reconciles(summary, 10)
        nothing_lost(summary)
    refused = [trial.error for trial in record.load(out).of("external")]
    assert all("connection-refused" in error for error in refused)
    assert (out / "report.html").stat().st_size > 1e6


def test_when_none_answers_one_line_says_so(tmp_path, nobody):
    out = tmp_path / "side"
    done = bench("chat", "--target", "external", "--profile", nobody, "--repeat", 2, "--out", out)
    assert "no server could be run: external: connection-refused" in done.stderr
    assert done.returncode == 2
    assert not out.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_measured_is_kept_when_the_user_ends_it(tmp_path, nobody, number):
    started = Started(
        tmp_path / "side",
        *("--target", "embedded,external", "--profile", nobody, "--no-floor"),
        run="runs/1-embedded",
    )
    started.process.send_signal(number)
    found, _ = started.end()
    assert started.process.returncode == 1
    assert found["embedded"]["messages"]["delivered"] > 0
    assert found["embedded"]["verdict"].startswith("incomplete")
    assert found["external"] == {"error": "not run: it was stopped before"}
    assert record.load(started.out).interrupted
    assert Run(started.run).outcome.verdict == "incomplete"
    assert (started.out / "report.html").stat().st_size > 1e6


def test_the_ui_shows_one_run(tmp_path):
    done = bench("chat", "--target", "prosody,embedded", "--ui", "--out", tmp_path / "x")
    assert "--ui shows one run" in one_line(done)
