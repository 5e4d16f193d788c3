"""The object that `--json` prints. None, or null, always means: not known."""

from __future__ import annotations

import msgspec


class Users(msgspec.Struct, kw_only=True):
    """Users who reached each step at least once; None where no generator sample says it."""

    wanted: int | None = None
    connected: int | None = None
    bound: int | None = None
    present: int | None = None


class Messages(msgspec.Struct, kw_only=True):
    """The delivery ledger; None where no generator sample says it."""

    sent: int | None = None
    delivered: int | None = None
    duplicated: int | None = None
    reordered: int | None = None
    late: int | None = None
    bounced: int | None = None
    lost: int | None = None


class Phase(msgspec.Struct, kw_only=True):
    """Durations of one part of the login, in milliseconds; None when nothing was measured."""

    p50: float | None
    p90: float | None
    p99: float | None
    max: float | None
    count: int


class Percentiles(msgspec.Struct, kw_only=True):
    """Latencies in milliseconds, of clean seconds; None when nothing was measured."""

    p50: float | None
    p90: float | None
    p99: float | None
    p999: float | None
    p9999: float | None
    max: float | None
    count: int


class Latency(msgspec.Struct, kw_only=True):
    """Deliveries, from the moment the stanza was due, and from the moment it was sent."""

    planned: Percentiles
    actual: Percentiles


class Floor(msgspec.Struct, kw_only=True):
    """Planned latencies of the generator's floor, in milliseconds."""

    p50: float | None
    p99: float | None
    p999: float | None


class Login(msgspec.Struct, kw_only=True):
    """`per_s`: successful logins a second, over the seconds from the first to the last one.

    The phase "whole" is from TCP to the first presence, "planned" from the moment at which the
    plan of logins wanted it: the waiting for a server that is behind is in there.
    """

    per_s: float | None
    phases: dict[str, Phase]


class Usage(msgspec.Struct, kw_only=True):
    """CPU seconds (user and system) since the run started, and the largest memory in MB."""

    cpu_s: float
    rss_max_mb: float


class ServerUsage(Usage, kw_only=True):
    """All processes of the server together. `switches` is how often a thread got a processor
    and `loopback_mb` what went through the loopback interface, whoever sent it, both since the run
    started."""

    threads_max: int
    files_max: int | None  # open ones
    switches: int | None
    loopback_mb: float | None


class Cost(msgspec.Struct, kw_only=True):
    """What the load cost the server, of all its processes; None: not known.

    Logins: its CPU from the start of the run until the load, or to the end where logins are the
    load, for each of them. Deliveries: all its
    CPU and context switches during the load, whatever else it did, for each delivery of the main
    operation; and the traffic on the loopback interface, whoever sent it. Sessions: the memory that
    it had more at the beginning of the load than at the start of the run.
    """

    cpu_ms_per_login: float | None
    cpu_us_per_delivery: float | None
    switches_per_delivery: float | None
    loopback_bytes_per_delivery: float | None
    kb_per_session: float | None


class Statistics(msgspec.Struct, kw_only=True):
    """What the server said of itself, at most; `online` is how many users we had then, at most.

    `sessions` may be connections, where the server counts these.
    """

    sessions: int | None
    online: int | None
    figures: dict[str, float]
    reply_ms: float  # for how long an answer was waited for, at worst


class WorkerClock(msgspec.Struct, kw_only=True):
    """A worker's clock against the master's, when it was known least, in milliseconds."""

    worker: int
    offset: float  # what it shows minus what the master's shows
    bound: float  # how far the truth may be from that


class Summary(msgspec.Struct, kw_only=True):
    """One run in figures. None always means: not known."""

    run: str
    target: str
    users: Users
    messages: Messages
    latency_ms: Latency
    operations_ms: dict[str, Latency]  # of all others that were measured, without the login
    floor_ms: Floor | None  # the same load on the embedded target
    clean: float | None  # the share of seconds in which the generator was no bottleneck, 0 to 1
    login: Login
    errors: dict[str, int]
    server: ServerUsage | None
    statistics: Statistics | None  # the server's own
    cost: Cost | None  # to the server
    generator: Usage | None
    clocks_ms: list[WorkerClock]  # empty where the load comes from one process
    verdict: str
