"""Synthetic runs to compare: what is planted is known, the rest is chance that lasts."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import numpy as np

from harness.record.histogram import Histogram
from harness.record.model import (
    Anomaly,
    GeneratorSample,
    Messages,
    Outcome,
    ServerSample,
    TargetRecord,
    Users,
    Window,
)
from harness.record.writer import RunWriter
from reports.tests import runs

WARM_UP_S = 6  # of logins, before the load


class Plan(msgspec.Struct, kw_only=True, frozen=True):
    """A run with one worker and a load of so many seconds.

    Each second's latencies are log-normal around a level that wanders: an autoregression of
    order 1 with `persistence` from second to second and a standard deviation `wander` of its
    logarithm.
    """

    seconds: int = 60
    rate: int = 100  # messages a second
    median_ms: float = 2.0
    persistence: float = 0.5
    wander: float = 0.15
    loss: float = 0.0  # the share of messages
    bursts: int = 0  # seconds in which half of the messages are lost
    slow_second: int | None = None  # of the load; everything takes twenty times as long
    cpu_ms: float = 0.4  # of the server, for each message
    drained: int = 0  # messages that arrive after the load, 1 s late
    verdict: str = "ok"
    seed: int = 1


def write(
    directory: Path, plan: Plan, target: TargetRecord | None = None, **parameters: object
) -> Path:
    """Write the run and return its directory; `parameters` go into the manifest."""
    dice = np.random.default_rng(plan.seed)
    manifest = runs.manifest(target, workers=1)
    manifest.parameters |= parameters
    writer = RunWriter(directory, manifest)
    _logins(writer, dice)
    messages, cpu_s = Messages(), 0.0
    _samples(writer, WARM_UP_S, cpu_s, messages)
    for second, level in enumerate(_levels(plan, dice)):
        arrived = _second(writer, second, plan, level, messages, dice)
        cpu_s += arrived * plan.cpu_ms / 1000 * dice.normal(1, 0.03)
        _samples(writer, WARM_UP_S + second + 1, cpu_s, messages)
    end = WARM_UP_S + plan.seconds
    if plan.drained:
        writer.windows([_window(end + 1, "message", [1_000_000] * plan.drained)])
        messages.sent += plan.drained
        messages.delivered += plan.drained
    _samples(writer, end + 2, cpu_s, messages)
    writer.finish(
        Outcome(
            ended="2026-02-01T12:01:00Z",
            duration_s=end + 2,
            load_s=plan.seconds,
            load_start_t=WARM_UP_S,
            verdict=plan.verdict,
            reason="as planned",
        )
    )
    return directory


def group(directory: Path, number: int, plan: Plan, **parameters: object) -> Path:
    """So many repeats, which differ from each other by a few percent, in one directory."""
    dice = np.random.default_rng(plan.seed)
    for repeat in range(number):
        own = msgspec.structs.replace(
            plan,
            seed=1000 * plan.seed + repeat,
            median_ms=plan.median_ms * math.exp(dice.normal(0, 0.03)),
        )
        write(directory / f"run-{repeat}", own, **parameters)
    return directory


def _levels(plan: Plan, dice: np.random.Generator) -> list[float]:
    """The median latency of each second in microseconds."""
    levels, state = [], dice.normal()
    for second in range(plan.seconds):
        slow = 20 if second == plan.slow_second else 1
        levels.append(1000 * plan.median_ms * slow * math.exp(plan.wander * state))
        new = dice.normal() * math.sqrt(1 - plan.persistence**2)
        state = plan.persistence * state + new
    return levels


def _second(
    writer: RunWriter,
    second: int,
    plan: Plan,
    level: float,
    messages: Messages,
    dice: np.random.Generator,
) -> int:
    """One second of the load; how many messages arrived."""
    t, sent = WARM_UP_S + second, int(dice.poisson(plan.rate))
    burst = 1 <= plan.bursts - second + plan.seconds // 2 <= plan.bursts
    lost = int(dice.binomial(sent, 0.5 if burst else plan.loss))
    took = level * np.exp(0.4 * dice.standard_normal(sent - lost))
    window = _window(t, "message", took.astype(int).tolist())
    window.started = sent
    writer.windows([window])
    writer.anomalies(_lost(t, number) for number in range(lost))
    messages.sent += sent
    messages.delivered += sent - lost
    messages.lost += lost
    return sent - lost


def _lost(t: int, number: int) -> Anomaly:
    name = f"{t}-{number}"
    return Anomaly(kind="lost", id=name, sender="a", receiver="b", sent_t=t + 0.5)


def _logins(writer: RunWriter, dice: np.random.Generator) -> None:
    for t in range(WARM_UP_S):
        took = 8_000 * np.exp(0.3 * dice.standard_normal(60))
        writer.windows([_window(t, "login", took.astype(int).tolist())])


def _window(t: int, op: str, took_us: list[int]) -> Window:
    latencies = Histogram.of(took_us).encode()
    number = len(took_us)
    return Window(t=t, op=op, count=number, started=number, actual=latencies, planned=latencies)


def _samples(writer: RunWriter, t: float, cpu_s: float, messages: Messages) -> None:
    users = Users(wanted=360, connected=360, bound=360, present=360, online=360)
    writer.samples(
        [
            ServerSample(t=t, cpu_s=cpu_s, rss_mb=90, threads=4),
            GeneratorSample(
                t=t, cpu_s=cpu_s / 4, rss_mb=60, lag_ms=1, users=users, messages=messages
            ),
        ]
    )
