"""A run from the outside: target, accounts, begin, drain, record. One per Locust process tree.

Lives in the process that decides (Locust's local or master runner). Locust's events drive it:
init -> prepare; test_start -> begin; test_stopping -> drain; test_stop -> finish;
quitting -> quit. A run can be started and stopped many times on the same target.
"""

from __future__ import annotations

import time
from pathlib import Path
from time import monotonic
from typing import Any, Literal, cast

import gevent
from gevent.event import Event

from harness import targets
from harness.errors import HarnessError
from harness.load import options as our_options
from harness.load.links import Link, LocalLink, MasterLink
from harness.load.manifest import manifest, target_record
from harness.load.preflight import check as preflight
from harness.load.sampling import ProcessMeter, ServerMeter
from harness.load.session import Session
from harness.load.status import Status
from harness.load.worker import Tick
from harness.record.model import Outcome, TargetRecord
from harness.record.writer import RunWriter
from harness.targets.base import Account, Observable, Target

MASTER = -1  # the master's number among the workers in samples
SPARE = 1_000  # accounts when nobody says how many users there will be
Verdict = Literal["ok", "incomplete", "failed"]


class Coordinator:
    """Everything about a run that happens once, whatever the number of workers."""

    def __init__(self, environment: Any, custom_options: set[str]) -> None:
        self.status = Status()
        self._environment = environment
        self._options = environment.parsed_options
        self._custom = custom_options
        self._target: Target | None = None
        self._accounts: list[Account] = []
        self._rosters: list[list[int]] = []
        self._record: TargetRecord | None = None
        self._run: Run | None = None
        master = hasattr(environment.runner, "clients")
        self._link: Link = (MasterLink if master else LocalLink)(environment, self._on_tick)

    def prepare(self) -> None:
        """Start the target, make the accounts, log in once. Raises HarnessError."""
        options = self._options
        our_options.check(options)
        allowed = our_options.mechanisms(options)
        kind = targets.load(options.target)
        usability = kind.usable()
        if not usability.usable:
            raise HarnessError(f"{options.target}: {usability.reason}: {usability.remedy}")
        self._target = target = kind(our_options.target_options(options))
        self.status.stage(f"starting {options.target}")
        target.start()
        count = options.num_users or SPARE
        self.status.stage(f"making {count} accounts")
        self._rosters = self._contacts(count)
        self._accounts = target.provision(count, self._rosters)
        self.status.stage("logging in once to check")
        found = preflight(self._share(0, 1, allowed))
        self._record = target_record(options.target, target.endpoint(), target.facts(), found)

    def begin(self) -> None:
        """A test starts: new record, sessions to the workers."""
        if self._record is None:
            return
        workers = self._link.count()
        allowed = our_options.mechanisms(self._options)
        scenario = Path(self._environment.locustfile or "scenario").stem
        about = manifest(scenario, self._options, self._custom, self._record, workers)
        writer = RunWriter(self._directory(scenario), about)
        self._run = Run(self, writer)
        self._link.begin([self._share(number, workers, allowed) for number in range(workers)])
        self.status.stage(f"logging in {self._options.num_users or ''} users")
        self._run.start(self._options.drain)

    def spawned(self, user_count: int) -> None:
        """Locust has created its users; their logins may still be under way."""
        if self._run is not None:
            waits = any(getattr(user, "logs_in", True) for user in self._environment.user_classes)
            self._run.expect(user_count if waits else 0)

    def drain(self) -> None:
        """A test is about to stop, with its users still online."""
        if self._run is not None:
            self._run.drain()

    def finish(self) -> None:
        """The users are gone: close the record."""
        run, self._run = self._run, None
        if run is None:
            return
        outcome = run.finish()
        self.status.stage(f"recorded in {run.directory}")
        if outcome.verdict == "failed":
            self.status.error(outcome.reason)
            self._environment.process_exit_code = 1

    def quit(self) -> None:
        """Locust ends, in whatever way: stop the test if one runs, and the target."""
        self._environment.runner.stop()
        if self._target is not None:
            self._target.stop()

    # For the run.

    @property
    def link(self) -> Link:
        return self._link

    @property
    def duration(self) -> float | None:
        """Seconds of load that were asked for."""
        return cast("float | None", self._options.duration)

    @property
    def target(self) -> Observable | None:
        """The target, when its processes can be seen."""
        return cast(Observable, self._target) if hasattr(self._target, "pids") else None

    def stop_test(self) -> None:
        """Stop the test from a greenlet of its own, as the user would."""
        runner = self._environment.runner
        headless = self._options.headless
        gevent.spawn(runner.quit if headless else runner.stop)

    def _on_tick(self, tick: Tick) -> None:
        if self._run is not None:
            self._run.on_tick(tick)

    def _contacts(self, count: int) -> list[list[int]]:
        for user in self._environment.user_classes:
            maker = getattr(user, "contacts", None)
            if maker is not None:
                return cast("list[list[int]]", maker(count, self._options))
        return []

    def _share(self, number: int, workers: int, allowed: tuple[str, ...]) -> Session:
        assert self._target is not None
        options = self._options
        return Session(
            worker=number,
            workers=workers,
            endpoint=self._target.endpoint(),
            accounts=self._accounts[number::workers],
            first_index=number,
            step=workers,
            contacts=[list(known) for known in self._rosters[number::workers]],
            client=options.client,
            mechanisms=allowed,
            rate=options.rate,
            login_rate=options.login_rate,
            login_timeout=options.login_timeout,
            drain=options.drain,
        )

    def _directory(self, scenario: str) -> Path:
        if self._options.run_dir:
            return Path(self._options.run_dir)
        stamp = time.strftime("%Y%m%d-%H%M%S")
        return Path("out") / f"{stamp}-{scenario}-{self._options.target}"


