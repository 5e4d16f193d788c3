"""The pages beside their subjects: each command in them does its work on the embedded target."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PAGES = ("reports/READING.md", "ci/README.md")


def commands(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_commands(page, tmp_path):
    scripts = commands(page)
    assert scripts
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(scripts)],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_files_named_in_the_table_are_there():
    text = (ROOT / "ci/README.md").read_text(encoding="utf-8")
    table = text.split("| file | for |")[1].split("\n\n")[0]
    names = re.findall(r"`([\w./]+)`", table)
    assert len(names) == 8
    assert all((ROOT / "ci" / name).is_file() for name in names)
