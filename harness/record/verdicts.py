"""What the run directory of a conformance run holds. Reports read only this.

manifest.json       one ConformanceManifest, written first; its `kind` tells it from a load run
cases.jsonl         one CaseResult per case, written when the case has ended
requirements.jsonl  one RequirementResult per requirement of the catalogue, written at the end
outcome.json        one ConformanceOutcome, written last; missing when the run was killed
evidence/SLUG/      one directory per case that is not as it should be:
    finding.txt     requirement, expected and actual, in words
    transcript.txt  the wire, with times
    replay.py       says the same to any server; needs Python's standard library only
"""

from __future__ import annotations

from typing import Literal

import msgspec

FORMAT = 1

Verdict = Literal["PASS", "NON-STRICT", "FAIL", "ABSENT", "UNKNOWN"]
"""PASS as the text wants it; NON-STRICT within what it tolerates, or another condition of the
same meaning; FAIL against it; ABSENT the feature is not offered; UNKNOWN we could not tell."""

Close = Literal["CLEAN", "NO-TAG", "OPEN", "ABRUPT"]
"""How the server ended a stream: with its closing tag and then the connection; without the tag;
not at all within its time; by a reset."""

SEVERITY: dict[str, int] = {"PASS": 0, "ABSENT": 1, "NON-STRICT": 2, "UNKNOWN": 3, "FAIL": 4}
CLOSE_SEVERITY: dict[str, int] = {"CLEAN": 0, "NO-TAG": 1, "ABRUPT": 2, "OPEN": 3}

Level = Literal["MUST", "SHOULD", "MAY"]
Observability = Literal["stream", "tls", "s2s", "none"]


class Deviation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A known way in which a server differs: expected, with its reason.

    `observed` names what the failing case sees (the `observed` of a CaseResult), so that a
    requirement that fails in another way than the known one is news.
    """

    requirement: str
    verdict: Verdict
    observed: list[str] = []  # every short form that may be seen; empty: any
    case: str | None = None  # only this case; None: every case of the requirement
    reason: str
    link: str | None = None
    versions: str | None = None  # a version range such as ">=23.0,<24"; None: all


class Requirement(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One requirement of the catalogue. `summary` is in our own words."""

    id: str
    document: str
    section: str
    level: Level
    role: Literal["server", "client", "both"] = "server"
    observability: Observability
    summary: str
    feature: bool = False  # one of the conformance features that the document itself lists
    part_of: str | None = None  # the id of the feature that it belongs to
    conflict: str | None = None  # where the document contradicts itself, and what we hold to
    unbound: str | None = None  # why it has no test although it could be observed


class ConformanceManifest(msgspec.Struct, kw_only=True):
    """What was run against what. Holds no password."""

    kind: Literal["conformance"] = "conformance"
    format: int = FORMAT
    run_id: str
    started: str  # ISO 8601, UTC
    command: list[str]
    target: str  # the target's folder name
    server: str | None = None
    version: str | None = None
    domain: str
    transport: Literal["off", "starttls", "direct"]
    effort: Literal["dev", "ci", "nightly"]
    seed: int
    selected: list[str] = []
    strict: bool = False
    versions: dict[str, str]  # harness, python, hypothesis, pytest


class CaseResult(msgspec.Struct, kw_only=True):
    """One case: a test with one set of parameters, over all its generated examples."""

    case: str  # e.g. "rfc6120/test_04_07_attributes.py::test_id[to-server]"
    requirements: list[str]
    verdict: Verdict
    close: Close | None = None  # the worst way in which a stream of the case was ended
    expected: str = ""  # in words
    observed: str = ""  # in short, e.g. "stream error not-well-formed, closed"
    reason: str = ""  # for UNKNOWN and ABSENT: why
    covered: list[str] = []  # cells of a table of the specification that the case went through
    examples: int = 0
    inputs: list[str] = []  # after each generated example up to a finding: a checksum of all so far
    seconds: float = 0.0
    evidence: str | None = None  # a path relative to the run directory


class RequirementResult(msgspec.Struct, kw_only=True):
    """The worst of a requirement's cases, and whether that was expected."""

    id: str
    document: str
    section: str
    level: Level
    summary: str
    verdict: Verdict | None = None  # None: no case ran
    close: Close | None = None
    cases: int = 0
    expected: str = ""
    observed: str = ""
    evidence: str | None = None
    deviation: str | None = None  # the reason of the deviation that covers it
    unexpected: str | None = None  # why this gates: what is new, and which line to change


class Coverage(msgspec.Struct, kw_only=True):
    """How much of a table of a document the cases of a run have been through, pass or not."""

    document: str
    section: str
    table: str  # what it is about, e.g. "messages"
    cells: int  # all that can be reached
    covered: int
    missing: list[str] = []  # names of the others


class ConformanceOutcome(msgspec.Struct, kw_only=True):
    """How the run ended.

    `verdict`: "expected" (every verdict is as the deviations say), "unexpected" (some are not),
    "incomplete" (interrupted, or the server went away); `reason` says it in one line.
    """

    ended: str
    seconds: float
    verdict: Literal["expected", "unexpected", "incomplete"]
    reason: str
    counts: dict[str, int]  # verdict -> requirements
    unexpected: list[str]  # requirement ids
    coverage: list[Coverage] = []  # of every table that a case of the run is about
