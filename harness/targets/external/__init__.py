"""A server that somebody else runs, described by a profile; it is neither started nor stopped."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from harness.errors import HarnessError
from harness.targets import probe
from harness.targets.base import (
    Account,
    Endpoint,
    Facts,
    Rosters,
    TargetOptions,
    TlsMode,
    Usability,
)
from harness.targets.external import profile
from harness.targets.external.registration import Registrar
from harness.targets.sources import OpenMetrics

_PROBE_S = 10.0


class External:
    """The server of a profile. Rosters cannot be written there, so they are left as they are."""

    name = "external"

    def __init__(self, options: TargetOptions) -> None:
        self._options = options
        self._profile = profile.load(options.profile)
        self._context = probe.tls_context(self._profile.ca, self._profile.verify)
        self._host = self._profile.host
        self._started = False
        self._registrar: Registrar | None = None
        self._registered: list[Account] = []
        self._facts = Facts(differences=[])

    @classmethod
    def usable(cls, options: TargetOptions | None = None) -> Usability:
        """Always: everything that may be wrong is in the profile."""
        return Usability(usable=True)

    def start(self, timeout_s: float = 60.0) -> None:
        """Check that we may load this host and that it answers with stream features.

        Goes through TLS where the profile asks for it, so that an untrusted certificate shows
        here and not in every login.
        """
        if self._options.defects:
            raise HarnessError(
                "a server of somebody else has no switchable defects: use the target embedded"
            )
        local = self._may_use(self._profile.host, self._profile.port)
        if self._profile.observe is not None:
            where = urlsplit(self._profile.observe.openmetrics)
            self._may_use(where.hostname or "", where.port or 80)
        with probe.connect(self._endpoint(), self._context, min(timeout_s, _PROBE_S)) as stream:
            if local:  # localhost may have several addresses, and only one that answers
                self._host = stream.peer
        self._started = True

    def provision(self, count: int, rosters: Rosters = ()) -> list[Account]:
        """The profile's first `count` accounts in its order; with "register", new ones."""
        if count < 0:
            raise HarnessError(f"cannot make {count} accounts: ask for 0 or more")
        if any(rosters):
            self._facts = Facts(differences=["rosters are as the server has them"])
        source = self._profile.accounts
        if isinstance(source, profile.Pattern):
            return profile.from_pattern(source, count)
        if source != "register":
            return profile.from_csv(Path(source), count)
        if not self._started:
            raise HarnessError("start the target external before registering accounts on it")
        if self._registrar is None:
            self._registrar = Registrar(self._endpoint(), self._context)
        first = len(self._registered)
        for account in self._registrar.register(first, max(0, count - first)):
            self._registered.append(account)
        return self._registered[:count]

    def endpoint(self, tls: TlsMode | None = None) -> Endpoint:
        """Where the profile says that clients connect; it knows one port, so one TLS mode."""
        known = self._endpoint()
        if tls not in (None, known.tls):
            raise HarnessError(
                f"the profile of {self._host} says nothing of a port for TLS mode {tls!r}: "
                f"ask for {known.tls!r}, or write a profile of its own"
            )
        return known

    def statistics(self) -> OpenMetrics | None:
        """The page that the profile names."""
        observe = self._profile.observe
        if observe is None:
            return None
        source = OpenMetrics(
            observe.openmetrics,
            figures={name: name for name in observe.figures},
            ca=self._profile.ca,
            verify=self._profile.verify,
        )
        named = observe.sessions
        return msgspec.structs.replace(source, sessions=(named,)) if named else source

    def facts(self) -> Facts:
        """Nothing is known of the server's configuration but what we could not set."""
        return self._facts

    def stop(self) -> None:
        """Does nothing to the server; accounts that were registered stay."""
        self._started = False

    def _may_use(self, host: str, port: int) -> bool:
        """Whether it is this machine. Raises HarnessError for another one without leave."""
        local = _is_loopback(host, port)
        if not local and not self._options.allow_remote:
            raise HarnessError(
                f"{host} is not this machine: if you may put load on it, "
                "say so with --i-am-allowed-to-load-this-host"
            )
        return local

    def _endpoint(self) -> Endpoint:
        known = self._profile
        return Endpoint(
            host=self._host,
            port=known.port,
            domain=known.domain,
            tls=self._options.tls or known.tls,
            ca=known.ca,
            verify=known.verify,
        )


def _is_loopback(host: str, port: int) -> bool:
    """Whether every address of the host is this machine's loopback."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise HarnessError(f"cannot resolve the host name {host}: {error.strerror}") from None
    except UnicodeError:
        raise HarnessError(f"cannot resolve the host name {host}: not a valid name") from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    return all((getattr(a, "ipv4_mapped", None) or a).is_loopback for a in addresses)


TARGET = External
