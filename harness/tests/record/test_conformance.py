"""The run directory of a conformance run, whole, cut short, damaged and hostile."""

from __future__ import annotations

import msgspec
import pytest

from harness.errors import HarnessError
from harness.record.conformance import ConformanceRun, ConformanceWriter, is_conformance
from harness.record.reader import Run
from harness.record.verdicts import (
    CaseResult,
    ConformanceManifest,
    ConformanceOutcome,
    RequirementResult,
)
from harness.tests.record.test_record import a_run

MANIFEST = ConformanceManifest(
    run_id="r",
    started="2026-01-01T00:00:00Z",
    command=["xmpp-harness"],
    target="embedded",
    domain="bench.test",
    transport="starttls",
    effort="ci",
    seed=7,
    versions={"harness": "0.1.0"},
)
PASSED = CaseResult(case="rfc6120/test_x.py::test_a", requirements=["a"], verdict="PASS")
FAILED = CaseResult(
    case="rfc6120/test_x.py::test_b",
    requirements=["a", "b"],
    verdict="FAIL",
    close="ABRUPT",
    evidence="evidence/test_b",
)
REQUIREMENT = RequirementResult(
    id="a", document="RFC 6120", section="4.7", level="MUST", summary="s", verdict="FAIL", cases=2
)
OUTCOME = ConformanceOutcome(
    ended="2026-01-01T00:01:00Z",
    seconds=60.0,
    verdict="unexpected",
    reason="1 unexpected",
    counts={"FAIL": 1},
    unexpected=["a"],
)


def written(directory, finished=True):
    writer = ConformanceWriter(directory, MANIFEST)
    writer.case(PASSED)
    writer.case(FAILED)
    if finished:
        writer.finish([REQUIREMENT], OUTCOME)
    return writer


def test_what_is_written_is_read(tmp_path):
    written(tmp_path / "r")
    run = ConformanceRun(tmp_path / "r")
    assert run.manifest == MANIFEST
    assert run.cases == [PASSED, FAILED]
    assert run.requirements == [REQUIREMENT]
    assert run.outcome == OUTCOME


def test_a_case_is_in_the_file_as_soon_as_it_has_ended(tmp_path):
    writer = ConformanceWriter(tmp_path, MANIFEST)
    for number in range(3):
        writer.case(PASSED)
        lines = (tmp_path / "cases.jsonl").read_bytes().splitlines()
        assert len(lines) == number + 1
        assert msgspec.json.decode(lines[-1], type=CaseResult) == PASSED


def test_a_run_cut_short_is_readable_up_to_its_last_whole_line(tmp_path):
    written(tmp_path, finished=False)
    with (tmp_path / "cases.jsonl").open("ab") as file:
        file.write(b'{"case":"rfc6120/test_x.py::te')
    run = ConformanceRun(tmp_path)
    assert run.cases == [PASSED, FAILED]
    assert run.requirements == []
    assert run.outcome is None


@pytest.mark.parametrize("name", ["cases.jsonl", "requirements.jsonl"])
@pytest.mark.parametrize("line", [b"{}\n", b'{"case":"rfc61\n', b'{"id":"\xff"}\n', b"\n"])
def test_a_damaged_line_within_is_named(tmp_path, name, line):
    written(tmp_path)
    file = tmp_path / name
    good = file.read_bytes()
    file.write_bytes(good + line + good)
    where = good.count(b"\n") + 1
    with pytest.raises(HarnessError, match=rf"{name}, line {where}, is damaged") as caught:
        ConformanceRun(tmp_path)
    assert "\n" not in str(caught.value)


def test_the_manifest_tells_the_kinds_apart(tmp_path):
    written(tmp_path / "conformance")
    a_run(tmp_path / "load")
    assert is_conformance(tmp_path / "conformance")
    assert not is_conformance(tmp_path / "load")
    with pytest.raises(HarnessError, match="holds a load run"):
        ConformanceRun(tmp_path / "load")
    with pytest.raises(HarnessError, match="holds a conformance run"):
        Run(tmp_path / "conformance")


@pytest.mark.parametrize("content", [None, b"{", b"\xff", b'{"kind": "conformance", "format": 1}'])
def test_what_is_no_record_is_one_clear_line(tmp_path, content):
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(HarnessError) as caught:
        ConformanceRun(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)
    if content is None:
        with pytest.raises(HarnessError, match="not a run directory"):
            is_conformance(tmp_path)


def test_a_record_of_another_version_says_so(tmp_path):
    manifest = msgspec.structs.replace(MANIFEST, format=99)
    (tmp_path / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    with pytest.raises(HarnessError, match="record format 99, this version reads 1"):
        ConformanceRun(tmp_path)


def test_a_directory_is_used_once(tmp_path):
    written(tmp_path)
    with pytest.raises(HarnessError, match="--out"):
        ConformanceWriter(tmp_path, MANIFEST)


def test_a_directory_that_cannot_be_written_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessError, match="cannot write the run directory"):
        ConformanceWriter(tmp_path / "file" / "run", MANIFEST)


def test_evidence_is_what_is_there(tmp_path):
    written(tmp_path)
    run = ConformanceRun(tmp_path)
    assert run.evidence(PASSED) is None
    nothing = run.evidence(FAILED)
    assert nothing is not None
    assert (nothing.transcript, nothing.replay) == (None, None)
    folder = tmp_path / "evidence" / "test_b"
    folder.mkdir(parents=True)
    (folder / "transcript.txt").write_text("0 1 > x")
    (folder / "replay.py").write_text("")
    found = run.evidence(FAILED)
    assert found is not None
    assert (found.transcript, found.replay) == (folder / "transcript.txt", folder / "replay.py")


@pytest.mark.parametrize("how", ["..", "absolute", "link"])
def test_evidence_never_leads_out_of_the_run(tmp_path, how):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "transcript.txt").write_text("secret")
    written(tmp_path / "run")
    run = ConformanceRun(tmp_path / "run")
    paths = {"..": "../outside", "absolute": str(outside), "link": "evidence"}
    if how == "link":
        (tmp_path / "run" / "evidence").symlink_to(outside)
    case = msgspec.structs.replace(FAILED, evidence=paths[how])
    with pytest.raises(HarnessError, match="out of the run directory"):
        run.evidence(case)
