"""Servers that come as an archive: where one was unpacked, and which Java runs it.

The directory is the one that the user names by an option, in a profile or in a variable of the
environment, in this order; without any, the usual places are looked at.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.errors import HarnessError
from harness.targets.base import TargetOptions, Usability

HEAP = "-Xmx1g"
NAMES = ("openfire", "tigase")


class Distribution(msgspec.Struct, frozen=True):
    """What the unpacked archive of a server looks like: `proof` is a file that each one has."""

    title: str
    name: str  # the target's
    variable: str  # of the environment
    proof: str
    java: int  # the oldest major version that runs it


class _Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The profile of a server that we start: one directory, or one for each target's name."""

    installation: str | dict[str, str]


def assign(words: Sequence[str], targets: Sequence[str]) -> dict[str, Path]:
    """The directory of each target, from words of the form DIR or NAME=DIR.

    Raises HarnessError for a word that is for none of these targets, or could be for several.
    """
    found: dict[str, Path] = {}
    for word in words:
        name, directory = _split(word)
        if name is None:
            fitting = [target for target in targets if target in NAMES]
            if len(fitting) > 1:
                raise HarnessError(
                    f"--installation {word} may be that of {' or '.join(fitting)}: "
                    f"write {fitting[0]}={word}"
                )
            name = fitting[0] if fitting else ", ".join(targets)
        if name not in NAMES:
            raise HarnessError(
                f"--installation is for {' and '.join(NAMES)}: {name} is not started from an "
                "unpacked distribution"
            )
        if name not in targets:
            raise HarnessError(f"--installation {word}: {name} is no --target of this command")
        if name in found:
            raise HarnessError(f"--installation names the directory of {name} twice")
        found[name] = Path(directory).expanduser().absolute()
    return found


def find(
    distribution: Distribution, places: Sequence[str], options: TargetOptions | None = None
) -> Path | None:
    """The directory that somebody named, otherwise the first of the usual places that has the
    proof; None when there is none. What was named is not proven. Raises HarnessError for a
    profile that cannot be read."""
    if options and options.installation:
        return options.installation
    if options and options.profile and (named := _from_profile(options.profile, distribution.name)):
        return named
    if variable := os.environ.get(distribution.variable):
        return Path(variable).expanduser()
    return next(
        (Path(place) for place in places if (Path(place) / distribution.proof).is_file()), None
    )


def usability(
    distribution: Distribution, places: Sequence[str], options: TargetOptions | None = None
) -> Usability:
    """Whether there is an installation, and a Java that runs it."""
    home, title = find(distribution, places, options), distribution.title
    naming = f"name the directory by --installation or in {distribution.variable}"
    if home is None:
        looked = ", ".join([distribution.variable, *places])
        return Usability(
            usable=False,
            reason=f"no installation of {title} found (looked at {looked})",
            remedy=f"unpack its distribution and {naming}",
        )
    if not (home / distribution.proof).is_file():
        what = f"has no {distribution.proof}" if home.is_dir() else "is no directory"
        return Usability(
            usable=False,
            reason=f"{home} is no installation of {title}: it {what}",
            remedy=f"unpack its distribution and {naming}",
        )
    found = java_version()
    if found is None or found < distribution.java:
        there = f"Java {found} ({java()})" if found else f"none that runs ({java()})"
        return Usability(
            usable=False,
            reason=f"{title} needs Java {distribution.java} or newer, and there is {there}",
            remedy=f"install a Java {distribution.java} and put it first in PATH, or name it in "
            "JAVA_HOME",
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


def _split(word: str) -> tuple[str | None, str]:
    """Name and directory; a directory may itself hold an equals sign."""
    name, equals, directory = word.partition("=")
    if equals and name.isalnum():
        return name, directory
    return None, word


def _from_profile(path: Path, name: str) -> Path | None:
    try:
        named = msgspec.toml.decode(path.read_bytes(), type=_Profile).installation
    except OSError as error:
        raise HarnessError(f"cannot read the profile {path}: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise HarnessError(f"profile {path} of {name}: {error}") from None
    if isinstance(named, dict):
        if unknown := sorted(set(named) - set(NAMES)):
            raise HarnessError(
                f"profile {path}: installation.{unknown[0]} is for no server that is started "
                f"from an unpacked distribution: these are {' and '.join(NAMES)}"
            )
        named = named.get(name, "")
    return path.parent / Path(named).expanduser() if named else None
