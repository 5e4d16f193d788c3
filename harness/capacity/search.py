"""What load to try next: a pure function of what was tried.

The search grows the load by `growth` until one is not met, halves the gap between the highest
load that was met and the lowest that was not (on a logarithmic scale) until they lie `tolerance`
apart, and repeats both: the majority of the trials of a load decides. When repeats overturn a
load, the search goes on from there. At any moment all loads that were met lie below all that were
not, because only the two on either side of the gap are ever tried again.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

Outcome = Literal["met", "breached", "blind"]
_DIGITS = 3  # of a load that is tried


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Where to search, and how finely. `whole`: loads are whole numbers (users)."""

    lowest: float
    highest: float | None = None
    tolerance: float = 0.05
    repeats: int = 3
    growth: float = 2.0
    whole: bool = False


class Trial(msgspec.Struct, frozen=True):
    """One load, tried once. "blind": the generator was the limit, so it is not known."""

    load: float
    outcome: Outcome


class Edge(msgspec.Struct, frozen=True):
    """The end of a search: the highest load met, and the lowest that was not.

    `met` None: not even the lowest. `beyond` None: even the highest that was to be tried.
    `blind`: it is not the server that ended it, but the generator.
    """

    met: float | None
    beyond: float | None
    blind: bool = False


def following(bounds: Bounds, trials: Iterable[Trial]) -> float | Edge:
    """The load to try next, or the end."""
    tallies = _tallies(trials)
    undecided = [load for load, tally in tallies.items() if tally.met == tally.missed]
    if undecided:
        return undecided[0]
    end = _edge(tallies)
    wanted = _between(bounds, end)
    if wanted is not None:
        return wanted
    # Noise makes latencies worse and not better: the load beyond is the likelier to be overturned.
    for load in (end.beyond, end.met):
        if load is not None and not tallies[load].settled(bounds.repeats):
            return load
    return end


def so_far(trials: Iterable[Trial]) -> Edge:
    """What is known of the edge, whether or not that is its end."""
    return _edge(_tallies(trials))


def _tallies(trials: Iterable[Trial]) -> dict[float, _Tally]:
    tallies: defaultdict[float, _Tally] = defaultdict(_Tally)
    for trial in trials:
        tallies[trial.load].count(trial.outcome)
    return tallies


def _edge(tallies: Mapping[float, _Tally]) -> Edge:
    met = max((load for load, tally in tallies.items() if tally.ok), default=None)
    beyond = min((load for load, tally in tallies.items() if not tally.ok), default=None)
    return Edge(met, beyond, beyond is not None and tallies[beyond].mostly_blind)


def _between(bounds: Bounds, edge: Edge) -> float | None:
    """A load that was not tried and is worth it; None when the edge is found."""
    met, beyond = edge.met, edge.beyond
    if met is None:
        return bounds.lowest if beyond is None else None
    if beyond is None:
        load = _rounded(met * bounds.growth, bounds)
        load = load if bounds.highest is None else min(load, bounds.highest)
        return load if load > met else None
    if beyond <= met * (1 + bounds.tolerance):
        return None
    middle = _rounded(math.sqrt(met * beyond), bounds)
    return middle if met < middle < beyond else None


def _rounded(load: float, bounds: Bounds) -> float:
    rounded = float(f"{load:.{_DIGITS}g}")
    return float(round(rounded)) if bounds.whole else rounded


class _Tally:
    """The trials of one load."""

    def __init__(self) -> None:
        self.met = 0
        self._breached = 0
        self._blind = 0

    def count(self, outcome: Outcome) -> None:
        self.met += outcome == "met"
        self._breached += outcome == "breached"
        self._blind += outcome == "blind"

    @property
    def missed(self) -> int:
        return self._breached + self._blind

    @property
    def ok(self) -> bool:
        return self.met > self.missed

    @property
    def mostly_blind(self) -> bool:
        """Whether the generator was in the way at least as often as the server."""
        return self._blind >= self._breached

    def settled(self, repeats: int) -> bool:
        """Whether further trials, up to `repeats`, could not change the majority."""
        return 2 * max(self.met, self.missed) > repeats
