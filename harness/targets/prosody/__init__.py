"""Prosody from the Debian package: a private instance, filled through its data store."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from harness.errors import HarnessError
from harness.targets.base import Facts, TargetOptions, Usability
from harness.targets.certificates import Certificates
from harness.targets.local import DOMAIN, Launch, LocalServer, RosterChange, environment
from harness.targets.process import LOOPBACK
from harness.targets.prosody import config, provisioning
from harness.targets.sources import OpenMetrics

_RELOAD_S = 10.0


class Prosody(LocalServer):
    """Prosody on loopback. It uses one core at most."""

    name = "prosody"

    @classmethod
    def usable(cls, options: TargetOptions | None = None) -> Usability:
        """Whether the command is here; the version comes from the package's record."""
        if shutil.which("prosody") is None:
            return Usability(
                usable=False, reason="prosody is not installed", remedy="apt-get install prosody"
            )
        return Usability(usable=True, version=_version())

    def _facts(self) -> Facts:
        """Version, password store and archive of this instance."""
        return Facts(
            server="Prosody",
            version=self.usable().version,
            password_store=f"scram-sha-1, {self._verifier.iterations} iterations",
            archive="on, in files" if self._options.archive else "off",
        )

    def statistics(self) -> OpenMetrics:
        """Its connections and rooms, as it counts them when it is asked (mod_http_openmetrics)."""
        url = f"http://{LOOPBACK}:{self.ports['http']}/metrics"
        return OpenMetrics(url, (config.CONNECTIONS,), {"rooms": config.ROOMS})

    def _configure(self, directory: Path, files: Certificates) -> Launch:
        plugins = directory / "plugins"
        plugins.mkdir()
        (plugins / f"mod_{config.PLUGIN}.lua").write_text(config.plugin(directory))
        (directory / "data").mkdir()
        settings = directory / "prosody.cfg.lua"
        settings.write_text(
            config.text(
                domain=DOMAIN,
                directory=directory,
                ports=self.ports,
                iterations=self._verifier.iterations,
                as_root=os.geteuid() == 0,
                archive=self._options.archive,
            )
        )
        return Launch(
            command=["prosody", "--config", str(settings), "-F"],
            environment=environment(directory, {}),
            logs=[directory / "prosody.log"],
        )

    def _write(self, users: Sequence[str], changes: Sequence[RosterChange]) -> None:
        data = self._home() / "data"
        provisioning.change_rosters(data, DOMAIN, changes)
        provisioning.add_accounts(data, DOMAIN, users, self._verifier)
        if any(change.owner < len(self._accounts) for change in changes):
            self._forget_rosters()

    def _forget_rosters(self) -> None:
        """Have Prosody drop rosters that it holds in memory, and wait until it has."""
        mark = self._home() / config.SIGNAL_FILE
        mark.touch()
        deadline = time.monotonic() + _RELOAD_S
        os.kill(self._running().pids()[0], signal.SIGHUP)
        while mark.exists():
            self._running()
            if time.monotonic() > deadline:
                raise HarnessError(f"prosody did not reload within {_RELOAD_S:g} s")
            time.sleep(0.02)


def _version() -> str | None:
    """Debian's version without its revision. `prosody --version` would start a server."""
    try:
        answer = subprocess.run(
            ["dpkg-query", "--show", "--showformat", "${Version}", "prosody"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.partition("-")[0] or None


TARGET = Prosody
