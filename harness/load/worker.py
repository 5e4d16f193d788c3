"""The part of a run that every process with users has: an engine, a ticker, a drain.

Alone (Locust's local runner) the coordinator calls it directly; in a worker process the calls
and the ticks travel as Locust messages, see `links`.
"""

from __future__ import annotations

import gc
import importlib
import random
from collections.abc import Callable
from itertools import islice
from time import monotonic
from typing import Any

import gevent
import msgspec

from harness.load import gate
from harness.load.clock import MasterClock
from harness.load.engine import Engine
from harness.load.sampling import ProcessMeter
from harness.load.session import Session
from harness.record.model import Anomaly, GeneratorSample, Window
from harness.targets.base import Account

_FOLD = 0.1  # seconds between foldings
_STEPS = 10  # of them to a tick
_BATCH = 5_000  # anomalies in one message after the drain: some 50 ms of work, a few MB


class Tick(msgspec.Struct, kw_only=True):
    """What a worker says once a second, and a last time after the drain."""

    windows: list[Window]
    sample: GeneratorSample
    settled: int  # users whose login has ended, well or not
    last_loss: str | None = None  # why a connection broke, if one did
    login_error: str | None = None  # why a login failed, if one did
    anomalies: list[Anomaly] = []
    whole: bool = True  # at the end of a second, not between two
    samples: dict[str, str] = {}  # the texts of errors that are new, by condition
    written: dict[str, int] = {}  # stanzas that go to many, by kind, since the run began


class Worker:
    """Runs one session after another in this process."""

    def __init__(
        self,
        environment: Any,
        on_tick: Callable[[Tick], None],
        clock: MasterClock | None = None,
    ) -> None:
        """`clock`: the master's, where that is another process."""
        self._environment = environment
        self._on_tick = on_tick
        self._clock = clock
        self._ticker: gevent.Greenlet | None = None
        self._worst_lag = 0.0

    def begin(self, session: Session) -> None:
        """Get ready for the users of this session."""
        self.end()
        self._engine = Engine(session, self._environment.events.request.fire)
        self._environment.xmpp_engine = self._engine
        self._meter = ProcessMeter()
        random.seed(f"{session.seed}/{session.worker}")  # for Locust and for scenarios' own draws
        self._before = (0.0, 0.0)  # time and CPU seconds of the last sample
        self._second = 0
        if session.client != "light":
            importlib.import_module("harness.load.slix")  # its size is no session's
        self._on_tick(self._take([], windows=False))  # this process before its users come
        if self._clock is not None:
            self._clock.begin()
        self._ticker = gevent.spawn(self._tick)

    def enlarge(self, accounts: list[Account]) -> None:
        """More accounts for users who come while the run goes on."""
        self._engine.enlarge(accounts)

    def start_load(self) -> None:
        """Everybody's login has ended."""
        # What lives now lives as long as the run: keep the collector's pauses short.
        gc.collect()
        gc.freeze()
        self._engine.start_load()

    def drain(self, seconds: float) -> None:
        """Stop sending, wait for what is under way, send what remains to be said."""
        engine = self._engine
        engine.stop_sending(late_after=monotonic() + seconds / 2)
        engine.quiet.wait(seconds)
        engine.finish()
        self.end()
        remaining = engine.ledger.finish()
        # The ledger's figures first: they shall reconcile whatever else is broken by now.
        self._on_tick(self._take(list(islice(remaining, _BATCH)), windows=False))
        while batch := list(islice(remaining, _BATCH)):
            gevent.sleep(0.001)  # for Locust's heartbeat, and for the batch before to go out
            self._on_tick(self._take(batch, windows=False))
        self._on_tick(self._take([]))

    def end(self) -> None:
        """Stop the ticker."""
        if self._ticker is not None:
            self._ticker.kill()
            self._ticker = None
            gc.unfreeze()

    def _tick(self) -> None:
        engine, step = self._engine, 0
        while True:
            step += 1
            due = engine.origin + step * _FOLD
            gevent.sleep(max(due - monotonic(), 0))
            self._worst_lag = max(self._worst_lag, monotonic() - due)
            engine.recorder.fold()
            if self._clock is not None and step % _STEPS == _STEPS // 2:
                self._clock.ask()  # while no worker's tick keeps the master busy
            if step % _STEPS == 0:
                self._on_tick(self._take(engine.ledger.take()))
                engine.keep_alive(self._second)

    def _sample(self, now: float) -> GeneratorSample:
        engine = self._engine
        lag, self._worst_lag = self._worst_lag, 0.0
        before, self._before = self._before, (now, self._meter.cpu_s())
        passed, spent = (now - before[0], self._before[1] - before[1])
        lag_ms, behind_ms = round(lag * 1000, 3), round(engine.behind_s() * 1000, 3)
        backlog = engine.backlog()
        # A sample that follows at once, as after the drain, is too short to speak of a share.
        cpu_percent = 100 * spent / passed if passed > _FOLD else 0.0
        return GeneratorSample(
            t=round(now, 3),
            worker=engine.session.worker,
            cpu_s=self._before[1],
            rss_mb=self._meter.rss_mb(),
            lag_ms=lag_ms,
            backlog_bytes=backlog,
            behind_ms=behind_ms,
            saturated=gate.reasons(cpu_percent, lag_ms, backlog, behind_ms),
            users=engine.users,
            messages=engine.ledger.counts(),
            paths=engine.ledger.by_path(),
            clock=self._clock.reading() if self._clock is not None else None,
        )

    def _take(self, anomalies: list[Anomaly], windows: bool = True) -> Tick:
        engine = self._engine
        now = monotonic() - engine.origin
        second = self._second
        self._second += windows
        sample = self._sample(now)
        return Tick(
            windows=list(engine.recorder.take(second)) if windows else [],
            sample=sample,
            settled=engine.settled,
            last_loss=str(engine.last_loss) if engine.last_loss else None,
            login_error=str(engine.login_error) if engine.login_error else None,
            anomalies=anomalies,
            whole=windows,
            samples=engine.take_samples(),
            written=dict(engine.written),
        )
