"""Files of known deviations."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.suite import deviations
from harness import targets
from harness.errors import HarnessError

ENTRY = """
[[deviation]]
requirement = "stream-id"
verdict = "FAIL"
observed = ["no id"]
reason = "because"
"""


def write(path: Path, text: str) -> Path:
    file = path / "deviations.toml"
    file.write_text(text)
    return file


def test_no_file_means_no_deviations(tmp_path: Path) -> None:
    assert deviations.load(tmp_path / "none.toml", "1.0") == []


def test_entries_are_read(tmp_path: Path) -> None:
    (known,) = deviations.load(write(tmp_path, ENTRY), "1.0")
    assert (known.requirement, known.observed, known.reason) == ("stream-id", ["no id"], "because")


@pytest.mark.parametrize(
    ("version", "holds"),
    [("23.01", True), ("23.01-1+deb12u2", True), ("24.2", False), (None, True), ("odd", True)],
)
def test_a_range_of_versions(tmp_path: Path, version: str | None, holds: bool) -> None:
    file = write(tmp_path, ENTRY + 'versions = ">=23,<24"\n')
    assert bool(deviations.load(file, version)) is holds


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[[deviation]]\nrequirement = 'x'\n", "verdict"),
        (ENTRY + "since = 3\n", "since"),
        (ENTRY + "versions = 'new'\n", "versions"),
        ("[[deviation", "deviations.toml"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(HarnessError, match=named):
        deviations.load(write(tmp_path, text), "1.0")


@pytest.mark.parametrize("target", targets.names())
def test_those_that_we_keep_are_sound_and_have_reasons(target: str) -> None:
    from conformance import catalogue

    known = catalogue.load()
    for deviation in deviations.load(deviations.path_for(target), None):
        assert deviation.requirement in known
        assert deviation.verdict != "PASS"
        assert deviation.reason != deviations.TO_BE_EXPLAINED
        assert len(deviation.reason) > 20
