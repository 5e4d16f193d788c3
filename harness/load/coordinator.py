"""A run from the outside: target, accounts, begin, drain, record. One per Locust process tree.

Lives in the process that decides (Locust's local or master runner). Locust's events drive it:
init -> prepare; test_start -> begin; test_stopping -> drain; test_stop -> finish;
quitting -> quit. A run can be started and stopped many times on the same target.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import time
from pathlib import Path
from time import monotonic
from typing import Any, cast

import gevent
import msgspec

from harness import targets
from harness.errors import HarnessError, PeerError
from harness.load import failures
from harness.load import options as our_options
from harness.load.again import again
from harness.load.links import Link, LocalLink, MasterLink
from harness.load.live import Live
from harness.load.manifest import manifest, target_record
from harness.load.preflight import Findings, warm_up
from harness.load.preflight import check as preflight
from harness.load.run import Run
from harness.load.session import Session
from harness.load.status import Status
from harness.load.worker import Tick
from harness.record.model import TargetRecord
from harness.record.writer import RunWriter
from harness.statistics.observer import Observer
from harness.targets.base import Account, Observable, Target, statistics_of

SPARE = 1_000  # accounts when nobody says how many users there will be
_log = logging.getLogger("xmpp-harness")


class Coordinator:
    """Everything about a run that happens once, whatever the number of workers."""

    def __init__(self, environment: Any) -> None:
        self.status = Status(self._orphaned)
        self.live: Live | None = None
        self._environment = environment
        self._options = environment.parsed_options
        if self._options.live_status:
            self.live = Live()
            self.live.on_second = self.status.live
        self._target: Target | None = None
        self._observer: Observer | None = None
        self._accounts: list[Account] = []
        self._rosters: list[list[int]] = []
        self._record: TargetRecord | None = None
        self._run: Run | None = None
        self._early: list[Tick] | None = None  # of workers that are ready before the record
        self._recorded = 0  # runs
        self._found: Findings | None = None
        master = hasattr(environment.runner, "clients")
        self._link: Link = (
            MasterLink(environment, self._on_tick, self.fail)
            if master
            else LocalLink(environment, self._on_tick)
        )

    def prepare(self) -> None:
        """Start the target, make the accounts, log in once. Raises HarnessError."""
        options = self._options
        our_options.check(options)
        allowed = our_options.mechanisms(options)
        kind, asked = targets.load(options.target, options.via), our_options.target_options(options)
        usability = kind.usable(asked)
        if not usability.usable:
            raise HarnessError(f"{options.target}: {usability.reason}: {usability.remedy}")
        self._target = target = kind(asked)
        self.status.stage(f"starting {options.target}")
        target.start()
        self._provision(options.num_users or SPARE)
        self.status.stage("logging in once to check")
        found = preflight(self._share(0, 1, allowed))
        self._found = found
        if logins := getattr(target, "warm_up_logins", 0):
            self.status.stage(f"warming up with {logins} logins, which do not count")
            warm_up(self._share(0, 1, allowed), logins)
        self._record = record = target_record(
            options.target, target.endpoint(), target.facts(), found
        )
        for user in self._environment.user_classes:  # what Locust shows as the host
            user.host = user.host or f"xmpp://{record.host}:{record.port}"
        record.differences = [*record.differences, *self._left_out(found)]
        if source := statistics_of(target):
            self.status.stage("asking the server for its own statistics")
            self._observer = Observer(source)
            if why := self._observer.first():
                self._do_without_statistics(why)

    def begin(self) -> None:
        """A test starts: sessions to the workers and, when they are ready, a new record."""
        assert self._record is not None  # Locust starts no test before `prepare` is done
        if (self._options.num_users or 0) > len(self._accounts):
            self._provision(self._options.num_users)
        workers = self._link.count()
        our_options.normalise(self._options)
        our_options.check(self._options)
        allowed = our_options.mechanisms(self._options)
        scenario = Path(self._environment.locustfile or "scenario").stem
        repeat = again(self._environment.parsed_locustfiles or [], self._options)
        about = manifest(scenario, self._options, self._record, workers, repeat)
        origin = monotonic()
        digits = secrets.token_hex(2)
        shares = [
            msgspec.structs.replace(self._share(number, workers, allowed), run=digits)
            for number in range(workers)
        ]
        if self.live is not None:
            self.live.begin(
                workers,
                scenario=scenario,
                target=self._in_words(),
                asked=self._options.num_users or 0,
                duration_s=self.duration,
            )
        early: list[Tick] = []
        self._early = early
        try:
            self._link.begin(shares)
            self._run = run = Run(self, RunWriter(self._directory(scenario), about), origin)
        finally:
            self._early = None
        for tick in early:
            run.on_tick(tick)
        self.status.stage(f"logging in {self._options.num_users or ''} users")
        run.start(self._options.drain)

    def spawned(self, user_count: int) -> None:
        """Locust has created its users; their logins may still be under way."""
        if self._run is not None:
            waits = any(getattr(user, "logs_in", True) for user in self._environment.user_classes)
            self._run.expect(user_count if waits else 0)

    def enlarge(self, count: int) -> None:
        """Make accounts for so many users while a test runs, and give them to its workers. Raises
        HarnessError where users have contact lists, which are made before a test."""
        have = len(self._accounts)
        if self._run is None or count <= have:
            return
        if self._rosters:
            raise HarnessError(
                f"there are accounts for {have} users, who know each other: stop, and start anew "
                "with more"
            )
        self._provision(count)
        self._link.enlarge(self._accounts[have:], have)

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
        self._recorded += 1
        self.status.recorded(run.directory)
        if self.live is not None:
            self.live.finish(str(run.directory), outcome)
        if outcome.verdict == "failed":
            self.status.error(outcome.reason)
            self._environment.process_exit_code = 1

    def quit(self) -> None:
        """Locust ends, in whatever way: stop the test if one runs, and the target."""
        try:
            self._environment.runner.stop()
        finally:
            if self._observer is not None:
                self._observer.stop()
            if self._target is not None:
                self._target.stop()

    # What goes wrong.

    def refuse(self, error: Exception) -> None:
        """Say why there will be no test."""
        if not isinstance(error, (HarnessError, PeerError)):
            _log.error("the run cannot begin", exc_info=error)
        self.status.error(failures.in_words(error))

    def abandon(self, error: Exception) -> None:
        """A test can not begin: Locust ends in order with exit code 2. After a test that was
        recorded it stays, as somebody tries again in the web UI."""
        self.refuse(error)
        if not self._recorded:
            self._environment.process_exit_code = 2
            gevent.spawn(self._leave)

    def fail(self, reason: str) -> None:
        """Something happened that nobody foresaw: end the test, if one runs. Does not block."""
        self._environment.process_exit_code = self._environment.process_exit_code or 1
        if self._run is not None:
            self._run.end("failed", reason)
        else:
            self.status.error(reason)

    def _leave(self) -> None:
        """End Locust: its main greenlet waits for the web UI if there is one, else the runner."""
        self._environment.runner.quit()
        if self._environment.web_ui is not None:
            self._environment.web_ui.stop()

    def _orphaned(self) -> None:
        """The command that started us is gone: end as if somebody had pressed Ctrl-C."""
        if self._run is not None:
            self._run.explain("incomplete", "the command that had started the run was killed")
        os.kill(os.getpid(), signal.SIGTERM)

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

    @property
    def observer(self) -> Observer | None:
        """Who asks the server for its own statistics, when it has any."""
        return self._observer

    def stop_test(self) -> None:
        """Stop the test from a greenlet of its own, as the user would."""
        runner = self._environment.runner
        headless = self._options.headless
        gevent.spawn(runner.quit if headless else runner.stop)

    def _on_tick(self, tick: Tick) -> None:
        if self._run is not None:
            self._run.on_tick(tick)
        elif self._early is not None:
            self._early.append(tick)

    def _left_out(self, found: Findings) -> list[str]:
        """What users would do and this server does not offer."""
        wanted = {
            feature: what
            for user in self._environment.user_classes
            for feature, what in getattr(user, "wants", {}).items()
        }
        missing = [f for f in wanted if f not in found.features]
        return [f"without {wanted[f]}: the server does not offer {f}" for f in missing]

    def _do_without_statistics(self, why: str) -> None:
        """Raises HarnessError where the user has said where they are."""
        assert self._observer is not None  # it could not be answered
        assert self._record is not None
        self._observer.stop()
        self._observer = None
        if self._options.target == "external":
            raise HarnessError(f"the server's own statistics (observe in the profile): {why}")
        self._record.differences.append(f"its own statistics could not be had: {why}")

    def _provision(self, count: int) -> None:
        assert self._target is not None
        self.status.stage(f"making {count} accounts")
        self._rosters = self._contacts(count)
        self._accounts = self._target.provision(count, self._rosters)

    def _in_words(self) -> str:
        assert self._record is not None
        server, version = self._record.server or self._record.name, self._record.version
        return f"{server} {version}" if version else server

    def _contacts(self, count: int) -> list[list[int]]:
        for user in self._environment.user_classes:
            maker = getattr(user, "contacts", None)
            if maker is not None:
                return cast("list[list[int]]", maker(count, self._options))
        return []

    def _share(self, number: int, workers: int, allowed: tuple[str, ...]) -> Session:
        assert self._target is not None
        options, found = self._options, self._found
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
            arrivals=options.rate,
            logins=options.login_rate,
            placement=options.placement,
            seed=options.seed,
            login_timeout=options.login_timeout,
            drain=options.drain,
            echoes_presence=found.echoes_presence if found else False,  # until it has been seen
            features=found.features if found else frozenset(),
            rooms=found.rooms if found else None,
        )

    def _directory(self, scenario: str) -> Path:
        if not self._options.run_dir:
            stamp = time.strftime("%Y%m%d-%H%M%S")
            return Path("out") / f"{stamp}-{scenario}-{self._options.target}"
        first = Path(self._options.run_dir)
        # Each start in the web UI after the first one has a directory beside that.
        return first.with_name(f"{first.name}-{self._recorded + 1}") if self._recorded else first
