"""`bench --again RUN`: what it repeats, and what it refuses."""

from __future__ import annotations

import json

import pytest

from harness.tests.bench import bench, chat, one_line


def test_the_same_load_once_more(tmp_path):
    chat(tmp_path / "first", "--users", 8, "--rate", 40, "--duration", 2, "--seed", 5)
    done = bench("--again", tmp_path / "first", "--out", tmp_path / "second", "--json")
    assert done.returncode == 0, done.stderr
    first, second = (
        json.loads((tmp_path / name / "manifest.json").read_text()) for name in ("first", "second")
    )
    for key in ("scenario", "parameters", "config_digest"):
        assert first[key] == second[key]
    assert first["parameters"]["seed"] == 5


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--again", "nowhere"], "nowhere"),
        (["chat", "--again", "nowhere"], "--again"),
        (["--again", "nowhere", "--users", 3], "--users"),
        ([], "--again"),
    ],
)
def test_what_is_refused(tmp_path, arguments, names):
    assert names in one_line(bench(*arguments, cwd=tmp_path))
