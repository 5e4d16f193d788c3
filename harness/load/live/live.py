"""A run while it goes on, from the ticks that the coordinator gets anyway.

Each second costs the merging of its histograms; figures are computed when somebody asks, once for
each second. A second is complete when every worker has told of it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from functools import cached_property
from typing import Any

from harness.load.live.figures import Recorded, Second, Server, Snapshot, State, Worker
from harness.load.live.tally import Tally
from harness.load.worker import Tick
from harness.record.model import GeneratorSample, Messages, Outcome, ServerSample, Users

KEPT = 600  # seconds of the lines over time
_MEGABYTE = 1024 * 1024
_PATIENCE = 3  # seconds after which a worker that says nothing is not waited for


class _Process:
    """One worker of ours."""

    def __init__(self) -> None:
        self.sample: GeneratorSample | None = None
        self.cpu_percent = 0.0
        self.seconds = self.saturated = 0
        self.written: Counter[str] = Counter()

    def add(self, tick: Tick, second: bool) -> None:
        """Its tick; `second`: the end of a second of its own."""
        sample, before = tick.sample, self.sample
        if second and before is not None and sample.t > before.t:
            spent = sample.cpu_s - before.cpu_s
            self.cpu_percent = round(100 * spent / (sample.t - before.t), 1)
        self.sample, self.written = sample, Counter(tick.written)
        self.seconds += second
        self.saturated += second and bool(sample.saturated)

    def shown(self, sample: GeneratorSample) -> Worker:
        """For people."""
        return Worker(
            worker=sample.worker,
            cpu_percent=self.cpu_percent,
            cpu_s=sample.cpu_s,
            rss_bytes=round(sample.rss_mb * _MEGABYTE),
            lag_us=round(1000 * sample.lag_ms),
            behind_us=round(1000 * sample.behind_ms),
            backlog_bytes=sample.backlog_bytes,
            saturated=sample.saturated,
            seconds=self.seconds,
            saturated_seconds=self.saturated,
        )


class _State:
    """One run."""

    def __init__(self, number: int, workers: int, facts: dict[str, Any]) -> None:
        self.number, self.workers, self.facts = number, workers, facts
        self.tally = Tally()
        self.processes: dict[int, _Process] = {}
        self.seconds: deque[Second] = deque(maxlen=KEPT)
        self.open: dict[int, set[int]] = {}  # second -> the workers that have told of it
        self.server: Server | None = None
        self.server_before: ServerSample | None = None
        self.progress: dict[str, Any] = {}
        self.over = False

    @property
    def samples(self) -> list[GeneratorSample]:
        return [p.sample for _, p in sorted(self.processes.items()) if p.sample is not None]


class Live:
    """The run that goes on, or the last one; and which ones have been recorded."""

    def __init__(self) -> None:
        self.on_second: Callable[[Live], None] = lambda live: None  # called when one is complete
        self._run = _State(0, 1, {})
        self._recorded: list[Recorded] = []

    def begin(self, workers: int, **facts: Any) -> None:
        """A run begins; `facts` are fields of `Snapshot` that stay: scenario, target ..."""
        self._run = _State(self._run.number + 1, workers, facts)
        self._forget()

    def tick(self, tick: Tick) -> None:
        """A worker's second, or what it says besides."""
        run, sample = self._run, tick.sample
        run.tally.explain(tick.samples)
        run.tally.add(tick.windows, clean=not sample.saturated)
        second = _second(sample.t)
        complete = second is not None and tick.whole
        run.processes.setdefault(sample.worker, _Process()).add(tick, complete)
        self._forget()
        if second is not None and complete:
            told = run.open.setdefault(second, set())
            told.add(sample.worker)
            if len(told) >= run.workers or len(run.open) > _PATIENCE:
                self._complete(second)
                self.on_second(self)

    def server(self, sample: ServerSample) -> None:
        """The server's second."""
        run, before = self._run, self._run.server_before
        passed = sample.t - before.t if before else 0.0
        spent = sample.cpu_s - before.cpu_s if before else 0.0
        run.server_before = sample
        run.server = Server(
            cpu_percent=round(100 * spent / passed, 1) if passed > 0 else 0.0,
            cpu_s=sample.cpu_s,
            rss_bytes=round(sample.rss_mb * _MEGABYTE),
            threads=sample.threads,
            fds=sample.fds,
        )
        self._forget()

    def progress(self, **figures: Any) -> None:
        """What the run says of itself (see `harness.load.run.Run`)."""
        self._run.progress = figures
        self._forget()

    def finish(self, directory: str, outcome: Outcome) -> None:
        """The run is recorded."""
        self._run.over = True
        self._recorded.append(
            Recorded(
                number=self._run.number,
                directory=directory,
                verdict=outcome.verdict,
                reason=outcome.reason,
            )
        )
        self._forget()
        self.on_second(self)

    @cached_property
    def snapshot(self) -> Snapshot:
        """The figures now; the same object until there are others."""
        run = self._run
        ledger = _sum([sample.messages for sample in run.samples], Messages)
        return Snapshot(
            number=run.number,
            state=_state(run),
            load_s=run.progress.get("load_s"),
            settled=run.progress.get("settled", 0),
            users=_sum([sample.users for sample in run.samples], Users),
            stanzas=run.tally.stanzas(),
            latency=run.tally.latency(),
            ledger=ledger,
            pending=ledger.sent - ledger.delivered - ledger.bounced - ledger.lost,
            operations=run.tally.operations(),
            failures=run.tally.failures(),
            server=run.server,
            workers=[run.processes[sample.worker].shown(sample) for sample in run.samples],
            seconds=list(run.seconds),
            recorded=list(self._recorded),
            **{**run.facts, **_asked(run)},
        )

    def _complete(self, t: int) -> None:
        run = self._run
        run.open = {second: told for second, told in run.open.items() if second > t}
        users = _sum([sample.users for sample in run.samples], Users)
        written = sum((process.written for process in run.processes.values()), Counter())
        out, into, latency = run.tally.second(written)
        run.seconds.append(
            Second(
                t=t,
                wanted=_asked(run).get("asked", run.facts.get("asked", users.wanted)),
                online=users.online,
                out=out,
                into=into,
                p50_us=latency.p50_us,
                p99_us=latency.p99_us,
                p999_us=latency.p999_us,
                server_cpu=run.server.cpu_percent if run.server else None,
                server_rss=run.server.rss_bytes if run.server else None,
                generator_cpu=max(process.cpu_percent for process in run.processes.values()),
                saturated=any(sample.saturated for sample in run.samples),
            )
        )

    def _forget(self) -> None:
        self.__dict__.pop("snapshot", None)


def _second(t: float) -> int | None:
    """The second that a tick at `t` ends; None for one that comes before the first has passed."""
    return int(t + 0.5) - 1 if t >= 0.5 else None


def _asked(run: _State) -> dict[str, Any]:
    expected = run.progress.get("expected")
    return {"asked": expected} if expected else {}


def _state(run: _State) -> State:
    if run.over:
        return "finished"
    if not run.number:
        return "ready"
    if run.progress.get("draining"):
        return "draining"
    return "logging in" if run.progress.get("load_s") is None else "load"


def _sum(parts: list[Any], kind: Any) -> Any:
    names = kind.__struct_fields__
    return kind(**{name: sum(getattr(part, name) for part in parts) for name in names})
