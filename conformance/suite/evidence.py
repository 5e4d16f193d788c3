"""The directory that a case leaves when it is not as it should be."""

from __future__ import annotations

import json
import re
from pathlib import Path

import conformance.news
import conformance.player
from conformance.suite.case import Case
from conformance.wire.transcript import Transcript
from harness.record.verdicts import CaseResult


def slug(case: str) -> str:
    """A directory name for a case."""
    name = case.removesuffix("]").replace(".py::", "-").replace("[", "-")
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")


def write(directory: Path, case: Case, result: CaseResult) -> str:
    """Write finding, transcript and replay under `directory`; the path relative to it."""
    name = f"evidence/{slug(result.case)}"
    folder = directory / name
    folder.mkdir(parents=True, exist_ok=True)
    transcript, reaction = case.transcript, ""
    if case.finding is not None:
        _, transcript, reaction = case.finding
    (folder / "finding.txt").write_text(_words(result), encoding="utf-8")
    (folder / "transcript.txt").write_text(transcript.text(), encoding="utf-8")
    (folder / "replay.py").write_text(_replay(result, transcript, reaction), encoding="utf-8")
    return name


def _words(result: CaseResult) -> str:
    lines = {
        "case": result.case,
        "requirements": ", ".join(result.requirements),
        "verdict": result.verdict,
        "expected": result.expected,
        "observed": result.observed,
        "reason": result.reason,
        "how streams were closed": result.close or "",
    }
    return "".join(f"{name + ':':25}{text}\n" for name, text in lines.items() if text)


def _replay(result: CaseResult, transcript: Transcript, reaction: str) -> str:
    case = {
        "case": result.case,
        "requirements": result.requirements,
        "expected": result.expected,
        "observed": result.observed,
        "reaction": reaction,
        "accounts": transcript.accounts_used(),
        "steps": transcript.steps,
    }
    source = player()
    text = json.dumps(case, indent=1).replace("'''", "\\u0027''")
    return source.replace("\nCASE = None\n", f"\nCASE = r'''{text}'''\n", 1)


def player() -> str:
    """The player's text, with that of the module in it that it imports."""
    source = Path(conformance.player.__file__).read_text(encoding="utf-8")
    words = Path(conformance.news.__file__).read_text(encoding="utf-8")
    body = words[words.index("\n_ROSTER = ") + 1 :]
    return source.replace("from conformance.news import recalled\n", body, 1)
