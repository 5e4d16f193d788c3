"""The claims of a compliance suite, for people and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import msgspec

from conformance.compliance import MISSING, Claim, Feature, Provider, Table, claims, load
from harness.record.conformance import ConformanceRun

_COLUMNS = 80
_SHOWN = 3  # ids of requirements for each document
_LABEL = 13
_FOOT = (
    "A feature is met when every MUST that was tested of its documents is; what is not tested "
    "never counts. Features marked * may come from a component or plugin, which has to be named."
)


def as_json(run: ConformanceRun, name: str) -> dict[str, Any]:
    """The claims as an object."""
    table = load()
    found: Any = msgspec.to_builtins(claims(table, name, run.requirements))
    return {"suite": table.suite.id, "title": table.suite.title, "name": name, "claims": found}


def render(run: ConformanceRun, name: str) -> str:
    """The claims as text: each category and level, and what is missing, and why."""
    table = load()
    found = claims(table, name, run.requirements)
    blocks = [_head(table, run, found), *(_block(claim) for claim in found)]
    return "\n\n".join([*blocks, textwrap.fill(_FOOT, _COLUMNS)])


def _head(table: Table, run: ConformanceRun, found: Sequence[Claim]) -> str:
    software = [run.manifest.server or run.manifest.target, run.manifest.version or ""]
    lines = [f"{table.suite.title} ({table.suite.id}): {' '.join(filter(None, software))}"]
    for claim in found:
        lines.append(f"  {f'{claim.category} {claim.level}':32}{claim.reached}")
    return "\n".join(lines)


def _block(claim: Claim) -> str:
    lines = [f"{claim.category} {claim.level}: {claim.reached}"]
    for feature in sorted(claim.features, key=lambda f: f.standing != "met"):
        lines += _row(feature, claim.category)
    return "\n".join(lines)


def _row(feature: Feature, category: str) -> list[str]:
    label = "missing" if feature.standing in MISSING else feature.standing
    owner = "" if feature.category == category else f"{feature.category}: "
    star = "*" if feature.component else ""
    why = "; ".join(_why(provider) for provider in feature.providers)
    return textwrap.wrap(
        f"{owner}{feature.name}{star}: {why}",
        _COLUMNS,
        initial_indent=f"  {label}".ljust(_LABEL),
        subsequent_indent=" " * (_LABEL + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _why(provider: Provider) -> str:
    """One document in few words."""
    if provider.standing == "not tested":
        return f"{provider.document} was not tested"
    if provider.standing == "met":
        return provider.document
    if len(provider.against) == provider.tested and provider.standing == "ABSENT":
        return f"{provider.document} ABSENT"
    shown = provider.against[:_SHOWN]
    more = len(provider.against) - len(shown)
    names = ", ".join(shown) + (f" and {more} more" if more else "")
    return (
        f"{provider.document} {provider.standing}: {len(provider.against)} of {provider.tested} "
        f"({names})"
    )
