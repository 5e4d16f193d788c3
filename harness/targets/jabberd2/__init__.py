"""jabberd2 from the Debian package: a private instance of its router, session manager and c2s.

The router passes stanzas between c2s, to which clients connect, and the session manager, which
has the rosters and sessions. Each is one process of one thread.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from harness.targets import certificates
from harness.targets.base import Facts, TargetOptions, Usability
from harness.targets.jabberd2 import config, provisioning
from harness.targets.jabberd2.processes import BACKING, MAIN, Processes, command, program
from harness.targets.local import DOMAIN, Launch, LocalServer, RosterChange, environment
from harness.targets.process import free_ports, private_directory

_PORTS = ("c2s", "tls", "router")
_SYSTEM_PROGRAMS = "/usr/local/sbin:/usr/sbin"  # an ordinary user's search path lacks them
_DIFFERENCES = (
    "SCRAM from clear text: a fresh salt for each login, which the server pays for",
    "no stream management",
    "no message carbons",
    "no client state indication",
    "no message archive",
    "no multi-user chat",
    "no publish-subscribe",
    "presence is not sent back to the resource that it comes from",
    "sockets without TCP_NODELAY, so that at low rates a reply may take 40 ms longer",
)


class Jabberd2(LocalServer):
    """jabberd2 on loopback. Accounts and rosters go into its SQLite database.

    c2s knows its clients by the numbers of their sockets. When a new client gets the number of one
    that has just left, the session manager's last packet for the former makes c2s end the stream
    of the new one with <internal-server-error/>: where clients come and go, some logins fail.
    """

    name = "jabberd2"

    @classmethod
    def usable(cls, options: TargetOptions | None = None) -> Usability:
        """Whether its programs and the script that makes its database are here."""
        programs = [program(part) for part in (MAIN, *BACKING)]
        if not all(shutil.which(name, path=_search_path()) for name in programs):
            return Usability(
                usable=False, reason="jabberd2 is not installed", remedy="apt-get install jabberd2"
            )
        if not provisioning.SCHEMA.is_file():
            return Usability(
                usable=False,
                reason=f"{provisioning.SCHEMA}, from which jabberd2's tables are made, is missing",
                remedy="apt-get install --reinstall "
                f"-o Dpkg::Options::=--path-include={provisioning.SCHEMA} jabberd2",
            )
        return Usability(usable=True, version=_version())

    def _facts(self) -> Facts:
        """Version, password store, archive, and what it lacks that the other servers have."""
        return Facts(
            server="jabberd2",
            version=self.usable().version,
            password_store="clear text",
            archive="off",
            differences=list(_DIFFERENCES),
        )

    def _launch(self) -> None:
        """As for every local server, but with three processes and a port between them."""
        self._directory = directory = private_directory()
        self.ports = free_ports(_PORTS)
        files = certificates.issue(directory, DOMAIN)
        self._ca = files.ca
        launch = self._configure(directory, files)
        self._child = Processes(directory, launch.environment, self.ports["router"])

    def _configure(self, directory: Path, files: certificates.Certificates) -> Launch:
        contents = config.files(
            domain=DOMAIN,
            certificate=files.bundle.name,
            ports=self.ports,
            secret=secrets.token_urlsafe(18),
        )
        for name, text in contents.items():
            file = directory / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        provisioning.create(directory / config.DATABASE)
        return Launch(
            command=command(MAIN),
            environment=environment(directory, {"PATH": _search_path()}),
            logs=[],
        )

    def _write(self, users: Sequence[str], changes: Sequence[RosterChange]) -> None:
        with provisioning.transaction(self._home() / config.DATABASE) as connection:
            provisioning.add_accounts(connection, DOMAIN, users, self._password)
            provisioning.change_rosters(connection, DOMAIN, changes)


def _search_path() -> str:
    return f"{os.environ.get('PATH', os.defpath)}:{_SYSTEM_PROGRAMS}"


def _version() -> str | None:
    """What stands in the help text: there is no option that says it alone."""
    try:
        answer = subprocess.run(
            [program(MAIN), "-h"],
            env={"PATH": _search_path()},
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    stated = re.search(r"\((\d[^)\s]*)\)", answer.stdout)
    return stated.group(1) if stated else None


TARGET = Jabberd2
