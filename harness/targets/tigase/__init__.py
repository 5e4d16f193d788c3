"""Tigase from its distribution: a private home that borrows the installation's libraries."""

from __future__ import annotations

import re
import secrets
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from harness.errors import HarnessError
from harness.targets import installation
from harness.targets.base import Account, Endpoint, Facts, TargetOptions, TlsMode, Usability
from harness.targets.certificates import Certificates
from harness.targets.local import DOMAIN, Launch, LocalServer, RosterChange, environment
from harness.targets.process import last_lines
from harness.targets.sources import AdHoc
from harness.targets.tigase import config, provisioning

VARIABLE = "TIGASE_HOME"
_PLACES = ("/usr/share/tigase", "/opt/tigase", "/opt/tigase-server", "/usr/local/tigase")
DISTRIBUTION = installation.Distribution(
    title="Tigase", name="tigase", variable=VARIABLE, proof="jars/tigase-server.jar", java=17
)
_SET_UP_S, _IMPORT_S = 180.0, 600.0  # for the database's tools
_SCHEMA = "tigase.db.util.SchemaManager"
_IMPORT = "tigase.db.util.importexport.RepositoryManager"


class Tigase(LocalServer):
    """Tigase on loopback, with its embedded database, which one process at a time may open.

    Accounts are written while it stands still: `provision` starts it anew.
    """

    name = "tigase"
    patience_s = 30.0
    warm_up_logins = 300
    port_names = ("c2s", "tls")

    def __init__(self, options: TargetOptions) -> None:
        super().__init__(options)
        self._admin_password = secrets.token_urlsafe(18)

    @classmethod
    def usable(cls, options: TargetOptions | None = None) -> Usability:
        """Whether there is an installation and a Java that runs it."""
        return installation.usability(DISTRIBUTION, _PLACES, options)

    def _facts(self) -> Facts:
        """Version, password store and archive of this instance."""
        return Facts(
            server="Tigase",
            version=_version(installation.find(DISTRIBUTION, _PLACES, self._options)),
            password_store=f"scram-sha-1, {self._verifier.iterations} iterations",
            archive="off",
            differences=[
                "TLS is required on every connection",
                "no message archive",
                f"before a load, warmed up by {self.warm_up_logins} logins that do not count",
            ],
        )

    def endpoint(self, tls: TlsMode | None = None) -> Endpoint:
        """As for every local server. Raises HarnessError for connections without TLS."""
        if (tls or self._options.tls) == "off":
            raise HarnessError(
                "tigase accepts no clients without TLS: use --tls on or --tls direct"
            )
        return super().endpoint(tls)

    def statistics(self) -> AdHoc:
        """Connections, and the memory that Java uses, by a command of its own."""
        return AdHoc(
            endpoint=self.endpoint(),
            account=Account("admin", self._admin_password),
            to=f"stats@{DOMAIN}",
            node="stats",
            sessions="c2s/Open connections",
            figures={"Java heap, KB": "message-router/Used Heap"},
            own=1,
        )

    def _configure(self, directory: Path, files: Certificates) -> Launch:
        installed = self._installed()
        for name in ("jars", "database"):
            (directory / name).symlink_to(installed / name)
        for name in ("etc", "certs", "logs"):
            (directory / name).mkdir()
        (directory / "etc" / "config.tdsl").write_text(config.text(domain=DOMAIN, ports=self.ports))
        certificate = directory / "certs" / f"{DOMAIN}.pem"
        certificate.touch(mode=0o600)
        # It refuses a chain that does not end in its root.
        chain = files.chain.read_bytes() + files.ca.read_bytes()
        certificate.write_bytes(chain + as_pkcs8(files.key))
        _tool(
            directory,
            _SET_UP_S,
            *(_SCHEMA, "install-schema", "-T", "derby", "-D", config.DATABASE, "-H", "localhost"),
            *("-J", f"admin@{DOMAIN}", "-N", self._admin_password),
        )
        return Launch(
            command=[*_java(), "tigase.server.XMPPServer"],
            environment=environment(directory, {}),
            logs=[directory / "logs" / "tigase-console.log", directory / "logs" / "tigase.log.0"],
        )

    def _write(self, users: Sequence[str], changes: Sequence[RosterChange]) -> None:
        if not users and not changes:
            return
        folder = self._home() / "import"
        folder.mkdir(exist_ok=True)
        provisioning.write(folder, DOMAIN, users, self._verifier, changes)
        self._stand_still()
        try:
            _tool(self._home(), _IMPORT_S, _IMPORT, "import-data", f"--from={folder}")
        finally:
            (folder / provisioning.NAME).unlink()
            self._start_again()

    def _installed(self) -> Path:
        home = installation.find(DISTRIBUTION, _PLACES, self._options)
        assert home is not None  # `start` has asked `usable`
        return home.resolve()


def as_pkcs8(key: Path) -> bytes:
    """The only form in which it reads keys of elliptic curves."""
    known = serialization.load_pem_private_key(key.read_bytes(), None)
    return known.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _java() -> list[str]:
    return [installation.java(), installation.HEAP, "-cp", "jars/*"]


def _tool(directory: Path, timeout_s: float, *arguments: str) -> None:
    """Run one of the server's own tools. Raises HarnessError with the last it said."""
    output = directory / "tool.log"
    with output.open("wb") as sink:
        try:
            done = subprocess.run(
                [*_java(), *arguments],
                cwd=directory,
                env=environment(directory, {}),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise HarnessError(
                f"tigase's {arguments[1]} did not end within {timeout_s:g} s; it said last: "
                f"{last_lines([output])}"
            ) from None
    if done.returncode:
        raise HarnessError(
            f"tigase's {arguments[1]} ended with code {done.returncode}: {last_lines([output])}"
        )


def _version(home: Path | None) -> str | None:
    """What its library says of itself."""
    try:
        with zipfile.ZipFile(home / DISTRIBUTION.proof if home else "") as library:
            about = library.read("META-INF/MANIFEST.MF").decode()
    except (OSError, KeyError, zipfile.BadZipFile):
        return None
    stated = re.search(r"^(?:Implementation|Bundle|Tigase)-Version: *(\S+)", about, re.MULTILINE)
    return stated[1] if stated else None


TARGET = Tigase
