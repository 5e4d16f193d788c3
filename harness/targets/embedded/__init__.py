"""The embedded reference server: for a first run without a server, and the generator's floor.

It runs in a process of its own. Nothing measured against it says anything about XMPP servers.

The way of a stanza through the modules: `connection` (bytes, TLS) -> `session` (the stream and
its negotiation) -> `router` (stamps and addresses) -> `messages`, `presence` or `iq`. Presence
subscriptions are in `subscriptions`, the requests that are understood in `roster`, `disco`,
`register`, `bind` and `basics`; `store` holds the accounts, `domain` what sessions share.
`defects` makes a wrong server of it, for tests of the conformance suite.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

import harness
from harness.targets import certificates
from harness.targets.base import Facts, TargetOptions, Usability
from harness.targets.certificates import Certificates
from harness.targets.embedded import control
from harness.targets.embedded.config import Config
from harness.targets.local import DOMAIN, Launch, LocalServer, RosterChange, environment, user
from harness.targets.sources import Control

NAME = "xmpp-harness reference server"
_CONTROL = "control.sock"
_PACKAGES = Path(harness.__file__).parents[1]


class Embedded(LocalServer):
    """The reference server on loopback. It uses one core at most."""

    name = "embedded"
    knows_defects = True
    patience_s = 3.0

    @classmethod
    def usable(cls, options: TargetOptions | None = None) -> Usability:
        """It is a part of this program."""
        return Usability(usable=True, version=harness.__version__)

    def _facts(self) -> Facts:
        """Version, password store and archive."""
        return Facts(
            server=NAME,
            version=harness.__version__,
            password_store="scram (sha-1, sha-256), one shared salt",
            archive="on, in memory" if self._options.archive else "off",
            differences=[f"has the defect {name}" for name in self._options.defects],
        )

    def start(self, timeout_s: float = 60.0) -> None:
        """Start the server. Raises HarnessError for a defect that it does not know."""
        if self._options.defects:
            from harness.targets.embedded import defects  # it imports the whole server

            defects.chosen(self._options.defects)
        super().start(timeout_s)

    def client_certificate(self, *names: str, expired: bool = False) -> Path:
        """A certificate of our authority that proves these accounts' JIDs, or whole bare JIDs."""
        self._running()
        jids = [name if "@" in name else f"{name}@{DOMAIN}" for name in names]
        until = datetime.now(UTC) - timedelta(days=1) if expired else None
        return certificates.client(self._home(), self._certificates, *jids, until=until)

    def statistics(self) -> Control:
        """Its accounts and bound sessions, over the unix socket that it is provisioned through."""
        return Control(str(self._home() / _CONTROL))

    def _configure(self, directory: Path, files: Certificates) -> Launch:
        self.ports.pop("http", None)  # it speaks neither WebSocket nor BOSH
        self._certificates = files
        config = Config(
            domain=DOMAIN,
            port=self.ports["c2s"],
            direct_port=self.ports["tls"],
            certificate=str(files.bundle),
            client_ca=str(files.ca),
            archive=self._options.archive,
            defects=self._options.defects,
            control=str(directory / _CONTROL),
            parent=os.getpid(),
        )
        settings = directory / "embedded.json"
        settings.write_bytes(msgspec.json.encode(config))
        return Launch(
            command=[sys.executable, "-m", __name__, "--config", str(settings)],
            environment=environment(directory, {"PYTHONPATH": str(_PACKAGES)}),
            logs=[],
        )

    def _write(self, users: Sequence[str], changes: Sequence[RosterChange]) -> None:
        request = control.Provision(
            users=list(users),
            password=self._password,
            rosters={
                user(change.owner): [user(contact) for contact in sorted(change.after)]
                for change in changes
            },
        )
        control.provision(self._home() / _CONTROL, request)


TARGET = Embedded