class Run:
    """One test from begin to finish."""

    def __init__(self, coordinator: Coordinator, writer: RunWriter) -> None:
        self.directory = writer.directory
        self._coordinator = coordinator
        self._writer = writer
        self._origin = monotonic()
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
        self._maybe_start_load()
        self._report()

    def end(self, verdict: Verdict, reason: str) -> None:
        """Stop the test because of this; the first reason stays."""
        if self._end is None:
            self._end = (verdict, reason)
            gevent.spawn(self._stop)

    def _stop(self) -> None:
        # Before Locust stops: its way of stopping holds up the loop for some 50 ms.
        self.drain()
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
            if target := self._coordinator.target:
                sample = meter.sample(target.pids(), now)
                if sample is not None:
                    self._writer.samples([sample])
                if not target.alive():
                    self.end("failed", target.last_words())
            for worker in self._coordinator.link.lost():
                self.end("failed", f"worker {worker} of the load generator was lost")
            if self._load_start and self._total("present") and not self._total("online"):
                self._nobody_left()
            gevent.sleep(1.0 - (monotonic() - self._origin) % 1.0)

    def _nobody_left(self) -> None:
        losses = [tick.last_loss for tick in self._ticks.values() if tick.last_loss]
        if losses:
            self.end("failed", f"every connection was lost; the last reason was {losses[-1]}")

    def _total(self, name: str) -> int:
        return sum(getattr(tick.sample.users, name) for tick in self._ticks.values())

    def _report(self) -> None:
        messages = [tick.sample.messages for tick in self._ticks.values()]
        self._coordinator.status.figures(
            settled=sum(tick.settled for tick in self._ticks.values()),
            expected=self._expected,
            online=self._total("online"),
            sent=sum(m.sent for m in messages),
            delivered=sum(m.delivered for m in messages),
            load_s=self._since_start(monotonic()),
            duration=self._coordinator.duration,
            draining=self._drained is not None,
        )
