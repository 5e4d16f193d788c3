"""Where ratios and their intervals lie on a common logarithmic axis, in percent of its width."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from reports.compare.figures import Figure

_NARROWEST, _WIDEST = 1.25, 16.0  # the axis reaches from 1 / this to this
_MARGIN = 1.06
_TICKS = {1.4: (1.1, 1.25), 2.5: (1.25, 1.5, 2.0), _WIDEST: (2.0, 5.0, 10.0)}  # up to a reach


class Mark(msgspec.Struct, frozen=True):
    """One figure on the axis. `open_low`, `open_high`: the interval goes on beyond the axis."""

    point: float | None
    low: float
    high: float
    open_low: bool
    open_high: bool


class Scale(msgspec.Struct, frozen=True):
    """An axis from 1 / `reach` to `reach`, with 1 in its middle."""

    reach: float

    def position(self, ratio: float) -> float:
        """In percent from the left, cut at the ends."""
        if ratio <= 0:
            return 0.0
        share = math.log(ratio) / math.log(self.reach)
        return round(50 + 50 * max(-1.0, min(1.0, share)), 3)

    def ticks(self) -> list[tuple[float, str]]:
        """Position and label of each; as far from 1 to the left as to the right."""
        wanted = next(ticks for reach, ticks in _TICKS.items() if self.reach <= reach)
        shown = [tick for tick in wanted if tick <= self.reach]
        ratios = [*(1 / tick for tick in reversed(shown)), 1.0, *shown]
        return [(self.position(ratio), _label(ratio)) for ratio in ratios]

    def mark(self, figure: Figure) -> Mark | None:
        """The figure's place; None without an interval."""
        interval = figure.interval
        if interval is None:
            return None
        high = math.inf if interval.high is None else interval.high
        return Mark(
            point=None if figure.ratio is None else self.position(figure.ratio),
            low=self.position(interval.low),
            high=self.position(high),
            open_low=interval.low < 1 / self.reach,
            open_high=high > self.reach,
        )


def scale(figures: Iterable[Figure]) -> Scale:
    """The axis that holds all these figures, unless they are very far from 1."""
    reach = _NARROWEST
    for figure in figures:
        if figure.interval is not None:
            ends = (figure.interval.low, figure.interval.high or 0.0)
            reach = max([reach, *(max(end, 1 / end) * _MARGIN for end in ends if end > 0)])
    return Scale(min(reach, _WIDEST))


def _label(ratio: float) -> str:
    return f"{ratio:.2f}".rstrip("0").rstrip(".")
