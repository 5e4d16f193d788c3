"""`bench --live`: the figures of a run in the terminal, and without one."""

from __future__ import annotations

import os
import pty
import re
import subprocess

import msgspec
import pytest
from rich.console import Console

from harness.load.live import Live
from harness.record.model import Messages
from harness.terminal import line, tables
from harness.tests.bench import COMMAND, bench, one_line
from harness.tests.load.test_live import tick, window


def figures() -> dict:
    live = Live()
    live.begin(1, scenario="chat", target="a server", asked=3)
    live.progress(load_s=7.4, settled=3, expected=3, draining=False)
    live.tick(
        tick(
            0,
            window(0, "message", 1_500, started=4),
            window(0, "login.sasl", 2_500),
            window(0, "login", errors={"not-authorized": 2}),
            online=2,
            messages=Messages(sent=4, delivered=1),
            samples={"not-authorized": "wrong\npassword"},
        )
    )
    return msgspec.to_builtins(live.snapshot)


def test_one_line_says_what_matters():
    assert line(figures()) == (
        "load 7 s; 2 of 3 online; out 4/s, in 1/s; p50 1.503, p99 1.503, p99.9 1.503 ms; "
        "pending 3, lost 0; errors 2; generator 100 % clean"
    )


def test_tables_show_the_same_and_more():
    console = Console(width=110)
    with console.capture() as captured:
        console.print(tables(figures()))
    text = captured.get()
    for pattern in (
        r"online +2 of 3",
        r"chat +4 out, 1 in /s",
        r"last 10 s +1\.503",
        r"sasl +2\.\d+ +2\.\d+ +1\b",
        r"pending +3",
        r"worker 0 +0 +2 +0 of 1",
        r"login +2 +not-authorized +wrong password",
    ):
        assert re.search(pattern, text), pattern


def test_before_anything_is_known():
    empty = msgspec.to_builtins(Live().snapshot)
    assert "p50 -" in line(empty)
    Console(quiet=True).print(tables(empty))


def test_plain_lines_without_a_terminal(tmp_path):
    done = bench("chat", "--live", "--users", 5, "--rate", 20, "--duration", 7, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    said = [text for text in done.stderr.splitlines() if text.startswith("load ")]
    assert said
    assert re.search(r"^load \d+ s; 5 of 5 online; out \d+/s, .* p99\.9 \d", said[-1])
    assert "\x1b" not in done.stderr


def test_tables_in_a_terminal(tmp_path):
    ours, theirs = pty.openpty()
    options = ["--users", "5", "--rate", "20", "--duration", "4", "--out", str(tmp_path)]
    environment = os.environ | {"COLUMNS": "110", "LINES": "50", "TERM": "xterm"}
    with subprocess.Popen(
        [*COMMAND, "chat", "--live", *options],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=environment,
    ) as process:
        os.close(theirs)
        seen = b""
        try:
            while part := os.read(ours, 65_536):
                seen += part
        except OSError:
            pass  # the terminal's other end is closed
        os.close(ours)
    assert process.returncode == 0
    text = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", seen).decode()
    assert len(re.findall(r"online +5 of 5", text)) > 2
    assert re.search(r"delivered +[1-9]", text)


@pytest.mark.parametrize("option", ["--live", "--ui"])
def test_several_servers_are_not_shown_at_once(option):
    line = one_line(bench("chat", option, "--repeat", 2))
    assert f"{option} shows one run" in line
