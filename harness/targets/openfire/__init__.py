"""Openfire from its distribution: a private home beside an installation that stays as it is."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.targets import installation
from harness.targets.base import Account, Facts, TargetOptions, Usability
from harness.targets.certificates import Certificates
from harness.targets.local import DOMAIN, Launch, LocalServer, RosterChange, environment
from harness.targets.openfire import config, provisioning
from harness.targets.sources import AdHoc

VARIABLE = "OPENFIRE_HOME"
_PLACES = ("/usr/share/openfire", "/opt/openfire", "/usr/local/openfire")
DISTRIBUTION = installation.Distribution(
    title="Openfire", name="openfire", variable=VARIABLE, proof="lib/startup.jar", java=17
)
# Of the installation these are not a part of the home: what is big and only read, and its data.
_SHARED = ("lib", "jre", "documentation", "embedded-db", "logs", ".install4j")
_SCRIPT = Path("embedded-db") / "openfire.script"


class Openfire(LocalServer):
    """Openfire on loopback, with its embedded database, which it keeps in memory.

    Accounts are written while it stands still: `provision` starts it anew.
    """

    name = "openfire"
    patience_s = 30.0
    warm_up_logins = 300
    port_names = ("c2s", "tls", "admin")

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
            server="Openfire",
            version=_version(installation.find(DISTRIBUTION, _PLACES, self._options)),
            password_store=f"scram-sha-1, {self._verifier.iterations} iterations",
            archive="off",
            differences=[
                "no message archive",
                f"before a load, warmed up by {self.warm_up_logins} logins that do not count",
            ],
        )

    def statistics(self) -> AdHoc:
        """Sessions with presence and the memory that Java uses, by a command of XEP-0133."""
        return AdHoc(
            endpoint=self.endpoint(),
            account=Account("admin", self._admin_password),
            to=DOMAIN,
            node="http://jabber.org/protocol/admin#get-server-stats",
            sessions="sessionsnum",
            figures={"Java memory, MB": "memory"},
        )

    def _configure(self, directory: Path, files: Certificates) -> Launch:
        installed = self._installed()
        home = directory / "home"
        shutil.copytree(installed, home, ignore=_only_at_the_top(installed))
        (home / "conf").mkdir(exist_ok=True)
        (home / "logs").mkdir(exist_ok=True)
        settings = home / "conf" / "openfire.xml"
        settings.unlink(missing_ok=True)
        settings.touch(mode=0o600)
        settings.write_text(
            config.setup(domain=DOMAIN, ports=self.ports, password=self._admin_password)
        )
        security = home / "resources" / "security"
        security.mkdir(parents=True, exist_ok=True)
        config.keystore(files, DOMAIN, security / "keystore")
        lib = installed / "lib"
        return Launch(
            command=[
                *(installation.java(), "-server", installation.HEAP),
                f"-DopenfireHome={home}",
                f"-Dopenfire.lib.dir={lib}",
                f"-Dlog4j.configurationFile={lib / 'log4j2.xml'}",
                "-Djdk.tls.ephemeralDHKeySize=matched",
                *("-jar", str(lib / "startup.jar")),
            ],
            environment=environment(directory, {}),
            logs=[home / "logs" / "openfire.log"],
        )

    def _write(self, users: Sequence[str], changes: Sequence[RosterChange]) -> None:
        if not users and not changes:
            return
        self._stand_still()
        script = self._home() / "home" / _SCRIPT
        try:
            provisioning.change(script, DOMAIN, users, self._verifier, changes)
        finally:
            self._start_again()

    def _installed(self) -> Path:
        home = installation.find(DISTRIBUTION, _PLACES, self._options)
        assert home is not None  # `start` has asked `usable`
        return home.resolve()


def _only_at_the_top(installed: Path) -> Callable[[str, list[str]], set[str]]:
    def ignored(folder: str, names: list[str]) -> set[str]:
        return set(names) & set(_SHARED) if Path(folder) == installed else set()

    return ignored


def _version(home: Path | None) -> str | None:
    """From the name of its library; over XMPP it says it itself (XEP-0092)."""
    found = sorted((home / "lib").glob("xmppserver-*.jar")) if home else []
    stated = re.search(r"xmppserver-(\d[^-]*)", found[-1].name) if found else None
    return stated[1].removesuffix(".jar") if stated else None


TARGET = Openfire
