"""What is shown of a run while it goes on. Times are seconds or whole microseconds, as named."""

from __future__ import annotations

from typing import Literal

import msgspec

from harness.record.model import Messages, Users

State = Literal["ready", "logging in", "load", "draining", "finished"]


class Percentiles(msgspec.Struct, kw_only=True):
    """Latencies in microseconds; None without any."""

    count: int = 0
    p50_us: int | None = None
    p99_us: int | None = None
    p999_us: int | None = None
    max_us: int | None = None


class Stanzas(msgspec.Struct, kw_only=True):
    """Measured stanzas of one kind, all users together."""

    kind: str  # "chat", "groupchat", "presence", "iq"
    out: int = 0  # since the run began
    into: int = 0
    out_per_s: int = 0  # during the last second that is complete
    into_per_s: int = 0


class Operation(msgspec.Struct, kw_only=True):
    """One operation since the run began; `latency` counts from the planned moment where the
    operation has one (`planned`), otherwise from the actual one."""

    op: str
    started: int = 0
    errors: int = 0
    planned: bool = False
    latency: Percentiles


class Failure(msgspec.Struct, kw_only=True):
    """Errors of one kind; `sample` is the text of the first one."""

    op: str
    condition: str  # the RFC's, or a slug of ours (see `harness.errors.PeerError`)
    count: int
    sample: str = ""


class Server(msgspec.Struct, kw_only=True):
    """The server's processes; `cpu_percent` of one core, over the last second."""

    cpu_percent: float
    cpu_s: float
    rss_bytes: int
    threads: int
    fds: int | None = None


class Worker(msgspec.Struct, kw_only=True):
    """The health of one process of the generator during its last second."""

    worker: int
    cpu_percent: float  # of one core
    cpu_s: float
    rss_bytes: int
    lag_us: int
    behind_us: int
    backlog_bytes: int
    saturated: list[str] = []  # the limits that it reached
    seconds: int = 0  # since the run began
    saturated_seconds: int = 0


class Second(msgspec.Struct, kw_only=True):
    """One point of every line over time."""

    t: int
    wanted: int
    online: int
    out: int
    into: int
    p50_us: int | None = None
    p99_us: int | None = None
    p999_us: int | None = None
    server_cpu: float | None = None
    server_rss: int | None = None
    generator_cpu: float = 0.0  # of the busiest worker
    saturated: bool = False  # some worker was


class Latency(msgspec.Struct, kw_only=True):
    """Of the main operation, from the planned moment of sending."""

    op: str = "message"
    recent: Percentiles  # of the last `recent_s` seconds, whatever the generator's health
    recent_s: int
    whole: Percentiles  # of the run's clean seconds


class Recorded(msgspec.Struct, kw_only=True):
    """A run that is over."""

    number: int
    directory: str
    verdict: str
    reason: str


class Snapshot(msgspec.Struct, kw_only=True):
    """Everything at one moment."""

    number: int = 0  # of the run, from 1; 0 before the first
    state: State = "ready"
    scenario: str = ""
    target: str = ""
    load_s: float | None = None  # None before the load begins
    duration_s: float | None = None  # None: until stopped
    asked: int = 0  # users that were asked for
    settled: int = 0  # logins that have ended, well or not
    users: Users
    stanzas: list[Stanzas] = []
    latency: Latency
    ledger: Messages
    pending: int = 0  # messages of which nothing has been heard
    operations: list[Operation] = []
    failures: list[Failure] = []
    server: Server | None = None
    workers: list[Worker] = []
    seconds: list[Second] = []
    recorded: list[Recorded] = []
