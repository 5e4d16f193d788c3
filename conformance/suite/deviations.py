"""Known deviations of a server: data with a reason, in `harness/targets/SERVER/deviations.toml`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from harness.errors import HarnessError
from harness.record.verdicts import Deviation, RequirementResult


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


def save(path: Path, results: Sequence[RequirementResult], server: str) -> int:
    """Write what was observed as the deviations of a server, with reasons to be filled in.

    Requirements that are as they should be are left out. The number of deviations.
    """
    lines = [f"# Known deviations of {server}: each needs a reason before anybody relies on it.\n"]
    wrong = [result for result in results if result.unexpected]
    for result in wrong:
        fields = {
            "requirement": result.id,
            "verdict": result.verdict or "UNKNOWN",
            "observed": [result.observed] if result.observed else [],
            "reason": result.deviation or "to be explained",
        }
        table = msgspec.toml.encode(fields).decode()
        lines.append(f"\n[[deviation]]\n{table}")
    path.write_text("".join(lines), encoding="utf-8")
    return len(wrong)
