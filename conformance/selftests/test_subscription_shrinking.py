"""A fault of the embedded server in subscriptions is found by chance, made small, and replayed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance import command
from harness.record.conformance import ConformanceRun
from harness.targets.base import TargetOptions
from harness.targets.embedded import Embedded

SEED = 5
LOOKS = {
    "sub-unsubscribe-one-sided": "states",
    "sub-push-twice": "pushes",
}
"""By defect, the sequences that notice it (see `test_03_subscriptions`). Shrinking has a budget of
seconds, so these are faults for which a small part of it is enough."""

_SAID = re.compile(r"<presence[^>]*?(?:/>|>.*?</presence>)|<iq type='set'.*?</iq>", re.DOTALL)


@pytest.mark.parametrize("defect", LOOKS)
def test_a_fault_shrinks_and_is_replayed(tmp_path: Path, defect: str) -> None:
    case, replay = found(tmp_path / "run", defect)
    assert len(sequence(case)) <= 6, sequence(case)
    again = replayed(replay, defect)
    assert again.returncode == 1, again.stdout + again.stderr
    assert f"now:      {case['reaction']}\n" in again.stdout
    sound = replayed(replay)
    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert f"now:      {case['reaction']}\n" not in sound.stdout


def found(out: Path, defect: str) -> tuple[dict[str, Any], Path]:
    """What the replay file holds of the finding of random sequences, and the file."""
    job = command.Job(
        targets=["embedded"], effort="ci", jobs=0, out=out, seed=SEED, defects=[defect]
    )
    out.mkdir()
    done = subprocess.run(
        [*command.arguments(job, "embedded", out), f"-ktest_any_sequence_of_two[{LOOKS[defect]}]"],
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert (out / "outcome.json").is_file(), done.stdout[-2000:]
    (result,) = ConformanceRun(out).cases
    assert result.verdict == "FAIL", result
    replay = out / str(result.evidence) / "replay.py"
    held = re.search(r"\nCASE = r'''(.*?)'''\n", replay.read_text(), re.DOTALL)
    assert held
    return json.loads(held[1]), replay


def sequence(case: dict[str, Any]) -> list[str]:
    """What is said up to what is judged, once everybody has logged in for the first time. Roster
    gets and pings, by which the suite looks and waits, do not count."""
    said: list[str] = []
    for step in case["steps"]:
        if step["do"] == "recall":
            break
        said += _SAID.findall(step.get("data", "")) if step["do"] == "send" else []
    first = next(number for number, text in enumerate(said) if " to=" in text)
    return [text for text in said[first:] if "urn:ietf:params:xml:ns:xmpp-bind" not in text]


def replayed(replay: Path, *defects: str) -> subprocess.CompletedProcess[str]:
    """The file alone, with no package but Python's own, against a new server."""
    target = Embedded(TargetOptions(tls="starttls", defects=list(defects)))
    target.start(20.0)
    try:
        endpoint = target.endpoint()
        accounts = [f"--account={a.user}:{a.password}" for a in target.provision(2)]
        place = [f"--host={endpoint.host}", f"--port={endpoint.port}"]
        return subprocess.run(
            [
                *(sys.executable, "-I", "-S", str(replay), *place, f"--ca={endpoint.ca}"),
                *(f"--domain={endpoint.domain}", *accounts),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=replay.parent,
        )
    finally:
        target.stop()
