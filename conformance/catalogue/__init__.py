"""The requirements, as data: TOML files in this folder, one or more for each document.

    catalogue = load()
    catalogue["bind-conflict"].summary
    problems(catalogue, {"bind-conflict": ["rfc6120/test_07_bind.py::test_conflict"]})

A file has a table [document] with id and title, and a table [[requirement]] for each requirement
with the keys of `Requirement` but `document`. A new specification is one more file; a long one
may have several, whose names sort by section.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec

from harness.errors import HarnessError
from harness.record.verdicts import Level, Requirement

FOLDER = Path(__file__).parent
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SECTION = re.compile(r"([1-9][0-9]*|[A-Z])(\.[1-9][0-9]*)*")
_TEXTS = ("summary", "conflict", "unbound")

Bound = Mapping[str, Sequence[str]]
"""Requirement id -> the cases that are bound to it."""

Coverage = dict[Level, list[int]]
"""Level -> [requirements with a case, those that we could observe, all]."""


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    title: str


class _File(msgspec.Struct, forbid_unknown_fields=True):
    document: _Document
    requirement: list[dict[str, Any]] = []


class Catalogue(Mapping[str, Requirement]):
    """Requirement by id, in the order of documents (that of their files) and sections.

    `titles` has the documents; `entries` the requirements as the files have them, duplicates too.
    """

    def __init__(self, titles: Mapping[str, str], entries: Iterable[Requirement]) -> None:
        self.titles = dict(titles)
        self.entries = list(entries)
        documents = list(self.titles)
        ordered = sorted(
            self.entries, key=lambda entry: (documents.index(entry.document), _order(entry.section))
        )
        self.requirements = {entry.id: entry for entry in ordered}

    def __getitem__(self, identifier: str) -> Requirement:
        return self.requirements[identifier]

    def __iter__(self) -> Iterator[str]:
        return iter(self.requirements)

    def __len__(self) -> int:
        return len(self.requirements)


def load(folder: Path = FOLDER) -> Catalogue:
    """Read every file of the folder. Raises HarnessError that names the file and the key."""
    titles: dict[str, str] = {}
    entries: list[Requirement] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            file = msgspec.toml.decode(path.read_bytes(), type=_File)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise HarnessError(f"{path}: {error}") from None
        title = titles.setdefault(file.document.id, file.document.title)
        if title != file.document.title:
            raise HarnessError(f"{path}: another file calls {file.document.id} {title!r}")
        entries += [_requirement(path, file.document.id, table) for table in file.requirement]
    return Catalogue(titles, entries)


def _requirement(path: Path, document: str, table: dict[str, Any]) -> Requirement:
    name = table.get("id", "without id")
    if "document" in table:
        raise HarnessError(f"{path}: requirement {name}: remove `document`, the file has said it")
    try:
        entry = msgspec.convert({**table, "document": document}, Requirement)
    except msgspec.ValidationError as error:
        raise HarnessError(f"{path}: requirement {name}: {error}") from None
    for key in _TEXTS:
        if text := getattr(entry, key):
            setattr(entry, key, " ".join(text.split()))
    return entry


def _order(section: str) -> tuple[tuple[int, str], ...]:
    """Appendices come after sections."""
    words = re.findall(r"\d+|[A-Z]", section)
    return tuple((int(word), "") if word.isdecimal() else (10_000, word) for word in words)


def observable(requirement: Requirement) -> bool:
    """Whether a client of ours can see if a server meets it."""
    return requirement.role != "client" and requirement.observability in ("stream", "tls")


def select(wanted: Iterable[str], catalogue: Catalogue | None = None) -> set[str]:
    """The ids that the wishes mean: each an id, a section, or a document with or without one.

    A section means its subsections too: "4.9", "RFC 6120 4.9". Raises HarnessError for a wish
    that means nothing.
    """
    known = load() if catalogue is None else catalogue
    chosen: set[str] = set()
    for wish in wanted:
        found = {entry.id for entry in known.values() if _is_meant(entry, wish)}
        if not found:
            raise HarnessError(f"no requirement, section or document is called {wish!r}")
        chosen |= found
    return chosen


def _is_meant(entry: Requirement, wish: str) -> bool:
    if wish in (entry.id, entry.document):
        return True
    section = wish.removeprefix(f"{entry.document} ")
    return f"{entry.section}.".startswith(f"{section}.")


def problems(catalogue: Catalogue, bound: Bound) -> list[str]:
    """What is wrong with the catalogue, and with what the tests are bound to; empty if nothing."""
    found = [
        f"{identifier}: {count} requirements have this id"
        for identifier, count in Counter(entry.id for entry in catalogue.entries).items()
        if count > 1
    ]
    previous: dict[str, Requirement] = {}
    for entry in catalogue.entries:
        found += [f"{entry.id}: {fault}" for fault in _faults(entry, catalogue)]
        before = previous.get(entry.document)
        if before and _order(entry.section) < _order(before.section):
            found.append(f"{entry.id}: section {entry.section} comes after {before.section}")
        previous[entry.document] = entry
    found += [
        f"{identifier}: no such requirement, but {cases[0]} is bound to it"
        for identifier, cases in bound.items()
        if cases and identifier not in catalogue
    ]
    for entry in catalogue.values():
        found += [f"{entry.id}: {fault}" for fault in _binding_faults(entry, bound.get(entry.id))]
    return found


def _faults(entry: Requirement, catalogue: Catalogue) -> Iterator[str]:
    if not _SLUG.fullmatch(entry.id):
        yield "an id has lower case letters and digits, joined by hyphens"
    if not _SECTION.fullmatch(entry.section):
        yield f"section {entry.section!r} is not of the form 4.9.1"
    if not entry.summary:
        yield "the summary is empty"
    if entry.part_of is not None:
        feature = catalogue.get(entry.part_of)
        if feature is None:
            yield f"part_of {entry.part_of}: no such requirement"
        elif not feature.feature:
            yield f"part_of {entry.part_of}: that is no feature"


def _binding_faults(entry: Requirement, cases: Sequence[str] | None) -> Iterator[str]:
    if not cases:
        if observable(entry) and not entry.unbound:
            yield "no test is bound to it, and no `unbound` says why"
    elif entry.unbound:
        yield f"`unbound` says why there is no test, but {cases[0]} is bound to it"
    elif not observable(entry):
        yield f"{cases[0]} is bound to it, but no client can observe it: correct one of the two"


def coverage(catalogue: Catalogue, bound: Bound) -> dict[str, Coverage]:
    """Document -> coverage."""
    return {
        document: _count((e for e in catalogue.values() if e.document == document), bound)
        for document in catalogue.titles
    }


def section_coverage(
    catalogue: Catalogue, bound: Bound, depth: int = 2
) -> dict[str, dict[str, Coverage]]:
    """Document -> section -> coverage; a section of more than `depth` numbers counts above it."""
    grouped: dict[str, dict[str, list[Requirement]]] = {name: {} for name in catalogue.titles}
    for entry in catalogue.values():
        section = ".".join(entry.section.split(".")[:depth])
        grouped[entry.document].setdefault(section, []).append(entry)
    return {
        document: {section: _count(entries, bound) for section, entries in sections.items()}
        for document, sections in grouped.items()
    }


def _count(entries: Iterable[Requirement], bound: Bound) -> Coverage:
    levels: Coverage = {level: [0, 0, 0] for level in get_args(Level)}
    for entry in entries:
        counts = levels[entry.level]
        counts[0] += bool(bound.get(entry.id))
        counts[1] += observable(entry)
        counts[2] += 1
    return levels
