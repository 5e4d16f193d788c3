"""What every server that we start ourselves has in common; a server's folder adds the rest."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec

from harness.errors import HarnessError, PeerError
from harness.targets import certificates, probe, verifier
from harness.targets.base import (
    Account,
    Endpoint,
    Facts,
    Rosters,
    TargetOptions,
    TlsMode,
    Usability,
)
from harness.targets.external.registration import Registrar
from harness.targets.process import LOOPBACK, Child, accepts, free_ports, private_directory

DOMAIN = "bench.test"
_SERVICES = ("conference", "pubsub", "upload")
_PROBE_S = 2.0
_NO_CONTACTS = "contact lists are empty"


class Launch(msgspec.Struct, frozen=True):
    """How to start a server: the command, its whole environment, the logs that it writes."""

    command: list[str]
    environment: dict[str, str]
    logs: list[Path]


class RosterChange(msgspec.Struct, frozen=True):
    """The contacts of account `owner` (all by index): what they were and what they become."""

    owner: int
    before: frozenset[int]
    after: frozenset[int]


def user(index: int) -> str:
    """The localpart of the account at that index."""
    return f"u{index}"


def why_not(usability: Usability) -> str:
    """Reason and remedy in one line."""
    return f"{usability.reason}: {usability.remedy}"


class LocalServer(ABC):
    """A `Target` and `Observable` whose server is a private child process on loopback.

    All accounts share one random password and one salt: 10,000 verifiers then cost as much as
    one, and a login costs the server the same.
    """

    name: str = ""
    knows_defects: ClassVar[bool] = False
    patience_s: ClassVar[float] = 10.0  # how long the server may take to end after SIGTERM
    warm_up_logins: ClassVar[int] = 0  # before a load, for servers that compile while they run
    port_names: ClassVar[tuple[str, ...]] = ("c2s", "tls", "http")

    def __init__(self, options: TargetOptions) -> None:
        self.ports: dict[str, int] = {}
        self._options = options
        self._directory: Path | None = None
        self._owner = 0
        self._child: Child | None = None
        self._launched: Launch | None = None
        self._epitaph = ""
        self._ca: Path | None = None
        self._password = secrets.token_urlsafe(18)
        self._verifier = verifier.scram_sha1(self._password, verifier.new_salt())
        self._accounts: list[Account] = []
        self._contacts: list[frozenset[int]] = []
        self._registrar: Registrar | None = None  # once the fast way has failed
        self._notes: list[str] = []

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._directory or 'not started'})"

    @classmethod
    @abstractmethod
    def usable(cls, options: TargetOptions | None = None) -> Usability:
        """Whether it can run here with these options. Starts nothing."""

    @abstractmethod
    def _facts(self) -> Facts:
        """What is known of the server's configuration."""

    @abstractmethod
    def _configure(self, directory: Path, files: certificates.Certificates) -> Launch:
        """Write the configuration for `self.ports` and say how to start the server."""

    @abstractmethod
    def _write(self, users: Sequence[str], changes: Sequence[RosterChange]) -> None:
        """Give the running server these new accounts and these changed rosters."""

    def start(self, timeout_s: float = 60.0) -> None:
        """Start the server and return when it has answered with stream features."""
        usability = self.usable(self._options)
        if not usability.usable:
            raise HarnessError(why_not(usability))
        if self._child is not None:
            raise HarnessError(f"{self.name} has been started already")
        if self._options.defects and not self.knows_defects:
            raise HarnessError(f"{self.name} has no switchable defects: use the target embedded")
        self._owner = os.getpid()
        atexit.register(self.stop)
        try:
            self._launch()
            self._wait_until_ready(timeout_s)
        except HarnessError as error:
            kept = self._keep_log()
            self.stop()
            raise HarnessError(f"{error} (all of it in {kept})" if kept else str(error)) from None
        except BaseException:
            self.stop()
            raise

    def facts(self) -> Facts:
        """What is known of the server's configuration."""
        known = self._facts()
        return msgspec.structs.replace(known, differences=[*known.differences, *self._notes])

    def provision(self, count: int, rosters: Rosters = ()) -> list[Account]:
        """Make `count` accounts u0, u1, ... and give them exactly the contacts of `rosters`.

        Contacts should be mutual, as subscription "both" is; an account beyond the end of
        `rosters` gets an empty roster. Called again, it writes only what has changed. Where the
        server does not take accounts in the fast way, they are registered in-band (XEP-0077)
        under other names and without contacts, and `facts` says so.
        """
        _check(count, rosters)
        self._running()
        wanted = [frozenset(contacts) for contacts in rosters]
        wanted += [frozenset()] * (count - len(wanted))
        users = [user(index) for index in range(len(self._accounts), count)]
        known = self._contacts + [frozenset()] * len(users)
        changes = [
            RosterChange(owner, known[owner], contacts)
            for owner, contacts in enumerate(wanted)
            if contacts != known[owner]
        ]
        self._accounts += self._made(users, changes)
        self._contacts = wanted + known[count:]
        return self._accounts[:count]

    def _made(self, users: Sequence[str], changes: Sequence[RosterChange]) -> list[Account]:
        """The accounts of these users, the fast way or, where that has failed, in-band."""
        if self._registrar is None:
            try:
                self._write(users, changes)
                return [Account(name, self._password) for name in users]
            except (OSError, HarnessError) as error:
                self._running()  # raises when the server has ended
                reason = str(error)
            self._notes.append(f"accounts registered in-band, because {reason}")
            self._registrar = Registrar(self.endpoint(), probe.tls_context(self._ca))
        if changes and _NO_CONTACTS not in self._notes:
            self._notes.append(_NO_CONTACTS)
        try:
            return list(self._registrar.register(len(self._accounts), len(users)))
        except PeerError as error:
            raise HarnessError(
                f"{self.name} takes accounts neither the fast way nor in-band: "
                f"{self._notes[0]}; then {error}"
            ) from None

    def endpoint(self, tls: TlsMode | None = None) -> Endpoint:
        """Where clients connect: the TLS port for direct TLS, the other one for both the rest."""
        self._running()
        tls = tls or self._options.tls or "starttls"
        port = self.ports["tls" if tls == "direct" else "c2s"]
        return Endpoint(LOOPBACK, port, DOMAIN, tls, ca=str(self._ca))

    def stop(self) -> None:
        """Stop the server, wait for its end, remove its files; a second call does nothing."""
        if self._owner != os.getpid():
            return  # a forked worker inherits the exit handler, but the server is not its own
        if self._child is not None:
            if self._child.alive():
                self._epitaph = f"{self.name} was stopped"
            else:
                self._epitaph = self._child.last_words()
            self._child.terminate(self.patience_s)
            self._child = None
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None
        self._accounts, self._contacts = [], []
        self._registrar, self._notes = None, []
        atexit.unregister(self.stop)

    def pids(self) -> list[int]:
        """Process ids of the server, the main one first; empty when it has ended."""
        return self._child.pids() if self._child else []

    def alive(self) -> bool:
        """Whether the main process runs."""
        return self._child is not None and self._child.alive()

    def last_words(self) -> str:
        """How it ended and the end of its log, in one line; empty while it runs."""
        if self._child is not None:
            return self._child.last_words()
        return self._epitaph or f"{self.name} has not been started"

    def _launch(self) -> None:
        self._directory = directory = private_directory()
        self.ports = free_ports(self.port_names)
        files = certificates.issue(directory, DOMAIN, *(f"{s}.{DOMAIN}" for s in _SERVICES))
        self._ca = files.ca
        self._launched = self._configure(directory, files)
        self._child = self._spawn(self._launched)

    def _spawn(self, launch: Launch) -> Child:
        return Child(
            self.name,
            launch.command,
            directory=self._home(),
            environment=launch.environment,
            logs=launch.logs,
        )

    def _stand_still(self) -> None:
        """End the server in order, with its files left where they are."""
        self._running().terminate(self.patience_s)

    def _start_again(self, timeout_s: float = 60.0) -> None:
        """Start it anew on the same files and ports, and wait until it is ready."""
        assert self._launched is not None
        self._child = self._spawn(self._launched)
        self._wait_until_ready(timeout_s)

    def _wait_until_ready(self, timeout_s: float) -> None:
        assert self._child is not None  # just launched; whether it lives is asked below
        child = self._child
        deadline = time.monotonic() + timeout_s
        context = probe.tls_context(self._ca)
        waiting_for = "its ports are not open"
        while time.monotonic() < deadline:
            missing = set(self.ports.values()) - child.listening()
            self._refuse_foreign_ports(child, missing)
            if not child.alive():
                raise HarnessError(f"during its start, {child.last_words()}")
            if not missing:
                try:
                    probe.connect(self.endpoint(), context, _PROBE_S).close()
                    child.pids()  # remembers the descendants
                    return
                except PeerError as error:
                    waiting_for = str(error)
            time.sleep(0.05)
        raise HarnessError(
            f"{self.name} was not ready after {timeout_s:g} s ({waiting_for}); {child.log_end()}"
        )

    def _refuse_foreign_ports(self, child: Child, missing: set[int]) -> None:
        """Without this check, a server that is not ours could pass for the one we started."""
        for port in missing:
            if accepts(port) and child.alive() and port not in child.listening():
                raise HarnessError(
                    f"port {port} was taken by another process while {self.name} started: try again"
                )

    def _keep_log(self) -> Path | None:
        """A copy of what the server logged, as its directory goes; the next failure replaces it."""
        if self._directory is None:
            return None
        logs = [*(self._launched.logs if self._launched else ()), *self._directory.glob("*.log")]
        said = next((log for log in logs if log.is_file() and log.stat().st_size), None)
        if said is None:
            return None
        kept = Path("out") / f"failed-start-{self.name}.log"
        try:
            kept.parent.mkdir(exist_ok=True)
            shutil.copyfile(said, kept)
        except OSError:
            return None
        return kept

    def _home(self) -> Path:
        assert self._directory is not None  # it exists as long as the child does
        return self._directory

    def _running(self) -> Child:
        if self._child is None:
            raise HarnessError(self.last_words())
        if not self._child.alive():
            raise HarnessError(self._child.last_words())
        return self._child


def environment(home: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of a server: nothing of ours but the search path and the language."""
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL") if key in os.environ}
    return {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"} | kept | {"HOME": str(home)} | dict(extra)


def _check(count: int, rosters: Rosters) -> None:
    if count < 0:
        raise HarnessError(f"cannot make {count} accounts: ask for 0 or more")
    if len(rosters) > count:
        raise HarnessError(f"{len(rosters)} rosters for {count} accounts: give one each at most")
    for owner, contacts in enumerate(rosters):
        for contact in contacts:
            if not 0 <= contact < count or contact == owner:
                raise HarnessError(
                    f"roster of account {owner} names contact {contact}: it must be another "
                    f"account, below {count}"
                )
