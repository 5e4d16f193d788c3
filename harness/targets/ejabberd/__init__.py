"""ejabberd from the Debian package: a private instance without ejabberdctl, epmd or root."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from harness.targets.base import Facts, TargetOptions, Usability
from harness.targets.certificates import Certificates
from harness.targets.ejabberd import config, provisioning
from harness.targets.ejabberd.api import Api
from harness.targets.local import DOMAIN, Launch, LocalServer, RosterChange, environment
from harness.targets.sources import EjabberdApi

_LIBRARIES = Path("/usr/lib")
_SOCKET = "api.sock"


class Ejabberd(LocalServer):
    """ejabberd on loopback. Accounts and rosters go into its Mnesia tables as backups."""

    name = "ejabberd"

    @classmethod
    def usable(cls, options: TargetOptions | None = None) -> Usability:
        """Whether Erlang and the package's compiled modules are here."""
        application = _application()
        if application is None or shutil.which("erl") is None:
            return Usability(
                usable=False,
                reason="ejabberd is not installed",
                remedy="apt-get install ejabberd",
            )
        return Usability(usable=True, version=_version(application))

    def _facts(self) -> Facts:
        """Version, password store and archive of this instance."""
        return Facts(
            server="ejabberd",
            version=self.usable().version,
            password_store=f"scram-sha-1, {self._verifier.iterations} iterations",
            archive="on, in Mnesia" if self._options.archive else "off",
        )

    def statistics(self) -> EjabberdApi:
        """Its sessions and Erlang processes, over the API that accounts come in by."""
        return EjabberdApi(str(self._home() / _SOCKET))

    def _configure(self, directory: Path, files: Certificates) -> Launch:
        spool, logs = directory / "spool", directory / "logs"
        spool.mkdir()
        logs.mkdir()
        settings = directory / "ejabberd.yml"
        settings.write_text(
            config.text(
                domain=DOMAIN,
                directory=directory,
                certificate=files.bundle,
                socket=directory / _SOCKET,
                ports=self.ports,
                archive=self._options.archive,
            )
        )
        application = _application()
        libraries = application.parents[2] if application else _LIBRARIES
        log = logs / "ejabberd.log"
        return Launch(
            # No node name: no Erlang distribution, no epmd, no cookie.
            command=[
                *("erl", "+K", "true", "+P", "1000000", "+Q", "131072", "-noinput"),
                *("-mnesia", "dir", f'"{spool}"', "-s", "ejabberd"),
            ],
            environment=environment(
                directory,
                {
                    "EJABBERD_CONFIG_PATH": str(settings),
                    "EJABBERD_LOG_PATH": str(log),
                    "EJABBERD_PID_PATH": str(directory / "ejabberd.pid"),
                    "ERL_LIBS": str(libraries),
                    "ERL_MAX_PORTS": "65536",
                    "ERL_MAX_ETS_TABLES": "1400",
                    "ERL_CRASH_DUMP": str(logs / "erl_crash.dump"),
                },
            ),
            logs=[log],
        )

    def _write(self, users: Sequence[str], changes: Sequence[RosterChange]) -> None:
        directory = self._home()
        with Api(directory / _SOCKET) as api:
            provisioning.add_accounts(api, directory, DOMAIN, users, self._verifier)
            provisioning.change_rosters(api, directory, DOMAIN, changes)


def _application() -> Path | None:
    """The package's application file, .../ejabberd-<version>/ebin/ejabberd.app."""
    found = [
        *_LIBRARIES.glob("*/ejabberd-*/ebin/ejabberd.app"),
        *_LIBRARIES.glob("ejabberd-*/ebin/ejabberd.app"),
    ]
    return max(found, default=None)


def _version(application: Path) -> str | None:
    stated = re.search(r'\{vsn,\s*"([^"-]+)', application.read_text())
    return stated.group(1) if stated else None


TARGET = Ejabberd
