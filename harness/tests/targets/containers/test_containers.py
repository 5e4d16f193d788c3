"""Servers from images: the generated files by the schema, the life cycle against a fake docker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from harness import targets
from harness.errors import HarnessError
from harness.targets import certificates, containers, verifier
from harness.targets.base import TargetOptions
from harness.targets.containers import configuration, engine, provisioning
from harness.targets.containers.images import IMAGES, PORTS, mounts
from harness.targets.local import RosterChange

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
PROSODY = pytest.mark.server("prosody")


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """A room for the fake command, which stands first in PATH."""
    room = tmp_path / "docker-room"
    room.mkdir()
    command = room / "docker"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} {HERE}/fake_docker.py "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("FAKE_DOCKER", str(room))
    monkeypatch.setenv("PATH", f"{room}:{os.environ['PATH']}")
    return room


def calls(room):
    return [json.loads(line) for line in (room / "calls").read_text().splitlines()]


def gone(room):
    return not (room / "pid").exists() and "down" in calls(room)[-1]


def valid(file):
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", file]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("name", IMAGES)
def test_the_file_is_one(name, tmp_path):
    file = tmp_path / "compose.yaml"
    file.write_text(containers.compose_file(name))
    done = valid(file)
    assert done.returncode == 0, done.stdout
    read = YAML(typ="safe").load(file.read_text())
    assert read == json.loads(containers.compose_file(name, as_json=True))
    service = read["services"][name]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["healthcheck"]["test"]
    assert ":" in service["image"].rpartition("/")[2]  # a version
    assert not service["image"].endswith(":latest")
    assert all(v["read_only"] for v in service["volumes"] if v["type"] == "bind")
    file.write_text(file.read_text().replace("healthcheck:", "healthchek:"))
    assert valid(file).returncode == 1


@pytest.mark.parametrize("name", IMAGES)
def test_what_is_mounted_is_there(name, tmp_path):
    files = certificates.issue(tmp_path, "bench.test")
    share = tmp_path / "share"
    image = containers.image(name)
    configuration.write(image, share, files, archive=True, iterations=4096, password="a-password")
    assert all(source.exists() for source, _ in mounts(image, share))
    assert all(path.stat().st_mode & 0o004 for path in share.rglob("*"))
    texts = [p.read_text() for p in share.iterdir() if p.suffix in (".yml", ".lua", ".tdsl")]
    texts += [p.read_text() for p in share.glob("*.xml")]
    assert all("0.0.0.0" in text and "$" not in text for text in texts)
    for port in ("c2s", "tls"):
        assert all(str(PORTS[port]) in text for text in texts)


def test_ejabberd_restores_a_backup_that_the_container_can_read(tmp_path):
    seen = []

    class Project:
        def execute(self, *words, user=None):
            backup = tmp_path / "accounts.backup"
            seen.append((words, backup.stat().st_mode & 0o777 if backup.exists() else 0))

    changes = [RosterChange(0, frozenset({2}), frozenset({1}))]
    known = verifier.scram_sha1("a-password", verifier.new_salt())
    image = containers.image("ejabberd")
    provisioning.write(image, Project(), tmp_path, ["u0", "u1"], known, changes)
    restore = (("ejabberdctl", "restore", "/harness/accounts.backup"), 0o644)
    delete = ("ejabberdctl", "delete_rosteritem", "u0", "bench.test", "u2", "bench.test")
    assert seen == [restore, (delete, 0), restore]
    assert not (tmp_path / "accounts.backup").exists()


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("no-compose", "no compose plugin.*install"),
        ("no-daemon", "daemon does not answer .Cannot connect.*start it"),
        (
            "no-pull",
            "prosody/prosody:0.12 cannot be pulled: .*manifest unknown.*XMPP_IMAGE_PROSODY",
        ),
        ("port", "port 5222 was taken by another process"),
        pytest.param(
            "exits", "during its start, the container of prosody ended .*log", marks=PROSODY
        ),
    ],
)
def test_what_can_go_wrong(mode, said, docker, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (docker / "mode").write_text(mode)
    target = targets.load("prosody", "docker")(TargetOptions())
    with pytest.raises(HarnessError, match=said) as caught:
        target.start(20.0)
    assert "\n" not in str(caught.value)
    assert not (docker / "pid").exists()
    if mode in ("port", "exits"):
        assert gone(docker)


def test_no_engine(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not engine.usability().usable
    with pytest.raises(HarnessError, match=r"no container engine found.*embedded"):
        targets.load("ejabberd", "docker")(TargetOptions()).start()


def test_targets_without_an_image():
    with pytest.raises(HarnessError, match="embedded has no container image"):
        targets.load("embedded", "docker")
    with pytest.raises(HarnessError, match="mongooseim runs from its image only: add --via docker"):
        targets.load("mongooseim")
    with pytest.raises(HarnessError, match="unknown target"):
        targets.load("nobody", "docker")


def bench(room, tmp_path, *more):
    command = [BIN / "python", "-c", "from harness.cli import main; main()", "bench", "chat"]
    command += ["--target", "prosody", "--via", "docker", "--users", "10", "--rate", "20"]
    command += ["--no-floor", "--out", "run", *more]
    environment = os.environ | {"PYTHONPATH": str(Path(targets.__file__).parents[2])}
    return subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@PROSODY
def test_a_whole_bench(docker, tmp_path):
    run = bench(docker, tmp_path, "--duration", "3")
    said, _ = run.communicate(timeout=170)
    assert run.returncode == 0, said
    manifest = json.loads((tmp_path / "run/manifest.json").read_text())
    assert "via docker, image prosody/prosody:0.12" in manifest["target"]["differences"]
    assert manifest["again"]["via"] == "docker"
    assert not [d for d in manifest["target"]["differences"] if "in-band" in d]
    assert gone(docker)


@PROSODY
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left(number, docker, tmp_path):
    run = bench(docker, tmp_path, "--duration", "60")
    deadline = time.monotonic() + 90
    while not (tmp_path / "run/manifest.json").exists() and time.monotonic() < deadline:
        assert run.poll() is None
        time.sleep(0.1)
    run.send_signal(number)
    run.communicate(timeout=90)
    while not gone(docker) and time.monotonic() < deadline + 60:
        time.sleep(0.1)
    assert gone(docker)
