"""Synthetic run directories, written the way a real run writes them."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from pathlib import Path

import msgspec

from harness.record.histogram import Histogram
from harness.record.model import (
    Anomaly,
    Clock,
    Floor,
    GeneratorSample,
    Manifest,
    Messages,
    Outcome,
    ServerSample,
    StatisticsSample,
    TargetRecord,
    Users,
    Window,
)
from harness.record.writer import RunWriter

PHASES_US = {
    "tcp": 180,
    "tls": 2_900,
    "sasl": 5_400,
    "bind": 900,
    "roster": 1_100,
    "presence": 700,
}


LOGIN_WAIT_US = 50_000  # of each login, before its TCP begins


class Recipe(msgspec.Struct, kw_only=True):
    """A run to invent. Latencies are log-normal with a slow spell in the middle."""

    seconds: int = 60
    users: int = 396  # of each worker
    workers: int = 2
    messages_per_s: int = 400  # of each worker; 0: login only
    op: str = "message"
    lost: int = 3
    truncated: bool = False
    floor: bool = False
    clocks: bool = False  # as measured between hosts
    statistics: bool = False  # the server's own
    busy_seconds: tuple[int, ...] = ()
    seed: int = 1


def target(**changes: object) -> TargetRecord:
    """ejabberd as a report would know it, with these changes."""
    record = TargetRecord(
        name="ejabberd",
        server="ejabberd",
        version="23.01",
        host="127.0.0.1",
        port=5222,
        domain="localhost",
        tls="starttls",
        tls_version="TLSv1.3",
        tls_cipher="TLS_AES_256_GCM_SHA384",
        sasl_mechanism="SCRAM-SHA-1",
        password_store="SCRAM-SHA-1, Mnesia",
        archive="off",
    )
    return msgspec.structs.replace(record, **changes)


def manifest(of: TargetRecord | None = None, workers: int = 2) -> Manifest:
    """A complete manifest."""
    command = "xmpp-harness bench ejabberd --scenario one_to_one --users 792 --duration 60"
    return Manifest(
        run_id="20260201-120000-one-to-one",
        started="2026-02-01T12:00:00Z",
        command=command.split(),
        scenario="one_to_one",
        parameters={"users": 792, "rate": 1.0, "body_bytes": 64},
        config_digest="5f7e" * 16,
        target=of or target(),
        workers=workers,
        versions={"harness": "0.1.0", "python": "3.11.2", "locust": "2.47.0", "gevent": "26.9.0"},
        machine={
            "system": "Linux 6.1",
            "cpu": "Example CPU at 2.4 GHz",
            "cores": 4,
            "memory_gb": 8,
        },
    )


def write(
    directory: Path,
    recipe: Recipe | None = None,
    of: TargetRecord | None = None,
    anomalies: Iterable[Anomaly] | None = None,
) -> Path:
    """Write the run of a recipe and return its directory."""
    recipe = recipe or Recipe()
    writer = RunWriter(directory, manifest(of, recipe.workers))
    writer.samples(ServerSample(t=t + 1.0, **_server(t, recipe)) for t in range(recipe.seconds))
    if recipe.statistics:
        writer.samples(_statistics(t, recipe) for t in range(recipe.seconds))
    for worker in range(recipe.workers):
        _worker(writer, worker, recipe)
    writer.anomalies(lost(recipe.lost) if anomalies is None else anomalies)
    if recipe.floor:
        floor = Floor(p50_ms=0.41, p99_ms=1.57, p999_ms=3.02, count=900, clean=1.0, seconds=8.0)
        (directory / "floor.json").write_bytes(msgspec.json.encode(floor))
    if not recipe.truncated:
        writer.finish(
            Outcome(
                ended="2026-02-01T12:01:00Z",
                duration_s=recipe.seconds,
                load_s=recipe.seconds * 0.7,
                load_start_t=recipe.seconds * 0.2,
                verdict="ok",
                reason="ran as asked",
            )
        )
    return directory


def lost(number: int) -> list[Anomaly]:
    """Lost messages, with ids."""
    return [
        Anomaly(
            kind="lost",
            id=f"u{n:04d}-{n * 7}",
            sender=f"u{n:04d}@localhost",
            receiver=f"u{n + 1:04d}@localhost",
            sent_t=20.0 + n / 8,
        )
        for n in range(number)
    ]


def _server(t: int, recipe: Recipe) -> dict[str, float | int]:
    load = min(t / (0.2 * recipe.seconds), 1.0)
    rss = 92 + 60 * load + 2 * math.sin(t)
    return {
        "cpu_s": 0.2 + 0.9 * t * load,
        "rss_mb": rss,
        "threads": 34,
        "fds": 900,
        "switches": int(2_000 * t * load),
        "loopback_mb": 0.5 * t * load,
    }


def _statistics(t: int, recipe: Recipe) -> StatisticsSample:
    load = min((t + 1) / (0.2 * recipe.seconds), 1.0)
    everybody = recipe.workers * recipe.users
    return StatisticsSample(
        t=t + 1.0,
        took_ms=40.0 if t == 7 else 2.0,
        sessions=int(everybody * load),
        figures={"Erlang processes": 230.0 + int(2 * everybody * load), "<b>rooms": 3.0 - (t > 9)},
    )


def _worker(writer: RunWriter, worker: int, recipe: Recipe) -> None:
    dice = random.Random(recipe.seed * 100 + worker)
    ramp = max(1, recipe.seconds // 5)
    users = Users(wanted=recipe.users)
    messages, cpu = Messages(), 0.5
    for t in range(recipe.seconds):
        if t < ramp:
            _logins(writer, t, worker, recipe.users // ramp, users, dice)
        if t >= ramp and recipe.messages_per_s:
            _deliveries(writer, t, worker, recipe, messages, dice)
        busy = t in recipe.busy_seconds
        cpu += 0.97 if busy else 0.3 + 0.05 * dice.random()
        if t == recipe.seconds - 1 and recipe.messages_per_s and not recipe.truncated:
            # After the drain every message has found its end.
            messages.lost = recipe.lost if worker == 0 else 0
        writer.samples(
            [
                GeneratorSample(
                    t=t + 1 + 0.01 * dice.random(),
                    worker=worker,
                    cpu_s=cpu,
                    rss_mb=70 + 20 * min(t / ramp, 1),
                    lag_ms=80.0 if busy else 1 + 4 * dice.random(),
                    saturated=["cpu", "loop lag"] if busy else [],
                    users=users,
                    messages=messages,
                    clock=_clock(t, worker) if recipe.clocks else None,
                )
            ]
        )


def _clock(t: int, worker: int) -> Clock | None:
    """Known from second 1 on, least in second 3."""
    bound = 900.0 if t == 3 else 250.0
    return Clock(offset_us=2_500.0 * worker - 40.0, bound_us=bound) if t else None


def _logins(
    writer: RunWriter, t: int, worker: int, number: int, users: Users, dice: random.Random
) -> None:
    failed = 1 if t == 2 else 0
    users.connected += number
    number -= failed
    windows, whole = [], [0] * number
    for phase, median_us in PHASES_US.items():
        took = [int(dice.lognormvariate(math.log(median_us), 0.4)) for _ in range(number)]
        whole = [a + b for a, b in zip(whole, took, strict=True)]
        windows.append(_window(t, worker, f"login.{phase}", took, took))
    login = _window(t, worker, "login", whole, [us + LOGIN_WAIT_US for us in whole])
    login.started = number + failed
    login.errors = {"not-authorized": failed} if failed else {}
    writer.windows([*windows, login])
    users.bound += number
    users.present += number
    users.online += number


def _deliveries(
    writer: RunWriter, t: int, worker: int, recipe: Recipe, messages: Messages, dice: random.Random
) -> None:
    median = 1_200 * (6 if 0.55 < t / recipe.seconds < 0.65 else 1)
    number = recipe.messages_per_s + dice.randrange(20)
    arrived = number - (recipe.lost if worker == 0 and t == recipe.seconds - 1 else 0)
    actual = [int(dice.lognormvariate(math.log(median), 0.5)) for _ in range(arrived)]
    planned = [value + int(dice.expovariate(1 / 400)) for value in actual]
    window = _window(t, worker, recipe.op, actual, planned)
    window.started = number
    writer.windows([window])
    messages.sent += number
    messages.delivered += arrived


def _window(t: int, worker: int, op: str, actual: list[int], planned: list[int]) -> Window:
    return Window(
        t=t,
        worker=worker,
        op=op,
        count=len(actual),
        started=len(actual),
        actual=Histogram.of(actual).encode(),
        planned=Histogram.of(planned).encode(),
    )
