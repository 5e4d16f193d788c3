"""External targets and bad input: one line that says what to do, and nothing left behind."""

from __future__ import annotations

import os
import socket
import threading

import pytest

from harness.tests.bench import bench, external, one_line, profile_of, running


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
