"""The text fits one screen, whatever the record holds."""

from __future__ import annotations

import json

import pytest

from harness.errors import HarnessError
from harness.record.model import Messages, Users, Window
from harness.record.reader import Run
from harness.record.writer import RunWriter
from reports import FORMATS, render
from reports.tests import runs
from reports.tests.test_summary import sample


def assert_one_screen(text):
    *lines, path = text.split("\n")
    assert len(lines) + 1 <= 40
    assert max(map(len, lines)) <= 80
    assert path.startswith("Run ")
    assert all(character.isprintable() for line in lines for character in line)


def test_fits_one_screen(directory):
    text = render(directory, "text")
    assert_one_screen(text)
    assert str(directory) in text


def test_names_what_decides_the_figures(directories):
    text = render(directories["busy"], "text")
    for fact in ("ejabberd 23.01", "STARTTLS, TLSv1.3", "SCRAM-SHA-1", "Mnesia", "archive: off"):
        assert fact in text
    for figure in ("wanted 792", "p99.9", "planned", "actual", "not-authorized 2", "lost 3"):
        assert figure in text
    assert "percentiles are of clean seconds" in text


def test_says_how_far_clocks_are_apart(directories):
    assert "; clocks within 3.36 ms" in render(directories["busy"], "text")
    assert "clocks" not in render(directories["usual"], "text")


def test_the_reference_server_is_no_benchmark(directories):
    assert "not a benchmark of a server" in render(directories["embedded"], "text")
    assert "not a benchmark of a server" not in render(directories["usual"], "text")


def test_the_worst_record_still_fits(tmp_path):
    long = "\x1b[2J\n" + "very long words that say little " * 30
    target = runs.target(
        **dict.fromkeys(("server", "version", "tls_version", "tls_cipher"), long),
        **dict.fromkeys(("sasl_mechanism", "password_store", "archive"), long * 2),
        differences=[long] * 9,
    )
    writer = RunWriter(tmp_path, runs.manifest(target))
    errors = {f"{long}{n}": 10**9 for n in range(50)}
    writer.windows([Window(t=0, op="login", count=1, started=1, errors=errors)])
    windows = (tmp_path / "windows.jsonl").open("ab")
    windows.write((runs.write(tmp_path / "usual") / "windows.jsonl").read_bytes())
    windows.close()
    users = Users(wanted=10**8, connected=10**9, bound=10**10, present=10**11)
    worker = sample(0, 1.0, users, Messages(sent=10**12), cpu_s=9.9e9, rss_mb=9.9e9)
    worker.lag_ms = 9e5
    writer.samples([worker])
    text = render(tmp_path, "text")
    assert_one_screen(text)
    assert text.count("Not so:") == 4


def test_json_is_exactly_one_object(directory):
    summary = json.loads(render(directory, "json"))
    assert summary["run"] == str(directory)


def test_unknown_format(directories):
    with pytest.raises(HarnessError, match="text, json, html"):
        render(directories["usual"], "pdf")


@pytest.mark.parametrize("format", FORMATS)
def test_not_a_run(tmp_path, format):  # noqa: A002
    with pytest.raises(HarnessError, match="not a run directory"):
        render(tmp_path, format)


def test_reading_leaves_the_directory_as_it_was(directory):
    before = sorted(path.name for path in directory.iterdir())
    for name in FORMATS:
        render(directory, name)
    assert sorted(path.name for path in directory.iterdir()) == before
    assert Run(directory).directory == directory


def test_the_floor_stands_below_the_latencies(directories):
    text = render(directories["busy"], "text")
    (line,) = [line for line in text.splitlines() if line.startswith("  floor")]
    assert line.split() == ["floor", "0.410", "1.57", "3.02"]
    assert "floor" not in render(directories["usual"], "text")
