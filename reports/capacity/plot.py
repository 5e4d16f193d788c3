"""Where the curve lies on its page: everything in percent of a panel's width and height.

Loads are on a logarithmic axis, as they were tried; latencies too, shares on a linear one from 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import msgspec

from harness.record.capacity import Capacity
from reports import limits
from reports.capacity import wording
from reports.capacity.curve import Finding, Point
from reports.wording import amount

Tick = tuple[float, str]
_ROOM = 1.12  # between the outermost points and the panel's edge, as a ratio
_MOST_TICKS = 7
_P99 = "delivery.p99"


class Scale(msgspec.Struct, frozen=True):
    """An axis; values outside are put at its ends."""

    low: float
    high: float
    kind: Literal["log", "linear"]

    def place(self, value: float) -> float:
        """In percent from the low end."""
        if self.kind == "log":
            share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return round(100 * min(1.0, max(0.0, share)), 3)

    def ticks(self) -> list[Tick]:
        """Position and label of each, from the low end."""
        values = _round_log(self.low, self.high) if self.kind == "log" else []
        values = values or _round_linear(self.low, self.high)
        return [(self.place(value), f"{value:,.6g}") for value in values]


class Mark(msgspec.Struct, frozen=True):
    """A point: from the left and from the top."""

    x: float
    y: float
    finding: Finding


class Series(msgspec.Struct, frozen=True):
    """One line. `pieces` are the points of a polyline each: unknown values leave a gap."""

    name: str
    style: str  # a class of the page
    marks: list[Mark]
    pieces: list[str]


class Panel(msgspec.Struct, frozen=True):
    """One figure over load; `text` says in words what it shows."""

    id: str
    title: str
    text: str
    series: list[Series]
    x_ticks: list[Tick]
    y_ticks: list[Tick]  # from the top
    edge: float | None  # the highest load that was met
    objective: float | None  # the limit that the objective sets, from the top
    wide: bool = False


def panels(capacity: Capacity, points: Sequence[Point]) -> list[Panel]:
    """Latency, loss and CPU over load; those of which nothing is known are left out."""
    return [
        panel
        for make in (_latency, _loss, _cpu)
        if (panel := make(_Page(capacity, points))) is not None
    ]


class _Page:
    """What the panels share."""

    def __init__(self, capacity: Capacity, points: Sequence[Point]) -> None:
        self.capacity = capacity
        self.points = points
        self.unit = wording.UNITS[capacity.find]
        loads = [point.load for point in points] or [1.0]
        self.x = Scale(min(loads) / _ROOM, max(loads) * _ROOM, "log")

    def panel(
        self,
        id: str,  # noqa: A002 - HTML's word
        title: str,
        text: str,
        y: Scale,
        *series: Series,
        limit: float | None = None,
    ) -> Panel:
        best = self.capacity.result.load if self.capacity.result else None
        return Panel(
            id=id,
            title=title,
            text=text,
            series=list(series),
            x_ticks=self.x.ticks(),
            y_ticks=[(round(100 - place, 3), label) for place, label in y.ticks()],
            edge=None if best is None else self.x.place(best),
            objective=None if limit is None else round(100 - y.place(limit), 3),
            wide=id == "latency",
        )

    def series(
        self, name: str, style: str, y: Scale, value: Callable[[Point], float | None]
    ) -> Series:
        marks: list[Mark] = []
        pieces: list[list[str]] = [[]]
        for point in self.points:
            known = value(point)
            if known is None:
                pieces.append([])
                continue
            mark = Mark(self.x.place(point.load), round(100 - y.place(known), 3), point.finding)
            marks.append(mark)
            pieces[-1].append(f"{mark.x},{mark.y}")
        drawn = [" ".join(piece) for piece in pieces if len(piece) > 1]
        return Series(name, style, marks, drawn)


def _latency(page: _Page) -> Panel | None:
    p50, p99 = [p.p50_ms for p in page.points], [p.p99_ms for p in page.points]
    known = [value for value in (*p50, *p99) if value]
    if not known:
        return None
    limit = _limit(page.capacity)
    known += [limit] if limit else []
    y = Scale(min(known) / _ROOM, max(known) * _ROOM, "log")
    drawn = " Dashed across: the objective for the 99th percentile." if limit else ""
    return page.panel(
        "latency",
        "Latency (ms, log scale)",
        f"From the planned moment of sending: the median goes from {_ends(p50)} ms and the 99th "
        f"percentile from {_ends(p99)} ms over the loads that were tried.{drawn}",
        y,
        page.series("p50", "s1", y, lambda p: p.p50_ms),
        page.series("p99", "s2", y, lambda p: p.p99_ms),
        limit=limit,
    )


def _loss(page: _Page) -> Panel | None:
    losses = [point.loss for point in page.points]
    known = [loss for loss in losses if loss is not None]
    if not known:
        return None
    y = Scale(0.0, max(known) * _ROOM or 1.0, "linear")
    return page.panel(
        "loss",
        "Lost messages (%)",
        f"Of those sent: from {_ends(losses)} %.",
        y,
        page.series("lost", "s3", y, lambda p: p.loss),
    )


def _cpu(page: _Page) -> Panel | None:
    server = [point.server_cpu for point in page.points]
    own = [point.generator_cpu for point in page.points]
    known = [value for value in (*server, *own) if value is not None]
    if not known:
        return None
    y = Scale(0.0, max(100.0, *known) * _ROOM, "linear")
    said = [f"{name} from {_ends(v)} %" for name, v in (("server", server), ("generator", own))]
    return page.panel(
        "cpu",
        "CPU (% of a core)",
        f"Mean over the load, of the server's processes together and of the generator's busiest "
        f"one: {', '.join(said)}.",
        y,
        page.series("server", "s1", y, lambda p: p.server_cpu),
        page.series("generator", "s2", y, lambda p: p.generator_cpu),
    )


def _limit(capacity: Capacity) -> float | None:
    """The upper limit of the 99th percentile in ms, where the objective has one."""
    for line in capacity.objective:
        if line.metric == _P99 and line.limit.startswith("<"):
            limit = limits.parse(line.metric, line.limit.replace(",", ""))
            return limit.value * limit.factor
    return None


def _ends(values: Iterable[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{amount(known[0])} to {amount(known[-1])}" if known else "unknown"


def _round_log(low: float, high: float) -> list[float]:
    """1, 2 and 5 of each power of ten, or fewer where there is no room; none within a factor 4."""
    if high / low < 4:
        return []
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        values = [step * 10.0**decade for decade in decades for step in steps]
        values = [value for value in values if low <= value <= high]
        if len(values) <= _MOST_TICKS:
            break
    return values


def _round_linear(low: float, high: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, three to six of them."""
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(n * power for n in (1, 2, 5, 10) if n * power >= rough)
    return [n * step for n in range(math.ceil(low / step), math.floor(high / step) + 1)]
