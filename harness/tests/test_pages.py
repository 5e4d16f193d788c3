"""The pages beside their subjects: each command in them does its work on the embedded target."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness import targets
from harness.targets.base import TargetOptions

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PAGES = (
    "reports/READING.md",
    "ci/README.md",
    "scenarios/README.md",
    "conformance/README.md",
)


def commands(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    scripts = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert scripts
    return "\n".join(scripts)


def execute(script, place):
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=place,
        env=os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES)
def test_commands(page, tmp_path):
    execute(commands(page), tmp_path)


def test_commands_for_a_server_that_runs_already(tmp_path):
    """Somebody's server is an embedded one here, on a port of its own."""
    target = targets.load("embedded")(TargetOptions(tls="starttls"))
    target.start()
    try:
        endpoint = target.endpoint()
        assert endpoint.domain == "bench.test"
        shutil.copy(endpoint.ca, tmp_path / "ca.pem")
        script = commands("harness/targets/README.md")
        assert "port = 5222" in script
        execute(script.replace("port = 5222", f"port = {endpoint.port}"), tmp_path)
    finally:
        target.stop()


def test_every_page_with_commands_is_looked_at():
    pages = {
        path.relative_to(ROOT).as_posix()
        for folder in ("harness", "scenarios", "conformance", "reports", "ci")
        for path in (ROOT / folder).rglob("*.md")
    }
    assert pages == {*PAGES, "harness/targets/README.md"}


def test_files_named_in_the_table_are_there():
    text = (ROOT / "ci/README.md").read_text(encoding="utf-8")
    table = text.split("| file | for |")[1].split("\n\n")[0]
    names = re.findall(r"`([\w./]+)`", table)
    assert len(names) == 8
    assert all((ROOT / "ci" / name).is_file() for name in names)
