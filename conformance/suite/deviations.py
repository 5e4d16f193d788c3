"""Known deviations of a server: data with a reason, in `harness/targets/SERVER/deviations.toml`."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from conformance import catalogue
from conformance.suite.assess import is_wrong
from harness.errors import HarnessError
from harness.record.conformance import ConformanceRun
from harness.record.verdicts import Deviation

TO_BE_EXPLAINED = "to be explained"


class _File(msgspec.Struct, forbid_unknown_fields=True):
    deviation: list[Deviation] = []


def path_for(target: str) -> Path:
    """Where the deviations of a target are kept."""
    return Path(str(files("harness.targets") / target / "deviations.toml"))


def load(path: Path, version: str | None) -> list[Deviation]:
    """The deviations in the file that hold for this version of the server; none without a file.

    Raises HarnessError for what is not a file of deviations.
    """
    if not path.is_file():
        return []
    try:
        found = msgspec.toml.decode(path.read_bytes(), type=_File).deviation
    except msgspec.MsgspecError as error:
        raise HarnessError(f"{path}: {error}") from error
    return [deviation for deviation in found if _holds(deviation, version, path)]


def _holds(deviation: Deviation, version: str | None, path: Path) -> bool:
    if deviation.versions is None:
        return True
    try:
        wanted = SpecifierSet(deviation.versions)
    except InvalidSpecifier:
        raise HarnessError(
            f"{path}: {deviation.requirement}: versions = {deviation.versions!r} is no range: "
            'write for example ">=23.0,<24"'
        ) from None
    try:
        return Version((version or "").split("-")[0].split(" ")[0]) in wanted
    except InvalidVersion:
        return True  # a server that does not tell its version is held to what is known


def accept(path: Path, run: ConformanceRun, server: str) -> int:
    """Append what the run found unexpected to the file, with reasons to be filled in.

    The number of deviations added. Raises HarnessError when the file cannot be written.
    """
    lines = [] if path.exists() else [f"# Known deviations of {server}.\n"]
    known = catalogue.load()
    news = [r for r in run.requirements if r.unexpected and r.verdict not in (None, "PASS")]
    for result in news:
        wrong = [
            case
            for case in run.cases
            if result.id in case.requirements
            and case.verdict == result.verdict
            and is_wrong(known[result.id], case, run.manifest.strict)
        ]
        fields = {
            "requirement": result.id,
            "verdict": result.verdict,
            "observed": sorted({case.observed for case in wrong if case.observed}),
            "reason": TO_BE_EXPLAINED,
        }
        lines.append(f"\n[[deviation]]\n{msgspec.toml.encode(fields).decode()}")
    try:
        with path.open("a", encoding="utf-8") as file:
            file.writelines(lines)
    except OSError as error:
        raise HarnessError(f"cannot write {path}: {error.strerror}") from error
    return len(news)
