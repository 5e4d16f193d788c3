"""Servers that come as an archive: where one was unpacked, and which Java runs it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from harness.targets.base import Usability

HEAP = "-Xmx1g"


def find(variable: str, places: Sequence[str], proof: str) -> Path | None:
    """The directory that the environment variable names, otherwise the first of the usual places
    that has the file `proof`; None when there is none. What the variable names is not proven."""
    if named := os.environ.get(variable):
        return Path(named)
    return next((Path(place) for place in places if (Path(place) / proof).is_file()), None)


def usability(name: str, variable: str, home: Path | None, proof: str, java: int) -> Usability:
    """Whether there is an installation and a Java of this version or newer."""
    if home is None:
        return Usability(
            usable=False,
            reason=f"no installation of {name} found",
            remedy=f"unpack its distribution and name the directory in {variable}",
        )
    if not (home / proof).is_file():
        return Usability(
            usable=False,
            reason=f"{home} is no installation of {name}: it has no {proof}",
            remedy=f"name the directory of its unpacked distribution in {variable}",
        )
    found = java_version()
    if found is None or found < java:
        return Usability(
            usable=False,
            reason=f"{name} needs Java {java} or newer, and there is "
            + (f"Java {found}" if found else "none"),
            remedy=f"install a Java {java} and put it first in PATH, or name it in JAVA_HOME",
        )
    return Usability(usable=True)


def java() -> str:
    """The java command: that of JAVA_HOME, or the first in PATH."""
    home = os.environ.get("JAVA_HOME")
    own = Path(home) / "bin" / "java" if home else None
    return str(own) if own and own.is_file() else shutil.which("java") or "java"


def java_version() -> int | None:
    """The major version of that command; None where it does not run."""
    try:
        answer = subprocess.run(
            [java(), "-version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    stated = re.search(r'version "(?:1\.)?(\d+)', answer.stderr)
    return int(stated[1]) if stated else None
