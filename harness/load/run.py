"""One test from begin to end: watches, decides when the load begins and ends, and records."""

from __future__ import annotations

import time
from time import monotonic
from typing import Any, Literal, Protocol

import gevent
from gevent.event import Event

from harness.load.links import Link, MasterLink
from harness.load.live import Live
from harness.load.sampling import ProcessMeter, ServerMeter
from harness.load.status import Status
from harness.load.worker import Tick
from harness.record.model import GeneratorSample, Messages, Outcome, StatisticsSample, Users
from harness.record.writer import RunWriter
from harness.statistics.observer import Observer
from harness.statistics.said import Said
from harness.targets.base import Observable

MASTER = -1  # the master's number among the workers in samples
Verdict = Literal["ok", "incomplete", "failed"]


class Surroundings(Protocol):
    """What a run needs of its coordinator."""

    status: Status
    live: Live | None  # who shows the run while it goes on

    @property
    def link(self) -> Link:
        """The workers."""
        ...

    @property
    def duration(self) -> float | None:
        """Seconds of load that were asked for."""
        ...

    @property
    def observer(self) -> Observer | None:
        """Who asks the server for its own statistics, when it has any."""
        ...

    @property
    def target(self) -> Observable | None:
        """The target, when its processes can be seen."""
        ...

    def stop_test(self) -> None:
        """Stop Locust's test, without waiting for its end."""
        ...


