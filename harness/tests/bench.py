"""`xmpp-harness bench` as a user calls it, with real processes, for the tests of it.

Every call has a directory of its own for temporary files, and fails its test when a process or
a file is left in it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from harness import targets
from harness.record.reader import Run
from harness.targets.base import TargetOptions

COMMAND = [sys.executable, "-m", "harness", "bench"]


def bench(*arguments, timeout=120, cwd=None, env=None) -> subprocess.CompletedProcess[str]:
    """One call from begin to end."""
    with temporary_place() as place:
        return subprocess.run(
            [*COMMAND, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=cwd,
            env=(os.environ if env is None else env) | {"TMPDIR": str(place)},
            check=False,
        )


def chat(out: Path, *arguments, scenario="chat", code=0, **kwargs) -> dict[str, Any]:
    """A short run of the chat scenario: the object of --json."""
    done = bench(scenario, "--out", out, "--duration", 3, "--json", *arguments, **kwargs)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


def reconciles(summary: dict[str, Any], users: int) -> None:
    """Everybody reached every step, and every message is accounted for."""
    assert summary["users"] == dict.fromkeys(("wanted", "connected", "bound", "present"), users)
    messages = summary["messages"]
    assert messages["sent"] > 0
    assert messages["sent"] == messages["delivered"] + messages["bounced"] + messages["lost"]
    windows = [w for w in Run(Path(summary["run"])).windows if w.op.startswith("message")]
    assert messages["delivered"] == sum(window.count for window in windows)
    # Percentiles are of clean seconds only, and a busy machine does not leave them all clean.
    assert 0 < summary["latency_ms"]["actual"]["count"] <= messages["delivered"]


def nothing_lost(summary: dict[str, Any]) -> None:
    """Everything arrived, once and in order."""
    messages = summary["messages"]
    assert messages["delivered"] == messages["sent"]
    assert not any(messages[kind] for kind in ("duplicated", "reordered", "bounced", "lost"))
    assert summary["errors"] == {}
    assert summary["verdict"] == "ok"


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The only thing that a user sees of his mistake."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if line.startswith("xmpp-harness: ")]
    assert len(lines) == 1
    assert "Traceback" not in done.stderr
    return lines[0]


class Started:
    """A long run under way, with everybody online. `run` is its place in `out`."""

    def __init__(
        self, out: Path, *arguments: object, scenario: str = "chat", run: str = ""
    ) -> None:
        self.out, self.run = out, out / run
        self._place = temporary_place()
        self.place = self._place.__enter__()
        options = ("--users", 20, "--rate", 100, "--duration", 120, "--drain", 1, "--json")
        self.process = subprocess.Popen(
            [*COMMAND, scenario, "--out", out, *map(str, options), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"TMPDIR": str(self.place)},
            text=True,
        )
        deadline = time.monotonic() + 60
        while not self._acting():
            assert time.monotonic() < deadline
            assert self.process.poll() is None, self.process.communicate()[1]
            time.sleep(0.1)  # polling a file that another process writes
        self.family = psutil.Process(self.process.pid).children(recursive=True)

    def end(self) -> tuple[dict[str, Any], str]:
        """Wait for the end: the object of --json and standard error; nothing may be left."""
        stdout, stderr = self.process.communicate(timeout=60)
        assert "Traceback" not in stderr
        self.nobody_stays()
        return json.loads(stdout), stderr

    def nobody_stays(self) -> None:
        """Everything is gone now, or in a moment."""
        _, alive = psutil.wait_procs(self.family, timeout=10)
        assert alive == []
        self._place.__exit__(None, None, None)

    def locust(self) -> list[psutil.Process]:
        """Its processes, the one that decides first."""
        return [p for p in self.family if "locust" in p.cmdline()]

    def server(self, name: str = "harness.targets.embedded") -> psutil.Process:
        """The server's main process, by a part of its command."""
        return next(p for p in self.family if name in " ".join(p.cmdline()))

    def _acting(self) -> bool:
        windows = self.run / "windows.jsonl"
        return (
            windows.exists() and re.search(r'"op":"(message|iq)"', windows.read_text()) is not None
        )


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


@contextmanager
def temporary_place() -> Iterator[Path]:
    """A directory for the temporary files of a call, empty again when the call is over."""
    path = Path(tempfile.mkdtemp(prefix="xb-"))
    yield path
    _, alive = psutil.wait_procs(_users_of(path), timeout=5)
    assert [process.cmdline() for process in alive] == []
    deadline = time.monotonic() + 5
    while left := list(path.iterdir()):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)  # polling a directory that another process empties
    path.rmdir()


def _users_of(place: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.environ().get("TMPDIR", "")]
        except psutil.Error:
            continue
        if any(str(place) in word for word in words):
            found.append(process)
    return found
