"""Synthetic capacity searches: what is planted is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from harness.record import capacity as record
from harness.record.capacity import (
    Capacity,
    Check,
    Factor,
    Line,
    Measured,
    Result,
    Step,
    TargetRecord,
)
from reports.tests import runs

CPU = Factor(
    cause="server-cpu",
    text="delivery.p99 is 143 ms (objective < 100 ms); the server used up all 4 cores (391 % of a "
    "core)",
)
GENERATOR = Factor(
    cause="generator",
    text="the generator was the limit: 12.5 % of the load's seconds are clean of the generator's "
    "own limits (loop lag 14): too few, so the latencies are not the server's",
)
# Load and verdict of each step, in the order of the search.
USUAL = "100+ 200+ 400+ 800+ 1600- 1130+ 1340- 1230+ 1280+ 1340- 1280- 1280+"
FOUND = Result(
    verdict="found", load=1280, beyond=1340, factor=CPU, reason=f"at 1,340 messages/s {CPU.text}"
)
AT_LEAST = Result(
    verdict="at least",
    load=400,
    beyond=420,
    factor=GENERATOR,
    reason=f"at 420 messages/s {GENERATOR.text}",
)
NOT_MET = Result(
    verdict="not met",
    load=None,
    beyond=100,
    factor=CPU,
    reason=f"not even 100 messages/s, the lowest load (--from): {CPU.text}",
)
STOPPED = Result(
    verdict="incomplete", load=200, beyond=None, factor=None, reason="stopped by the user"
)


def search(
    steps: str = USUAL,
    result: Result | None = FOUND,
    of: TargetRecord | None = None,
    **changes: Any,
) -> Capacity:
    """A search of these steps: + met, - breached, ? blind, ~ too short, ! interrupted."""
    manifest = runs.manifest(of)
    found = Capacity(
        started=manifest.started,
        command=["xmpp-harness", "capacity", "chat", "--target", "ejabberd", "--rate"],
        scenario="chat",
        find="rate",
        parameters={"client": "light", "users": 200, "seed": 0, "sasl": ""},
        objective=[
            Line(metric="delivery.p99", limit="< 100 ms"),
            Line(metric="lost", limit="== 0"),
            Line(metric="users.present", limit="== 100 %", implied=True),
        ],
        tolerance=0.05,
        repeats=3,
        lowest=100,
        highest=None,
        target=manifest.target,
        machine=manifest.machine,
        steps=[_step(number, word) for number, word in enumerate(steps.split(), start=1)],
        result=result,
    )
    return msgspec.structs.replace(found, **changes)


def write(directory: Path, capacity: Capacity) -> Path:
    """The directory of a search, without its runs."""
    directory.mkdir(parents=True)
    record.write(directory, capacity)
    return directory


def _step(number: int, word: str) -> Step:
    load, sign = float(word[:-1]), word[-1]
    verdict = {"+": "met", "-": "breached", "?": "blind", "~": "short", "!": "interrupted"}[sign]
    bad = verdict == "breached"
    p99 = 143.0 + number if bad else load**1.5 / 600
    measured = Measured(
        verdict=verdict,
        checks=[
            Check(metric="delivery.p99", limit="< 100 ms", measured=f"{p99:.3g} ms", ok=not bad),
            Check(metric="lost", limit="== 0", measured="0", ok=True),
            Check(metric="users.present", limit="== 100 %", measured="100 %", ok=True),
        ],
        factor={"breached": CPU, "blind": GENERATOR}.get(verdict),
        p50_ms=p99 / 8,
        p99_ms=p99,
        sent=int(15 * load),
        lost=3 if bad else 0,
        throughput=load,
        deliveries=int(15 * load),
        server_cpu=min(391.0, load / 3.4),
        generator_cpu=load / 20,
        server_rss_mb=120.0,
        clean=0.125 if verdict == "blind" else 1.0,
    )
    place = f"steps/{number:02d}-{load:g}"
    return Step(number=number, load=load, seconds=15, directory=place, measured=measured)
