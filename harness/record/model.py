"""What a run directory holds. Written while the run goes on; every report reads only this.

    manifest.json     one Manifest, written before the load starts
    windows.jsonl     one Window per second, worker and operation that saw anything
    samples.jsonl     one ServerSample or GeneratorSample per second (and worker), and one
                      StatisticsSample where the server has statistics of its own
    anomalies.jsonl   one Anomaly per message that was not simply delivered once
    floor.json        one Floor, if the generator's floor was measured for this load
    outcome.json      one Outcome, written at the end; missing when the harness was killed

All times `t` are seconds since `Manifest.started`, on the monotonic clock of the process that
wrote the line. Counters in samples are cumulative, so that the last line of each worker is
enough and a lost tail loses only its own seconds.
"""

from __future__ import annotations

from typing import Literal

import msgspec

FORMAT = 1


class TargetRecord(msgspec.Struct, kw_only=True):
    """The server under test, as far as it is known (None: not known)."""

    name: str  # the target's folder name: embedded, ejabberd, prosody, external ...
    server: str | None = None  # the software's name, from XEP-0092 where it answers
    version: str | None = None
    host: str
    port: int
    domain: str
    tls: Literal["off", "starttls", "direct"]
    tls_version: str | None = None  # e.g. "TLSv1.3"
    tls_cipher: str | None = None
    sasl_mechanism: str | None = None
    password_store: str | None = None
    archive: str | None = None
    differences: list[str] = []


class Limits(msgspec.Struct, kw_only=True, frozen=True):
    """From where on a worker of the generator is a bottleneck itself (see `GeneratorSample`)."""

    cpu_percent: float  # of one core
    lag_ms: float
    backlog_bytes: int
    behind_ms: float


class Again(msgspec.Struct, kw_only=True, frozen=True):
    """What `bench` needs to put the same load on the same target again. Paths are absolute.

    `rate`, `duration` and `tls` are as they were asked for. `options` are all others of ours and of
    the scenario as one writes them on a command line, also those with default values. `files`
    are those that decide the load, with their SHA-256.
    """

    scenario: str | None  # the name of one of ours, or a path; None: not from one file
    users: int
    rate: str | None
    duration: float | None  # seconds
    client: str
    tls: str | None
    profile: str | None
    installation: str | None = None  # where the server was unpacked, if the command said so
    via: str | None = None  # "docker": the server ran from its image
    options: list[str]
    withheld: list[str] = []  # options whose values are secret and hence in no record
    files: dict[str, str] = {}


class Manifest(msgspec.Struct, kw_only=True):
    """Who ran what against what. Holds no password."""

    format: int = FORMAT
    run_id: str
    started: str  # ISO 8601, UTC
    command: list[str]
    scenario: str
    parameters: dict[str, str | int | float | bool | None]
    config_digest: str  # SHA-256 over scenario, parameters and target
    target: TargetRecord
    workers: int
    versions: dict[str, str]  # harness, python, locust, slixmpp, gevent
    machine: dict[str, str | int | float]  # system, cpu model, cores, memory_gb
    limits: Limits | None = None  # of the generator
    again: Again | None = None  # None: recorded by a version that did not keep it


class Window(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One operation during one second on one worker.

    `op` is "login" (whole), "login.tcp", "login.tls", "login.sasl", "login.bind",
    "login.roster", "login.presence", "message" (delivery), "presence" (delivery), "iq",
    "roster" ... `actual` and `planned` are HDR histograms in microseconds (V2 encoding, base64):
    from the moment of sending, and from the planned moment of sending. For a delivery the
    window is the second of arrival. `errors` maps conditions to counts.
    """

    t: int
    worker: int = 0
    op: str
    count: int = 0  # operations that succeeded (deliveries, for messages)
    started: int = 0  # operations begun (messages sent)
    errors: dict[str, int] = {}
    actual: str | None = None
    planned: str | None = None


class Users(msgspec.Struct, kw_only=True):
    """Users who reached each step at least once; they must reconcile downwards."""

    wanted: int = 0
    connected: int = 0
    bound: int = 0
    present: int = 0
    online: int = 0  # bound and present at this moment


class Messages(msgspec.Struct, kw_only=True):
    """The delivery ledger in figures. After the drain
    sent == delivered + bounced + lost, and delivered includes late ones;
    duplicated and reordered count additional observations."""

    sent: int = 0
    delivered: int = 0
    duplicated: int = 0
    reordered: int = 0
    late: int = 0
    bounced: int = 0
    lost: int = 0


class Clock(msgspec.Struct, kw_only=True, frozen=True):
    """A worker's clock against the master's, by the exchanges of messages so far."""

    offset_us: float  # what it shows minus what the master's shows
    bound_us: float  # the true offset is no further away than this


class GeneratorSample(msgspec.Struct, tag="generator", kw_only=True):
    """One worker of ours, once a second."""

    t: float
    worker: int = 0
    cpu_s: float  # user + system of this process since the run started
    rss_mb: float
    lag_ms: float  # how late the event loop was at worst during the second
    backlog_bytes: int = 0  # written by users, not yet taken by sockets
    behind_ms: float = 0.0  # how late the plan of arrivals was carried out at worst
    saturated: list[str] = []  # the limits of the generator that this second has reached
    users: Users
    messages: Messages  # of all paths together
    paths: dict[str, Messages] = {}  # the same by path: "chat", "chat.delayed" ...
    clock: Clock | None = None  # None: the master's own, or not known yet


class ServerSample(msgspec.Struct, tag="server", kw_only=True):
    """All the server's processes together, once a second."""

    t: float
    cpu_s: float  # since the run started
    rss_mb: float
    threads: int
    fds: int | None = None  # open files; not counted in every second on old kernels
    switches: int | None = None  # how often a thread got a processor, since the run started
    loopback_mb: float | None = None  # through the loopback interface, whoever sent it; the same


class StatisticsSample(msgspec.Struct, tag="statistics", kw_only=True):
    """What the server says of itself, once a second, as far as it says anything."""

    t: float  # when its answer was there
    took_ms: float  # for how long it was waited for
    sessions: int | None = None  # or connections, where it counts these
    figures: dict[str, float] = {}  # others, by names for people


Sample = GeneratorSample | ServerSample | StatisticsSample


class Anomaly(msgspec.Struct, kw_only=True):
    """One message that was not simply delivered once, in order and in time."""

    kind: Literal["lost", "duplicated", "reordered", "late", "bounced"]
    id: str
    sender: str
    receiver: str
    sent_t: float
    received_t: float | None = None
    condition: str | None = None
    path: str = "chat"


class Floor(msgspec.Struct, kw_only=True):
    """The generator's floor: planned latencies of the same load on the embedded target.

    In `floor.json` of a run directory, where it was measured.
    """

    p50_ms: float | None
    p99_ms: float | None
    p999_ms: float | None
    count: int
    clean: float | None  # the share of clean seconds
    seconds: float  # how long the load was


class Outcome(msgspec.Struct, kw_only=True):
    """How the run ended.

    `verdict` is "ok" (ran as asked; says nothing about the figures), "incomplete" (stopped by
    the user), "failed" (the server died, nobody could log in, a worker crashed).
    """

    ended: str
    duration_s: float  # from the first login to the end of the drain
    load_s: float | None = None  # the measured part: between the last login and the drain
    load_start_t: float | None = None
    verdict: Literal["ok", "incomplete", "failed"]
    reason: str  # one line
