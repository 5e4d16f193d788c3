"""The generator's floor: the same load on the embedded target, for a few seconds.

What a report shows beside a server's latencies is what the generator, the machine and a server
that does next to nothing need for the same. It is measured once for each load and machine, and
kept.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

import harness
from harness.errors import HarnessError
from harness.record.model import Floor

if TYPE_CHECKING:
    from harness.bench import Job

TARGET = "embedded"
SECONDS = 8.0
KEPT = Path("out") / ".floors"
_NOT_OF_THE_LOAD = (
    *("target", "profile", "installation", "via", "ui", "out", "allowed", "floor"),
    *("limits", "abort_on"),
)


def measure(job: Job, run: Callable[[Job], tuple[Path, int]], kept: Path = KEPT) -> Floor:
    """The floor of this load: from an earlier measurement of the same, or measured now with
    `run` (`harness.bench.run`). Raises HarnessError when it cannot be measured."""
    path = kept / f"{_digest(job)}.json"
    if path.is_file():
        try:
            return msgspec.json.decode(path.read_bytes(), type=Floor)
        except msgspec.MsgspecError:
            path.unlink()
    floor = _measure(job, run)
    kept.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(floor))
    return floor


def _measure(job: Job, run: Callable[[Job], tuple[Path, int]]) -> Floor:
    import reports  # late: the library does not depend on its reports

    folder = Path(tempfile.mkdtemp(prefix="xh-floor-"))
    try:
        seconds = min(job.duration, SECONDS)
        directory, code = run(
            replace(
                job,
                target=TARGET,
                profile=None,
                installation=[],
                via=None,
                ui=False,
                floor=False,
                limits=None,
                abort_on=[],
                duration=seconds,
                out=folder / "r",
            )
        )
        if code:
            raise HarnessError(f"the floor could not be measured: exit code {code}")
        found = json.loads(reports.render(directory, "json"))
    finally:
        shutil.rmtree(folder)
    planned = found["latency_ms"]["planned"]
    return Floor(
        p50_ms=planned["p50"],
        p99_ms=planned["p99"],
        p999_ms=planned["p999"],
        count=planned["count"],
        clean=found["clean"],
        seconds=seconds,
    )


def _digest(job: Job) -> str:
    """Equal for loads that have one floor: on the same machine, with the same program."""
    about = asdict(job)
    for name in _NOT_OF_THE_LOAD:
        about.pop(name)
    about["duration"] = min(job.duration, SECONDS)
    about |= {"machine": platform.node(), "harness": harness.__version__}
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
