"""Our own generator, measured through the record of an ordinary `bench` run."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.record.model import GeneratorSample
from harness.record.reader import Run


@dataclass(frozen=True)
class Job:
    """One run of `bench chat`."""

    users: int
    rate: float  # messages per second
    seconds: float
    client: str = "light"
    tls: str = "off"
    sasl: str = ""
    login_rate: float = 200


@dataclass(frozen=True)
class Cost:
    """Of the generator: CPU of a delivered message (us) and of a login (ms), memory (KB)."""

    message_us: float
    login_ms: float
    session_kb: float


def run(job: Job, profile: Path, directory: Path) -> Cost:
    """Run it to its end. Raises HarnessError when it did not run as asked."""
    command = [sys.executable, "-m", "harness", "bench", "chat"]
    options = {
        "--target": "external",
        "--profile": profile,
        "--out": directory,
        "--users": job.users,
        "--rate": job.rate,
        "--duration": job.seconds,
        "--client": job.client,
        "--tls": job.tls,
        "--login-rate": job.login_rate,
        "--sasl": job.sasl,
    }
    command += [str(part) for pair in options.items() if pair[1] != "" for part in pair]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise HarnessError(f"a run failed: {done.stderr.strip().splitlines()[-1]}")
    return _cost(Run(directory), job.users)


def _cost(run: Run, users: int) -> Cost:
    assert run.outcome is not None
    start = run.outcome.load_start_t or 0.0
    samples = run.generator
    # The load's first and last second hold the start and the drain.
    loaded = [s for s in samples if start + 1 < s.t < start + (run.outcome.load_s or 0.0)]
    before = _last(samples, start)
    first, last = loaded[0], loaded[-1]
    delivered = last.messages.delivered - first.messages.delivered
    return Cost(
        message_us=(last.cpu_s - first.cpu_s) / delivered * 1e6 if delivered else float("nan"),
        login_ms=before.cpu_s / users * 1e3,
        session_kb=(before.rss_mb - samples[0].rss_mb) / users * 1024,
    )


def _last(samples: list[GeneratorSample], t: float) -> GeneratorSample:
    """The last sample before the load began: everybody is in, nobody has done anything."""
    return [sample for sample in samples if sample.t <= t + 0.5][-1]