class Run:
    """One test from begin to finish."""

    def __init__(self, coordinator: Surroundings, writer: RunWriter, origin: float) -> None:
        """`origin` is the monotonic time from which the record counts."""
        self.directory = writer.directory
        self._coordinator = coordinator
        self._writer = writer
        self._origin = origin
        self._ticks: dict[int, Tick] = {}
        self._expected: int | None = None
        self._load_start: float | None = None
        self._load_end: float | None = None
        self._end: tuple[Verdict, str] | None = None
        self._drained: Event | None = None
        self._master = ProcessMeter() if isinstance(coordinator.link, MasterLink) else None
        self._timers: list[gevent.Greenlet] = []

    def start(self, drain: float) -> None:
        """Begin to watch."""
        self._drain = drain
        self._timers.append(gevent.spawn(self._watch))

    def expect(self, users: int) -> None:
        """So many logins must end before the load begins."""
        self._expected = users
        self._maybe_start_load()

    def on_tick(self, tick: Tick) -> None:
        """A worker's second."""
        self._ticks[tick.sample.worker] = tick
        self._writer.windows(tick.windows)
        self._writer.samples([tick.sample])
        self._writer.anomalies(tick.anomalies)
        if live := self._coordinator.live:
            live.tick(tick)
        self._maybe_start_load()
        self._report()

    def end(self, verdict: Verdict, reason: str) -> None:
        """Stop the test because of this; the first reason stays, but a failure outweighs it."""
        ending = self._end is not None
        self.explain(verdict, reason)
        if not ending:
            gevent.spawn(self._stop)

    def explain(self, verdict: Verdict, reason: str) -> None:
        """The test ends, or is being ended, because of this."""
        if self._end is None or (verdict == "failed" and self._end[0] != "failed"):
            self._end = (verdict, reason)

    def _stop(self) -> None:
        # Before Locust stops: its way of stopping holds up the loop for some 50 ms.
        try:
            self.drain()
        finally:
            self._coordinator.stop_test()

    def drain(self) -> None:
        """Let what is under way arrive. Once: whoever asks later waits for the same end."""
        if self._drained is not None:
            self._drained.wait()
            return
        self._drained = Event()
        try:
            self._drain_now()
        finally:
            self._drained.set()

    def _drain_now(self) -> None:
        self._load_end = monotonic()
        self._coordinator.status.stage(f"draining, {self._drain:g} s at most")
        self._coordinator.link.drain(self._drain)

    def finish(self) -> Outcome:
        """Write the outcome."""
        for timer in self._timers:
            timer.kill()
        now = monotonic()
        verdict, reason = self._end or self._stopped_by_user()
        outcome = Outcome(
            ended=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            duration_s=round(now - self._origin, 3),
            load_s=self._since_start(self._load_end or now),
            load_start_t=self._load_start and round(self._load_start - self._origin, 3),
            verdict=verdict,
            reason=reason,
        )
        self._writer.finish(outcome)
        return outcome

    def _stopped_by_user(self) -> tuple[Verdict, str]:
        asked, had = self._coordinator.duration, self._since_start(self._load_end)
        if had is None:
            return "incomplete", "stopped by the user before the load began"
        if asked is None:
            return "ok", f"stopped by the user after {had:.0f} s of load"
        return "incomplete", f"stopped by the user after {had:.0f} of {asked:g} s of load"

    def _since_start(self, end: float | None) -> float | None:
        if self._load_start is None or end is None:
            return None
        return round(end - self._load_start, 3)

    def _maybe_start_load(self) -> None:
        if self._load_start is not None or self._expected is None or self._end is not None:
            return
        settled = sum(tick.settled for tick in self._ticks.values())
        if settled < self._expected:
            return
        if self._expected and not self._total("present"):
            errors = [tick.login_error for tick in self._ticks.values() if tick.login_error]
            self.end("failed", f"no user could log in; the last reason was {errors[-1]}")
            return
        self._load_start = monotonic()
        self._coordinator.link.start_load()
        duration = self._coordinator.duration
        if duration is not None:
            self._timers.append(gevent.spawn_later(duration, self.end, "ok", "completed"))

    def _watch(self) -> None:
        """Every second: sample the server, and see whether the run still makes sense."""
        meter = ServerMeter()
        while True:
            now = monotonic() - self._origin
            if self._master is not None:
                self._writer.samples([self._own_sample(self._master, now)])
            if target := self._coordinator.target:
                sample = meter.sample(target.pids(), now)
                if sample is not None:
                    self._writer.samples([sample])
                    if live := self._coordinator.live:
                        live.server(sample)
                if not target.alive():
                    self.end("failed", target.last_words())
            if observer := self._coordinator.observer:
                self._writer.samples(self._statistics(observer.take()))
            for worker in self._coordinator.link.lost():
                self.end("failed", f"worker {worker} of the load generator was lost")
            if self._load_start and self._total("present") and not self._total("online"):
                self._nobody_left()
            gevent.sleep(1.0 - (monotonic() - self._origin) % 1.0)

    def _statistics(self, said: list[Said]) -> list[StatisticsSample]:
        """What has been said since the run began; what could not be had is left out."""
        return [
            StatisticsSample(
                t=round(one.t - self._origin, 3),
                took_ms=one.took_ms,
                sessions=one.sessions,
                figures=one.figures,
            )
            for one in said
            if not one.error and one.t >= self._origin
        ]

    def _own_sample(self, meter: ProcessMeter, t: float) -> GeneratorSample:
        """The master's own cost; it has no users."""
        return GeneratorSample(
            t=round(t, 3),
            worker=MASTER,
            cpu_s=meter.cpu_s(),
            rss_mb=meter.rss_mb(),
            lag_ms=0.0,
            users=Users(),
            messages=Messages(),
        )

    def _nobody_left(self) -> None:
        losses = [tick.last_loss for tick in self._ticks.values() if tick.last_loss]
        if losses:
            self.end("failed", f"every connection was lost; the last reason was {losses[-1]}")

    def _total(self, name: str) -> int:
        return sum(getattr(tick.sample.users, name) for tick in self._ticks.values())

    def _report(self) -> None:
        messages = [tick.sample.messages for tick in self._ticks.values()]
        figures: dict[str, Any] = {
            "settled": sum(tick.settled for tick in self._ticks.values()),
            "expected": self._expected,
            "online": self._total("online"),
            "sent": sum(m.sent for m in messages),
            "delivered": sum(m.delivered for m in messages),
            "load_s": self._since_start(self._load_end or monotonic()),
            "duration": self._coordinator.duration,
            "draining": self._drained is not None,
        }
        if live := self._coordinator.live:
            live.progress(**figures)
        self._coordinator.status.figures(**figures)
