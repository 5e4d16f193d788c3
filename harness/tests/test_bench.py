"""`bench` on the embedded server: every option, and what is recorded and printed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from harness.record.reader import Run
from harness.tests.bench import bench, chat, external, nothing_lost, profile_of, reconciles, running


@pytest.mark.parametrize("tls", ["off", "on", "direct"])
def test_embedded(tmp_path, tls):
    summary = chat(tmp_path / "run", "--users", 20, "--rate", 100, "--tls", tls)
    reconciles(summary, 20)
    nothing_lost(summary)
    assert 270 <= summary["messages"]["sent"] <= 310
    phases = summary["login"]["phases"]
    for phase in ("tcp", "sasl", "bind", "roster", "presence", "whole"):
        assert phases[phase]["count"] == 20
    assert phases["tls"]["count"] == (0 if tls == "off" else 20)
    assert summary["server"]["cpu_s"] > 0
    assert summary["generator"]["rss_max_mb"] > 10
    planned, actual = (summary["latency_ms"][kind] for kind in ("planned", "actual"))
    assert planned["p50"] >= actual["p50"] > 0
    for name in ("manifest.json", "windows.jsonl", "samples.jsonl", "outcome.json", "report.html"):
        assert (tmp_path / "run" / name).is_file()


def test_users_act_by_themselves_without_a_rate(tmp_path):
    summary = chat(tmp_path / "run", "--users", 10, "--pause", 0.2)
    reconciles(summary, 10)
    nothing_lost(summary)


@pytest.mark.parametrize("client", ["slixmpp", "mix"])
def test_other_clients(tmp_path, client):
    summary = chat(tmp_path / "run", "--users", 10, "--rate", 50, "--client", client)
    reconciles(summary, 10)
    nothing_lost(summary)


def test_processes(tmp_path):
    summary = chat(tmp_path / "run", "--users", 20, "--rate", 100, "--processes", 2)
    reconciles(summary, 20)
    nothing_lost(summary)
    run = Run(tmp_path / "run")
    assert {sample.worker for sample in run.generator} == {-1, 0, 1}
    assert {window.worker for window in run.windows} == {0, 1}


def test_presence_fans_out_to_contacts(tmp_path):
    done = bench(
        *("presence", "--users", 30, "--duration", 3, "--pause", 0.5, "--contacts", 5),
        *("--out", tmp_path / "run", "--json"),
    )
    assert done.returncode == 0, done.stderr
    windows = [w for w in Run(tmp_path / "run").windows if w.op == "presence"]
    assert sum(w.count for w in windows) == sum(w.started for w in windows) > 100
    assert json.loads(done.stdout)["latency_ms"]["planned"]["count"] > 100


def test_login_scenario_counts_each_login_and_each_user_once(tmp_path):
    done = bench(
        *("login", "--users", 10, "--duration", 3, "--stay", 0.1, "--pause", 0.1),
        *("--out", tmp_path / "run", "--json"),
    )
    summary = json.loads(done.stdout)
    assert summary["users"]["present"] == 10
    assert summary["login"]["phases"]["whole"]["count"] > 20


def test_the_text_summary_fits_one_screen(tmp_path):
    done = bench("chat", "--users", 5, "--rate", 20, "--duration", 1, "--out", tmp_path / "run")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) <= 40
    # The last line is the path of the run, which is as long as it is.
    assert max(map(len, lines[:-1])) <= 80
    shown = subprocess.run(
        [sys.executable, "-m", "harness", "report", tmp_path / "run"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == done.stdout


def test_no_password_in_any_file_of_a_run(tmp_path):
    accounts = tmp_path / "accounts.csv"
    with running("embedded") as (target, made):
        accounts.write_text("".join(f"{a.user},{a.password}\n" for a in made))
        profile = profile_of(target.endpoint(), accounts, tmp_path)
        chat(tmp_path / "run", *external(profile), "--users", 5, "--rate", 10)
        for file in (tmp_path / "run").rglob("*"):
            if file.is_file():
                assert made[0].password.encode() not in file.read_bytes(), file
