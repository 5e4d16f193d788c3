"""A server in a container as a target: what `LocalServer` does, with an engine for the process."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, cast

import psutil

from harness.errors import HarnessError
from harness.targets import certificates
from harness.targets.base import Endpoint, Facts, Target, TargetOptions, TlsMode, Usability
from harness.targets.containers import compose, configuration, engine, provisioning
from harness.targets.containers.images import Image
from harness.targets.local import Launch, LocalServer, RosterChange
from harness.targets.process import Child

# Reads from a pipe that only our process holds: a line says that all is well, its end without one
# that we are gone, however it came.
_WATCH = (
    'home=$1; shift; read -r line && exit; docker "$@" down --volumes --timeout 10; '
    'rm -rf -- "$home"'
)
_QUOTED = 3  # lines of a log


class Container(Child):
    """Plays the part of a child process: the main one of a container."""

    def __init__(
        self, name: str, project: engine.Project, ports: Sequence[int], home: Path
    ) -> None:
        self.name, self.project, self._ports, self._home = name, project, set(ports), home
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH, "sh", str(home), *project.words],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            project.up()
        except BaseException:
            self.terminate(0)
            raise

    def alive(self) -> bool:
        """Whether the container runs."""
        return self.project.state()[0]

    def pids(self) -> list[int]:
        """Its processes, where this machine has them; empty behind a virtual machine."""
        main = self.project.local_pid()
        if main is None:
            return []
        try:
            return [main, *(p.pid for p in psutil.Process(main).children(recursive=True))]
        except psutil.Error:
            return []

    def listening(self) -> set[int]:
        """The ports that are published; whether somebody answers there is for a stream to say."""
        return self._ports

    def log_end(self) -> str:
        """The last lines of its log, as the end of a sentence; a copy is kept in our directory."""
        said = self.project.logs(200)
        (self._home / "container.log").write_text(said, encoding="utf-8")
        lines = [line.strip() for line in said.splitlines() if line.strip()][-_QUOTED:]
        return f"its log ends: {' | '.join(lines)[-300:]}" if lines else "its log is empty"

    def last_words(self) -> str:
        """How it ended, in one line; empty while it runs."""
        running, _, code = self.project.state()
        if running:
            return ""
        return f"the container of {self.name} ended with code {code}; {self.log_end()}"

    def terminate(self, patience_s: float) -> None:
        """Stop and remove the container with its network and volumes."""
        try:
            self.project.down()
        finally:
            if self._guard.poll() is None:
                self._guard.communicate(b"stopped\n")


class ContainerServer(LocalServer):
    """A server from its image. Clients reach it at ports that are published on loopback."""

    image: ClassVar[Image]

    def __init__(self, options: TargetOptions) -> None:
        super().__init__(options)
        self._admin_password = secrets.token_urlsafe(18)

    @classmethod
    def usable(cls, options: TargetOptions | None = None) -> Usability:
        """Whether there is an engine that answers."""
        return engine.usability()

    def endpoint(self, tls: TlsMode | None = None) -> Endpoint:
        """As for every local server. Raises HarnessError for connections without TLS where the
        server takes none."""
        if (tls or self._options.tls) == "off" and not self.image.offers_plain_text:
            raise HarnessError(
                f"{self.name} accepts no clients without TLS: use --tls on or --tls direct"
            )
        return super().endpoint(tls)

    def _facts(self) -> Facts:
        on = self._options.archive and self.image.archive
        said = [f"via docker, image {self.image.reference}", *self.image.differences]
        if self.warm_up_logins:
            said.append(
                f"before a load, warmed up by {self.warm_up_logins} logins that do not count"
            )
        return Facts(
            server=self.image.title,
            password_store="scram-sha-1",
            archive="on" if on else "off",
            differences=said,
        )

    def _configure(self, directory: Path, files: certificates.Certificates) -> Launch:
        engine.fetch(self.image.reference, self.image.variable)
        share = directory / "share"
        configuration.write(
            self.image,
            share,
            files,
            archive=self._options.archive,
            iterations=self._verifier.iterations,
            password=self._admin_password,
        )
        file = directory / "compose.yaml"
        file.write_text(compose.text(self.image, share, self.ports), encoding="utf-8")
        return Launch(command=[], environment={}, logs=[directory / "container.log"])

    def _spawn(self, launch: Launch) -> Child:
        home = self._home()
        project = engine.Project(home.name.lower(), self.name, home / "compose.yaml")
        return Container(self.name, project, list(self.ports.values()), home)

    def _write(self, users: Sequence[str], changes: Sequence[RosterChange]) -> None:
        project = cast(Container, self._running()).project
        share = self._home() / "share"
        provisioning.write(self.image, project, share, users, self._verifier, changes)
        known = any(change.owner < len(self._accounts) for change in changes)
        if known and self.name == "prosody":  # it keeps rosters in memory
            project.restart()
            self._wait_until_ready(60.0)


def server_class(image: Image) -> type[Target]:
    """The target that runs this image."""
    members = {
        "name": image.name,
        "image": image,
        "port_names": image.ports,
        "warm_up_logins": image.warm_up_logins,
    }
    return cast(type[Target], type(f"{image.title}Container", (ContainerServer,), members))
