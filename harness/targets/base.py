"""What a target is: a server that can be started, filled with accounts, described and stopped.

A new server is one folder beside this file whose `__init__` exports `TARGET`, a class that
follows the protocol `Target`. `targets.load(name)` finds it by the folder's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, cast

import msgspec

if TYPE_CHECKING:
    from harness.targets.sources import Source

TlsMode = Literal["off", "starttls", "direct"]


class Account(msgspec.Struct, frozen=True):
    """One login. `user` is the localpart; the domain is the endpoint's."""

    user: str
    password: str

    def __repr__(self) -> str:  # a password reaches no log, also by accident
        return f"Account({self.user})"


class Endpoint(msgspec.Struct, frozen=True):
    """Where clients connect, and how they protect the connection."""

    host: str
    port: int
    domain: str
    tls: TlsMode
    ca: str | None = None  # path of a PEM file; None means the system's store
    verify: bool = True


class Usability(msgspec.Struct, frozen=True):
    """Whether a target can run on this machine; if not, `reason` and `remedy` say so in words."""

    usable: bool
    version: str | None = None
    reason: str | None = None
    remedy: str | None = None


class TargetOptions(msgspec.Struct, frozen=True):
    """What the command line says about the target."""

    tls: TlsMode | None = "starttls"  # None: what the profile says
    profile: Path | None = None
    allow_remote: bool = False
    archive: bool = False  # keep every message (XEP-0313); where it can not, `facts` says so
    defects: list[str] = []  # what the embedded server is to do wrong, by name
    installation: Path | None = None  # where a server that has no package was unpacked


class Facts(msgspec.Struct, frozen=True):
    """What stands at the top of every report because it decides the numbers.

    None means not known. `differences` lists what the server cannot do of the stated profile.
    """

    server: str | None = None
    version: str | None = None
    password_store: str | None = None
    archive: str | None = None
    differences: list[str] = []


# For each account, the indexes of the accounts that are its contacts (subscription "both").
Rosters = Sequence[Sequence[int]]


class Target(Protocol):
    """A server under test.

    Life cycle: `usable` -> construct -> `start` -> `provision` -> `endpoint` ... -> `stop`.
    `stop` may be called at any time, more than once, and leaves nothing behind. Every method
    raises HarnessError when the machine or the user is at fault and PeerError when the server is.
    """

    name: str

    @classmethod
    def usable(cls, options: TargetOptions | None = None) -> Usability:
        """Whether it can run here with these options. Starts nothing."""
        ...

    def __init__(self, options: TargetOptions) -> None: ...

    def start(self, timeout_s: float = 60.0) -> None:
        """Start the server and return when it has answered with stream features."""
        ...

    def provision(self, count: int, rosters: Rosters = ()) -> list[Account]:
        """Make `count` accounts (with rosters where given) and return them in order.

        The contact indexes of `rosters` are positions in the returned list.
        """
        ...

    def endpoint(self, tls: TlsMode | None = None) -> Endpoint:
        """Where clients connect, in this TLS mode; None means the mode of the options.

        Raises HarnessError when the server does not have that mode.
        """
        ...

    def facts(self) -> Facts:
        """What is known of the server's configuration without asking it over XMPP."""
        ...

    def stop(self) -> None:
        """Stop the server, wait for its end, remove its files."""
        ...


class Observable(Protocol):
    """Optional: a target whose processes run on this machine."""

    def pids(self) -> list[int]:
        """Process ids of the server, the main one first; empty when it has ended."""
        ...

    def alive(self) -> bool:
        """Whether the main process still runs."""
        ...

    def last_words(self) -> str:
        """How it ended and the last line of its log, in one line, when it is not alive."""
        ...


class ReportsStatistics(Protocol):
    """Optional: a target that says of itself how many sessions it has, and the like."""

    def statistics(self) -> Source | None:
        """Where to ask the started server; None when there is nothing to ask."""
        ...


def statistics_of(target: Target) -> Source | None:
    """Where to ask this target, which has been started; None when it has no statistics."""
    if not hasattr(target, "statistics"):
        return None
    return cast(ReportsStatistics, target).statistics()


class IssuesClientCertificates(Protocol):
    """Optional: a target whose accounts can log in by SASL EXTERNAL (RFC 6120 section 6.3.4)."""

    def client_certificate(self, *names: str, expired: bool = False) -> Path:
        """A certificate that proves these names: a PEM file of key and chain.

        A name is the localpart of an account, or a whole bare JID, which may be of a domain that
        the server does not know. The file is gone after `stop`. Raises HarnessError when the
        server does not run.
        """
        ...
