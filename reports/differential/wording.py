"""How differences are put into words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from reports.differential.differences import Differential, Kind, Side, Standing

KINDS: dict[Kind, str] = {
    "meets": "some meet it, others do not",
    "strictness": "all meet it, not all strictly",
    "behaviour": "the same verdict, and not the same is seen",
}


def who(servers: Sequence[str], sides: Sequence[Side]) -> str:
    """Who meets it, and what the others do, e.g. "met by A; B fails"."""
    by: dict[Standing, list[str]] = {}
    for name, side in zip(servers, sides, strict=True):
        by.setdefault(side.standing, []).append(name)
    if len(by) == 1:
        return {
            "meets": "met by all",
            "fails": "met by none",
            "does not offer": "offered by none",
        }.get(next(iter(by)), "not known")
    said = [f"met by {', '.join(by.pop('meets'))}"] if "meets" in by else ["met by none"]
    return "; ".join([*said, *(_others(standing, names) for standing, names in by.items())])


def _others(standing: Standing, names: Sequence[str]) -> str:
    if standing == "does not offer":
        return f"not offered by {', '.join(names)}"
    return (
        f"{standing} for {', '.join(names)}"
        if standing == "not known"
        else (f"{', '.join(names)} fail{'s' if len(names) == 1 else ''}")
    )


def tally(found: Differential) -> list[tuple[str, int, int]]:
    """Requirements by who meets them: the words, how many, how many of them with level MUST."""
    number: Counter[str] = Counter()
    musts: Counter[str] = Counter()
    for difference in found.of_kind("meets"):
        words = who(found.servers, difference.sides)
        number[words] += 1
        musts[words] += difference.level == "MUST"
    return [(words, count, musts[words]) for words, count in number.most_common()]


def inputs(found: Differential) -> str:
    """How far the servers were asked the same."""
    seeds = set(found.seeds)
    said = f"seed {found.seeds[0]}" if len(seeds) == 1 else "not the same seed"
    left = f"; {found.left_out:,} ran on some only" if found.left_out else ""
    return (
        f"{found.cases:,} cases on all servers, {found.same_inputs:,} of {found.generated:,} "
        f"generated ones with the same inputs ({said}){left}"
    )
