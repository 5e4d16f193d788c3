"""The compliance suites of the XMPP Standards Foundation: which categories and levels a run shows.

    documents("im")                  what `--suite im` runs
    claims(table, "im", results)     what the results of that run say

The table is data (2023.toml, after XEP-0479). A provider of a feature is a document; it is met when
every requirement of it with level MUST that was tested is PASS or NON-STRICT. A document that the
catalogue does not have, or of which no such requirement was tested, is not tested, and never counts
as met: a new file in the catalogue is all that it takes. A known deviation does not make a server
comply: its FAIL counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Literal, get_args

import msgspec

from conformance import catalogue
from harness.errors import HarnessError
from harness.record.verdicts import RequirementResult

ADVANCED = "advanced"  # every category at both levels
CORE = "core"  # part of every category (XEP-0479 section 2)
TABLE = Path(__file__).parent / "2023.toml"

Level = Literal["Server", "Advanced Server"]
Standing = Literal["met", "not tested", "UNKNOWN", "ABSENT", "FAIL"]
"""How a provider or a feature stands; from "ABSENT" on, it is missing."""
Reached = Literal["reached", "not reached", "not shown"]
"""`not shown`: nothing is missing as far as could be told, but something was not tested or is
UNKNOWN."""

MISSING: tuple[Standing, ...] = ("ABSENT", "FAIL")
_WORSE: dict[Standing, int] = {name: rank for rank, name in enumerate(get_args(Standing))}


class _Feature(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    levels: list[Level]
    providers: list[str]
    component: bool = False


class _Category(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    name: str
    feature: list[_Feature]


class _Suite(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    title: str


class Table(msgspec.Struct, forbid_unknown_fields=True):
    """One year's suites."""

    suite: _Suite
    category: list[_Category]


class Provider(msgspec.Struct, frozen=True):
    """A document, and the requirements of level MUST that speak against it."""

    document: str
    standing: Standing
    tested: int  # requirements of level MUST
    against: list[str]  # their ids


class Feature(msgspec.Struct, frozen=True):
    """A row of the table; `category` is whose row it is."""

    category: str
    name: str
    standing: Standing
    component: bool
    providers: list[Provider]


class Claim(msgspec.Struct, frozen=True):
    """What may be said of a server: this category, at this level, reached or not."""

    category: str
    level: Level
    reached: Reached
    features: list[Feature]


def load(path: Path = TABLE) -> Table:
    """The table. Raises HarnessError for what is none."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Table)
    except msgspec.MsgspecError as error:
        raise HarnessError(f"{path}: {error}") from error


def wanted(table: Table, name: str) -> list[tuple[_Category, Level]]:
    """What a suite of this name claims: a category as a server, or "advanced".

    Raises HarnessError for a name that there is not.
    """
    if name == ADVANCED:
        levels: tuple[Level, ...] = ("Server", "Advanced Server")
        return [(category, level) for category in table.category for level in levels]
    found = [category for category in table.category if category.id == name]
    if not found:
        names = ", ".join([*(category.id for category in table.category), ADVANCED])
        raise HarnessError(f"there is no compliance suite {name!r}: choose one of {names}")
    return [(category, "Server") for category in found]


def documents(name: str, table: Table | None = None) -> list[str]:
    """The documents of a suite that the catalogue has. Raises HarnessError."""
    known = catalogue.load().titles
    table = table or load()
    providers = {
        provider
        for category, level in wanted(table, name)
        for _, feature in _rows(table, category, level)
        for provider in feature.providers
    }
    return sorted(providers & set(known))


def claims(table: Table, name: str, results: Sequence[RequirementResult]) -> list[Claim]:
    """What the results of a run say about the suite of this name."""
    found = []
    for category, level in wanted(table, name):
        features = [_feature(owner, row, results) for owner, row in _rows(table, category, level)]
        found.append(Claim(category.name, level, _reached(features), features))
    return found


def _rows(table: Table, category: _Category, level: Level) -> Iterable[tuple[_Category, _Feature]]:
    """The rows that a category demands at a level: those of the core, and its own."""
    for owner in table.category:
        if owner.id in (CORE, category.id):
            yield from ((owner, row) for row in owner.feature if level in row.levels)


def _feature(owner: _Category, row: _Feature, results: Sequence[RequirementResult]) -> Feature:
    providers = [_provider(document, results) for document in row.providers]
    standing = _worst(provider.standing for provider in providers)
    return Feature(owner.name, row.name, standing, row.component, providers)


def _provider(document: str, results: Sequence[RequirementResult]) -> Provider:
    own = [result for result in results if result.document == document]
    musts = [result for result in own if result.level == "MUST" and result.verdict is not None]
    standings = {result.id: _standing(result) for result in musts}
    standing = _worst(standings.values()) if musts else "not tested"
    against = [name for name, found in standings.items() if found != "met"]
    return Provider(document, standing, len(musts), against)


def _standing(result: RequirementResult) -> Standing:
    if result.verdict in ("UNKNOWN", "ABSENT", "FAIL"):
        return result.verdict
    return "met"


def _worst(standings: Iterable[Standing]) -> Standing:
    return max(standings, key=_WORSE.__getitem__, default="met")


def _reached(features: Collection[Feature]) -> Reached:
    worst = _worst(feature.standing for feature in features)
    if worst in MISSING:
        return "not reached"
    return "reached" if worst == "met" else "not shown"
