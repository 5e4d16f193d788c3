"""`xmpp-harness bench` as a user calls it, with real processes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from harness import targets
from harness.record.reader import Run
from harness.targets.base import TargetOptions

COMMAND = [sys.executable, "-m", "harness", "bench"]


def bench(*arguments, timeout=120, cwd=None, env=None):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=cwd,
        env=env,
        check=False,
    )


def chat(out: Path, *arguments, code=0, **kwargs) -> dict:
    """A short run of the chat scenario: the object of --json."""
    done = bench("chat", "--out", out, "--duration", 3, "--json", *arguments, **kwargs)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


def reconciles(summary: dict, users: int) -> None:
    """Everybody reached every step, and every message is accounted for."""
    assert summary["users"] == dict.fromkeys(("wanted", "connected", "bound", "present"), users)
    messages = summary["messages"]
    assert messages["sent"] > 0
    assert messages["sent"] == messages["delivered"] + messages["bounced"] + messages["lost"]
    assert messages["delivered"] == summary["latency_ms"]["actual"]["count"]


def nothing_lost(summary: dict) -> None:
    messages = summary["messages"]
    assert messages["delivered"] == messages["sent"]
    assert not any(messages[kind] for kind in ("duplicated", "reordered", "bounced", "lost"))
    assert summary["errors"] == {}
    assert summary["verdict"] == "ok"


def one_line(done) -> str:
    """The only thing that a user sees of his mistake."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if line.startswith("xmpp-harness: ")]
    assert len(lines) == 1
    assert "Traceback" not in done.stderr
    return lines[0]


