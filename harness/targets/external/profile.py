"""The TOML profile of a server that somebody else runs, and the accounts that it names."""

from __future__ import annotations

import csv
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from harness.errors import HarnessError
from harness.targets.base import Account, TlsMode


class Pattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`count` accounts whose names are `pattern` with {n} = first, first + 1, ..."""

    pattern: str
    password: str
    count: int
    first: int = 0

    def __repr__(self) -> str:
        return f"Pattern({self.pattern}, {self.count})"


class Observe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the server's own statistics are: a page in the format of OpenMetrics or Prometheus.

    `sessions` is the metric that counts sessions (None: one of those that are known), `figures`
    are others to record.
    """

    openmetrics: str
    sessions: str | None = None
    figures: list[str] = []


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the server is and whose accounts to use.

    `accounts` is a Pattern, the path of a CSV file (`user,password` on each line, no heading),
    or "register". Paths are relative to the profile.
    """

    host: str
    port: int
    domain: str
    accounts: str | Pattern
    tls: TlsMode = "starttls"
    ca: str | None = None
    verify: bool = True
    observe: Observe | None = None


def load(path: Path | None) -> Profile:
    """Read a profile. Raises HarnessError that names the file and the key at fault."""
    if path is None:
        raise HarnessError("the target external needs a profile: name one with --profile FILE.toml")
    try:
        profile = msgspec.toml.decode(path.read_bytes(), type=Profile)
    except OSError as error:
        raise HarnessError(f"cannot read the profile {path}: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise HarnessError(f"profile {path}: {error}") from None
    _check(path, profile)
    if profile.ca is not None:
        profile = msgspec.structs.replace(profile, ca=str(path.parent / profile.ca))
    if not isinstance(profile.accounts, Pattern) and profile.accounts != "register":
        accounts = str(path.parent / profile.accounts)
        profile = msgspec.structs.replace(profile, accounts=accounts)
    return profile


def from_pattern(pattern: Pattern, count: int) -> list[Account]:
    """The first `count` accounts. Raises HarnessError when there are fewer."""
    if count > pattern.count:
        raise _too_few(count, pattern.count, "the profile's accounts.count")
    return [
        Account(pattern.pattern.replace("{n}", str(pattern.first + n)), pattern.password)
        for n in range(count)
    ]


def from_csv(path: Path, count: int) -> list[Account]:
    """The first `count` lines. Raises HarnessError for a bad line, or too few of them."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file) if row]
    except OSError as error:
        raise HarnessError(f"cannot read the accounts in {path}: {error.strerror}") from None
    except (csv.Error, UnicodeDecodeError):
        raise HarnessError(f"{path} is not a CSV file in UTF-8") from None
    for number, row in enumerate(rows, 1):
        if len(row) != 2 or not row[0] or not row[1]:
            raise HarnessError(f"{path}: account {number} is not of the form user,password")
    if count > len(rows):
        raise _too_few(count, len(rows), str(path))
    return [Account(*row) for row in rows[:count]]


def _check(path: Path, profile: Profile) -> None:
    if not 0 < profile.port < 65536:
        raise HarnessError(f"profile {path}: port must lie between 1 and 65535")
    for key in ("host", "domain", "accounts"):
        if not getattr(profile, key):
            raise HarnessError(f"profile {path}: {key} must not be empty")
    if isinstance(profile.accounts, Pattern):
        _check_pattern(path, profile.accounts)
    if profile.observe is not None:
        _check_address(path, profile.observe.openmetrics)


def _check_pattern(path: Path, pattern: Pattern) -> None:
    if "{n}" not in pattern.pattern:
        raise HarnessError(f"profile {path}: accounts.pattern must contain {{n}}")
    if not pattern.password:
        raise HarnessError(f"profile {path}: accounts.password must not be empty")
    for key in ("count", "first"):
        if getattr(pattern, key) < 0:
            raise HarnessError(f"profile {path}: accounts.{key} must not be negative")


def _check_address(path: Path, url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = None
    if not good or parts.username is not None:
        raise HarnessError(
            f"profile {path}: observe.openmetrics must be an address such as "
            "http://127.0.0.1:5280/metrics"
        )


def _too_few(count: int, there: int, source: str) -> HarnessError:
    return HarnessError(
        f"{count} accounts are needed, but {source} gives {there}: "
        f"add {count - there} or ask for {there} users at most"
    )
