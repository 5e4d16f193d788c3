"""Operations of a run, added up tick by tick."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

from harness.load.live.figures import Failure, Latency, Operation, Percentiles, Stanzas
from harness.record.histogram import Histogram
from harness.record.model import Window

RECENT_S = 10
_MAIN = ("message", "presence", "iq", "roster")  # as `reports.operations.MAIN`
_KINDS = ("chat", "groupchat", "presence", "iq")
_GROUPCHAT = "message.groupchat"
_NO_STANZA = ("login", "turn", "connection")


def percentiles(histogram: Histogram) -> Percentiles:
    """The figures of a histogram."""

    def us(value: float | None) -> int | None:
        return None if value is None else round(1000 * value)

    p50, p99, p999 = map(us, histogram.percentiles_ms(50, 99, 99.9))
    return Percentiles(
        count=len(histogram),
        p50_us=p50,
        p99_us=p99,
        p999_us=p999,
        max_us=us(histogram.max_ms()),
    )


def kind_of(op: str) -> str | None:
    """What kind of stanzas an operation is made of; None for one that is no stanza."""
    first = op.partition(".")[0]
    if first in _NO_STANZA:
        return None
    if first == "message":
        return "groupchat" if op.startswith(_GROUPCHAT) else "chat"
    return first if first == "presence" else "iq"


class _Whole:
    """One operation since the run began."""

    def __init__(self) -> None:
        self.started = self.errors = self.count = 0
        self.planned = False
        self._histogram = Histogram()
        self._latency = Percentiles()  # of as many samples as it counts

    def add(self, histogram: Histogram) -> None:
        """Latencies of a second."""
        self._histogram.add(histogram)

    @property
    def latency(self) -> Percentiles:
        """Of all seconds; logins, for instance, change no more once they have ended."""
        if self._latency.count != len(self._histogram):
            self._latency = percentiles(self._histogram)
        return self._latency


class Tally:
    """Everything that windows say, since a run began."""

    def __init__(self) -> None:
        self._whole: dict[str, _Whole] = {}
        self._clean = Histogram()  # of the main operation, planned, without saturated seconds
        self._second = Histogram()  # of the second that is not complete
        self._recent: deque[Histogram] = deque(maxlen=RECENT_S)
        self._failures: Counter[tuple[str, str]] = Counter()
        self._samples: dict[str, str] = {}
        self._written: Counter[str] = Counter()
        self._now: dict[str, Stanzas] = {}
        self._then: dict[str, tuple[int, int]] = {}
        self.main = _MAIN[0]

    def add(self, windows: Iterable[Window], clean: bool) -> None:
        """A worker's second; `clean`: it was not saturated in it."""
        for window in windows:
            whole = self._whole.setdefault(window.op, _Whole())
            whole.started += window.started
            whole.count += window.count
            for condition, count in window.errors.items():
                whole.errors += count
                self._failures[window.op, condition] += count
            text = window.planned or window.actual
            whole.planned = whole.planned or window.planned is not None
            if text is None:
                continue
            histogram = Histogram.decode(text)
            whole.add(histogram)
            if window.op == self._main():
                self._second.add(histogram)
                if clean:
                    self._clean.add(histogram)

    def explain(self, samples: dict[str, str]) -> None:
        """Texts of errors by condition; the first of each is kept."""
        self._samples = samples | self._samples

    def second(self, written: Counter[str]) -> tuple[int, int, Percentiles]:
        """A second is complete: stanzas out and in during it, and its latencies. `written` counts
        the stanzas that go to many, by kind, since the run began."""
        totals = self._totals(written)
        self._now = {}
        for kind, (out, into) in totals.items():
            before = self._then.get(kind, (0, 0))
            self._now[kind] = Stanzas(
                kind=kind,
                out=out,
                into=into,
                out_per_s=out - before[0],
                into_per_s=into - before[1],
            )
        self._then = totals
        found, self._second = self._second, Histogram()
        self._recent.append(found)
        rates = self._now.values()
        return (
            sum(stanzas.out_per_s for stanzas in rates),
            sum(stanzas.into_per_s for stanzas in rates),
            percentiles(found),
        )

    def stanzas(self) -> list[Stanzas]:
        """By kind; those that the run has none of are left out."""
        return [self._now[kind] for kind in _KINDS if kind in self._now]

    def latency(self) -> Latency:
        """Of the main operation."""
        recent = Histogram()
        for histogram in self._recent:
            recent.add(histogram)
        return Latency(
            op=self.main,
            recent=percentiles(recent),
            recent_s=RECENT_S,
            whole=percentiles(self._clean),
        )

    def operations(self) -> list[Operation]:
        """Those that were seen, by name."""
        return [
            Operation(
                op=op,
                started=whole.started or whole.count + whole.errors,
                errors=whole.errors,
                planned=whole.planned,
                latency=whole.latency,
            )
            for op, whole in sorted(self._whole.items())
        ]

    def failures(self) -> list[Failure]:
        """The most frequent first."""
        return [
            Failure(op=op, condition=name, count=count, sample=self._samples.get(name, ""))
            for (op, name), count in self._failures.most_common()
        ]

    def _main(self) -> str:
        """The operation that latencies are shown of; when another takes over it begins anew."""
        seen = self._whole
        main = next((op for op in _MAIN if op in seen and seen[op].count), _MAIN[0])
        if main != self.main:
            self.main, self._clean, self._second = main, Histogram(), Histogram()
            self._recent.clear()
        return main

    def _totals(self, written: Counter[str]) -> dict[str, tuple[int, int]]:
        totals: dict[str, tuple[int, int]] = {}
        for op, whole in self._whole.items():
            kind = kind_of(op)
            if kind is None:
                continue
            # What goes to many was begun as often as it is to arrive, and written once.
            many = kind in ("groupchat", "presence")
            out = 0 if many else whole.started
            before = totals.get(kind, (written[kind] if many else 0, 0))
            totals[kind] = (before[0] + out, before[1] + whole.count)
        return totals
