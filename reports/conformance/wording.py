"""How a conformance run is put into words: one place for names, signs and hostile text."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from harness.record.conformance import ConformanceRun
from harness.record.verdicts import ConformanceManifest
from reports.wording import UNKNOWN

SIGNS = {"PASS": "✓", "NON-STRICT": "≈", "FAIL": "✗", "ABSENT": "–", "UNKNOWN": "?"}
VERDICTS = {
    "PASS": "as the text wants it",
    "NON-STRICT": "tolerated, or another condition of the same meaning",
    "FAIL": "against the text",
    "ABSENT": "the feature is not offered",
    "UNKNOWN": "we could not tell",
}
CLOSES = {
    "CLEAN": "closing tag, then the connection ended",
    "NO-TAG": "the connection ended without the closing tag",
    "OPEN": "left open beyond its time",
    "ABRUPT": "the connection was reset",
}
REFERENCE_SERVER = "The project's own reference server: no evidence of conformance."
CUT_SHORT = (
    "The run was cut short: these are the verdicts of the cases that had ended, "
    "not compared with the known deviations."
)
REPLAY = "Add --host, --port, --ca and --account as the server needs them; --help explains them."
_TRANSPORTS = {"off": "plaintext", "starttls": "STARTTLS", "direct": "direct TLS"}


def visible(text: str) -> str:
    """The text with everything unprintable escaped, e.g. \\x1b or \\u202e; line ends stay.

    What a server sent must steer neither a terminal nor a page nor an XML parser.
    """
    return "".join(c if c == "\n" or c.isprintable() else _escaped(c) for c in text)


def line(text: str) -> str:
    """The same in one line: line ends within are escaped as well."""
    return visible(text.strip("\n")).replace("\n", _escaped("\n"))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def server(manifest: ConformanceManifest) -> str:
    """The software and its version, with the target's name where it differs."""
    software = line(manifest.server or manifest.target)
    version = f" {line(manifest.version)}" if manifest.version else f", version {UNKNOWN}"
    same = software.lower() == manifest.target.lower()
    return software + version + ("" if same else f" (target {line(manifest.target)})")


def names(runs: Sequence[ConformanceRun]) -> list[str]:
    """A short name for each run, no two alike: software and version, then what tells them apart."""
    short = [
        line(f"{run.manifest.server or run.manifest.target} {run.manifest.version or ''}".rstrip())
        for run in runs
    ]
    longer = [f"{name}, {transport(run.manifest)}" for name, run in zip(short, runs, strict=True)]
    found = [b if short.count(a) > 1 else a for a, b in zip(short, longer, strict=True)]
    return [
        f"{name} ({found[: index + 1].count(name)})" if found.count(name) > 1 else name
        for index, name in enumerate(found)
    ]


def transport(manifest: ConformanceManifest) -> str:
    """How the streams of the run were protected."""
    return _TRANSPORTS[manifest.transport]


def outcome(run: ConformanceRun) -> tuple[str, str]:
    """The run's verdict and the words after it."""
    if run.outcome is None:
        return "incomplete", f"cut short after {len(run.cases):,} cases"
    return run.outcome.verdict, line(run.outcome.reason)


def facts(run: ConformanceRun) -> dict[str, str]:
    """What was run against what, by label."""
    manifest = run.manifest
    covered = coverage(run)
    return {
        "Target": server(manifest),
        "Domain": line(manifest.domain),
        "Transport": transport(manifest),
        "Effort": f"{manifest.effort}, strict" if manifest.strict else manifest.effort,
        "Seed": str(manifest.seed),
        "Selected": line(", ".join(manifest.selected)) or "all cases",
        "Started": line(manifest.started),
        "Duration": f"{run.outcome.seconds:,.0f} s" if run.outcome else UNKNOWN,
        "Cases": f"{len(run.cases):,}",
        **({"Cells": covered} if covered else {}),
        "Versions": line(", ".join(f"{name} {v}" for name, v in manifest.versions.items())),
        "Command": line(shlex.join(manifest.command)),
        "Run directory": line(str(run.directory)),
    }


def coverage(run: ConformanceRun) -> str:
    """How many cells of the documents' own tables the run has been through; "" without any."""
    found = run.outcome.coverage if run.outcome else []
    return "; ".join(
        line(f"{c.document} {c.section} ({c.table}): {c.covered:,} of {c.cells:,}") for c in found
    )


def replay_command(replay: Path, domain: str) -> str:
    """What to type so that the case is said again."""
    return line(shlex.join(["python3", str(replay), "--domain", domain]))
