"""What a comparison finds: the object that `--json` prints. None, or null: not known."""

from __future__ import annotations

from typing import Literal

import msgspec

Verdict = Literal["same", "better", "worse", "not comparable"]
"""Of the other runs against A. "same" means that no difference was shown."""

Finding = Literal["better", "worse", "same"]
NO_DIFFERENCE = "no difference shown"


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A 95 % interval of the ratio of another group to A; `high` None: without bound.

    `certain`: whether 1 also lies outside the wider interval that the verdict asks for.
    """

    low: float
    high: float | None
    certain: bool


class Figure(msgspec.Struct, kw_only=True):
    """One figure of A and of another group.

    `ratio` is B / A, None where A is zero or something was not measured. `change` is the finding
    in words: faster, slower, higher, lower, more, fewer, or NO_DIFFERENCE.
    """

    metric: str
    unit: str
    headline: bool
    a: float | None = None
    b: float | None = None
    ratio: float | None = None
    interval: Interval | None = None
    change: str = NO_DIFFERENCE
    finding: Finding = "same"


class Pair(msgspec.Struct, kw_only=True):
    """Another group against A. `method` says where its intervals come from."""

    group: str
    verdict: Verdict
    reason: str
    method: str
    figures: list[Figure]


class Group(msgspec.Struct, kw_only=True):
    """Runs that belong together, called A, B ... in the order in which they were given."""

    name: str
    path: str
    runs: list[str]
    server: str
    scenario: str
    parameters: str


class Difference(msgspec.Struct, kw_only=True):
    """Something that the runs do not have in common. `blocks`: so they are not comparable."""

    key: str
    values: dict[str, str]  # of each group
    blocks: bool


class Comparison(msgspec.Struct, kw_only=True):
    """Everything that was found. Without `pairs` when the runs are not comparable."""

    verdict: Verdict
    reason: str
    tolerance: float  # a smaller difference is no finding, e.g. 0.05
    forced: bool
    groups: list[Group]
    differences: list[Difference]
    notices: list[str]
    pairs: list[Pair]
