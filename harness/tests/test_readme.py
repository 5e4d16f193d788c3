"""The commands of the README, each with small numbers and on the embedded target; what they do with
real servers, and those that wait for a person, have tests of their own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from harness import targets
from harness.targets.base import TargetOptions

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
LATER = ("--ui", "--replay")  # until Ctrl-C; with a finding
SMALL = {"--users": "10", "--duration": "2", "--rate": "20", "--repeat": "2"}
MORE = {
    "bench": ["--no-floor"],
    "capacity": ["--users=10", "--from=20", "--to=40", "--seconds=1", "--repeats=1"],
    "conformance": ["--select=stream-attribute-response-id", "--effort=dev"],
    "gate": [
        *("--select=stream-attribute-response-id", "--effort=dev", "--tolerance=95"),
        *("--users=10", "--rate=100", "--duration=12"),
    ],
}
WRITES = ("bench", "capacity", "conformance", "gate")


def commands():
    """The words of each command of ours, as the README has them."""
    lines = re.findall(r"^    (?:\w+=\S+ )*(?:\.venv/bin/)?xmpp-harness (.+)$", _text(), re.M)
    words = [re.sub(r"\[[^\]]*\]|#.*", "", line).strip() for line in lines]
    return [line for line in words if not any(flag in line for flag in LATER)]


def _text():
    return (ROOT / "README.md").read_text(encoding="utf-8")


def small(line, place):
    """The same command with small numbers, a target that is always there, and a new directory."""
    words = shlex.split(line)
    for index, word in enumerate(words[:-1]):
        if word in SMALL:
            words[index + 1] = SMALL[word]
        if word == "--target" and words[index + 1] != "external":
            words[index + 1] = "embedded"
    runs = {"RUN": "run", "RUN_A": "run", "RUN_B": "run", "DIR": "run", "SCENARIO": "chat"}
    words = [runs.get(word, word) for word in words]
    words += MORE.get(words[0], [])
    return words + (["--out", str(place)] if words[0] in WRITES else [])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Where a reader might stand: limits, a profile of a server that runs, and a run."""
    place = tmp_path_factory.mktemp("reader")
    (place / "ci").mkdir()
    for name in ("limits", "objective"):  # those that are shipped are no matter of a busy machine
        (place / f"ci/{name}.toml").write_text('[limits]\n"delivery.p99" = "< 9 s"\n')
    target = targets.load("embedded")(TargetOptions(tls="starttls"))
    target.start()
    try:
        endpoint = target.endpoint()
        (place / "my.toml").write_text(
            f'host = "{endpoint.host}"\nport = {endpoint.port}\ndomain = "{endpoint.domain}"\n'
            f'tls = "starttls"\nca = "{endpoint.ca}"\naccounts = "register"\n'
        )
        execute(["gate", "--no-conformance", *MORE["gate"], "--out", "before"], place)
        (place / "before/load").rename(place / "run")
        yield place
    finally:
        target.stop()


def execute(words, place):
    done = subprocess.run(
        [BIN / "xmpp-harness", *words],
        cwd=place,
        env=os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_they_are_found():
    assert {line.split()[0] for line in commands()} == {
        *("targets", "bench", "conformance", "compare", "capacity", "gate")
    }


@pytest.mark.parametrize("line", commands())
def test_command(line, place, tmp_path):
    execute(small(line, tmp_path / "out"), place)


def test_the_scenario_that_it_shows(place, tmp_path):
    block = re.search(r"^    from locust import .*?(?=^\S)", _text(), re.M | re.S)
    assert block
    (tmp_path / "greet.py").write_text(re.sub(r"^    ", "", block[0], flags=re.M))
    words = f"bench {tmp_path / 'greet.py'} --users 5 --duration 3 --no-floor --out {tmp_path}/out"
    execute(words.split(), place)