def children_of(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


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


# External targets and bad input.


class running:  # noqa: N801 - reads as a phrase
    """A target that is up, with a few accounts."""

    def __init__(self, name: str, tls: str = "off") -> None:
        self.target = targets.load(name)(TargetOptions(tls=tls))

    def __enter__(self):
        self.target.start()
        return self.target, self.target.provision(10)

    def __exit__(self, *_exc):
        self.target.stop()


def profile_of(endpoint, accounts, folder: Path, **changes) -> Path:
    values = {
        "host": endpoint.host,
        "port": endpoint.port,
        "domain": endpoint.domain,
        "tls": endpoint.tls,
        "ca": endpoint.ca,
        "accounts": str(accounts),
    } | changes
    path = folder / "profile.toml"
    path.write_text("".join(f"{k} = {json.dumps(v)}\n" for k, v in values.items() if v is not None))
    return path


def external(profile: Path) -> tuple:
    return ("--target", "external", "--profile", profile)


def test_wrong_password(tmp_path):
    accounts = tmp_path / "accounts.csv"
    with running("embedded") as (target, made):
        accounts.write_text(f"{made[0].user},wrong\n")
        profile = profile_of(target.endpoint(), accounts, tmp_path)
        line = one_line(bench("chat", *external(profile), "--users", 1, cwd=tmp_path))
    assert "not-authorized" in line
    assert "wrong" not in line


def test_certificate_not_trusted(tmp_path):
    with running("embedded", tls="starttls") as (target, made):
        accounts = tmp_path / "accounts.csv"
        accounts.write_text(f"{made[0].user},{made[0].password}\n")
        profile = profile_of(target.endpoint(), accounts, tmp_path, ca=None)
        line = one_line(bench("chat", *external(profile), "--users", 1, cwd=tmp_path))
    assert "certificate" in line


def test_more_users_than_accounts(tmp_path):
    with running("embedded") as (target, made):
        accounts = tmp_path / "accounts.csv"
        accounts.write_text("".join(f"{a.user},{a.password}\n" for a in made))
        profile = profile_of(target.endpoint(), accounts, tmp_path)
        line = one_line(bench("chat", *external(profile), "--users", 11, cwd=tmp_path))
    assert "10" in line
    assert "11" in line


def test_refused_port(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    (tmp_path / "p.toml").write_text(
        f'host = "127.0.0.1"\nport = {port}\ndomain = "bench.test"\naccounts = "register"\n'
    )
    line = one_line(bench("chat", *external(tmp_path / "p.toml"), cwd=tmp_path))
    assert str(port) in line


@pytest.mark.parametrize("behaviour", ["closes", "garbage", "stalls"])
def test_servers_that_are_none(tmp_path, behaviour):
    def serve(listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if behaviour == "closes":
                connection.close()
            elif behaviour == "garbage":
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
            kept.append(connection)

    kept = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=[listener], daemon=True).start()
        port = listener.getsockname()[1]
        (tmp_path / "p.toml").write_text(
            f'host = "127.0.0.1"\nport = {port}\ndomain = "bench.test"\ntls = "off"\n'
            'accounts = { pattern = "u{n}", password = "x", count = 100 }\n'
        )
        one_line(bench("chat", *external(tmp_path / "p.toml"), cwd=tmp_path))
    for connection in kept:
        connection.close()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["unknown"], "unknown"),
        (["missing.py"], "missing.py"),
        (["chat", "--target", "unknown"], "embedded"),
        (["chat", "--target", "external"], "--profile"),
        (["chat", "--rate", "0"], "--rate"),
        (["chat", "--sasl", "MAGIC"], "MAGIC"),
        (["chat", "--target", "external", "--profile", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_bad_options(tmp_path, arguments, named):
    assert named in one_line(bench(*arguments, cwd=tmp_path))
    assert list(tmp_path.glob("out/*")) == []  # nothing half-made stays behind


def test_profile_with_an_unknown_key_names_it(tmp_path):
    (tmp_path / "p.toml").write_text('host = "localhost"\ncolour = "red"\n')
    assert "colour" in one_line(bench("chat", *external(tmp_path / "p.toml"), cwd=tmp_path))


def test_another_machine_needs_the_promise(tmp_path):
    (tmp_path / "p.toml").write_text(
        'host = "192.0.2.1"\nport = 5222\ndomain = "example.org"\naccounts = "register"\n'
    )
    line = one_line(bench("chat", *external(tmp_path / "p.toml"), cwd=tmp_path))
    assert "--i-am-allowed-to-load-this-host" in line


def test_a_missing_server_says_how_to_get_it(tmp_path):
    """An empty PATH hides the package's programs; the database of packages is hidden too."""
    env = {k: v for k, v in os.environ.items() if k != "PATH"} | {"PATH": str(tmp_path)}
    line = one_line(bench("chat", "--target", "prosody", cwd=tmp_path, env=env))
    assert "apt-get install prosody" in line


def test_typer_errors_are_short_and_exit_with_2():
    done = bench("chat", "--users", "many")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


# A run that does not go as planned.


class Started:
    """A long run under way, with everybody online."""

    def __init__(self, out: Path, *arguments: object) -> None:
        self.out = out
        arguments = ("chat", "--out", out, "--users", 20, "--rate", 100, "--json", *arguments)
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 60
        while not self._sent():
            assert time.monotonic() < deadline
            assert self.process.poll() is None, self.process.communicate()[1]
            time.sleep(0.1)  # polling a file that another process writes
        self.family = children_of(self.process.pid)

    def end(self) -> tuple[dict, str]:
        stdout, stderr = self.process.communicate(timeout=60)
        assert "Traceback" not in stderr
        return json.loads(stdout), stderr

    def _sent(self) -> int:
        samples = self.out / "samples.jsonl"
        if not samples.exists():
            return 0
        found = re.findall(r'"sent":(\d+)', samples.read_text())
        return max(map(int, found), default=0)

    def nobody_stays(self) -> None:
        _, alive = psutil.wait_procs(self.family, timeout=10)
        assert alive == []

    def server(self) -> psutil.Process:
        return next(p for p in self.family if "harness.targets.embedded" in " ".join(p.cmdline()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("processes", [1, 2])
def test_interrupted_runs_are_reported_and_leave_nothing(tmp_path, number, processes):
    started = Started(tmp_path / "run", "--duration", 120, "--processes", processes)
    started.process.send_signal(number)
    summary, _ = started.end()
    assert summary["verdict"].startswith("incomplete: stopped by the user")
    reconciles(summary, 20)
    assert started.process.returncode == 1
    started.nobody_stays()


def test_a_server_that_dies_ends_the_run_with_a_report(tmp_path):
    started = Started(tmp_path / "run", "--duration", 120)
    started.server().kill()
    summary, stderr = started.end()
    assert started.process.returncode == 1
    assert "signal 9" in summary["verdict"]
    assert "signal 9" in stderr
    messages = summary["messages"]
    assert messages["sent"] == messages["delivered"] + messages["bounced"] + messages["lost"]
    assert messages["delivered"] > 0
    assert summary["errors"]
    assert (tmp_path / "run" / "report.html").is_file()
    started.nobody_stays()


def test_a_killed_worker_ends_the_run_with_what_was_measured(tmp_path):
    started = Started(tmp_path / "run", "--duration", 120, "--processes", 2)
    workers = [p for p in started.family if "locust" in " ".join(p.cmdline())]
    leader = min(workers, key=lambda process: process.pid)
    next(process for process in workers if process != leader).kill()
    summary, _ = started.end()
    assert "worker" in summary["verdict"]
    assert summary["messages"]["delivered"] > 0
    started.nobody_stays()


def test_the_whole_harness_killed_leaves_a_readable_record(tmp_path):
    started = Started(tmp_path / "run", "--duration", 120)
    for process in [*started.family, psutil.Process(started.process.pid)]:
        process.kill()
    started.process.communicate(timeout=10)
    run = Run(tmp_path / "run")
    assert run.outcome is None
    assert sum(window.count for window in run.windows if window.op == "message") > 0


# Real servers.


@pytest.mark.parametrize("tls", ["off", "on", "direct"])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("ejabberd", marks=pytest.mark.server("ejabberd")),
        pytest.param("prosody", marks=pytest.mark.server("prosody")),
    ],
)
def test_real_servers(tmp_path, name, tls):
    summary = chat(tmp_path / "run", "--target", name, "--users", 50, "--rate", 200, "--tls", tls)
    reconciles(summary, 50)
    nothing_lost(summary)
    manifest = Run(tmp_path / "run").manifest
    assert manifest.target.version
    assert manifest.target.sasl_mechanism.startswith("SCRAM")
    assert (manifest.target.tls_version is None) == (tls == "off")


@pytest.mark.parametrize("client", ["slixmpp", "mix"])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("ejabberd", marks=pytest.mark.server("ejabberd")),
        pytest.param("prosody", marks=pytest.mark.server("prosody")),
    ],
)
def test_real_servers_with_complete_clients(tmp_path, name, client):
    summary = chat(
        tmp_path / "run", "--target", name, "--users", 60, "--rate", 100, "--client", client
    )
    reconciles(summary, 60)
    nothing_lost(summary)


@pytest.mark.server("ejabberd")
def test_ejabberd_killed_in_mid_run(tmp_path):
    started = Started(tmp_path / "run", "--duration", 120, "--target", "ejabberd")
    beam = next(p for p in started.family if p.name() == "beam.smp")
    beam.kill()
    summary, _ = started.end()
    assert "ejabberd" in summary["verdict"]
    assert "signal 9" in summary["verdict"]
    started.nobody_stays()


@pytest.mark.server("prosody")
def test_presence_on_prosody(tmp_path):
    done = bench(
        *("presence", "--target", "prosody", "--users", 50, "--duration", 3, "--pause", 1),
        *("--out", tmp_path / "run"),
    )
    assert done.returncode == 0, done.stderr
    windows = [w for w in Run(tmp_path / "run").windows if w.op == "presence"]
    assert sum(w.count for w in windows) == sum(w.started for w in windows) > 100
