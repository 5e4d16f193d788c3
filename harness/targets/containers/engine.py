"""The container engine, spoken to through the command `docker` and its compose plugin."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from harness.errors import HarnessError
from harness.targets.base import Usability

_ASK_S, _PULL_S, _START_S = 60.0, 1800.0, 180.0
_WITHOUT = "the targets that `xmpp-harness targets` calls usable, such as embedded, need none"
_TAKEN = re.compile(r"port is already allocated|address already in use|ports are not available")
_TAKEN_PORT = re.compile(r"127\.0\.0\.1:(\d+)")


def usability() -> Usability:
    """Whether there is an engine that answers, and compose."""
    if shutil.which("docker") is None:
        return _not("no container engine found (there is no docker in PATH)", "install Docker")
    if _run(["compose", "version"]).returncode:
        return _not("docker has no compose plugin", "install docker-compose-plugin")
    answer = _run(["version", "--format", "{{.Server.Version}}"])
    if answer.returncode:
        return _not(
            f"docker's daemon does not answer ({_last(answer.stderr)})",
            "start it, and check that you may use it",
        )
    return Usability(usable=True, version=answer.stdout.strip() or None)


def fetch(reference: str, variable: str) -> None:
    """Have the image here. Raises HarnessError when it cannot be pulled."""
    if _run(["image", "inspect", reference]).returncode == 0:
        return
    answer = _run(["pull", "--quiet", reference], _PULL_S)
    if answer.returncode:
        raise HarnessError(
            f"the image {reference} cannot be pulled: {_last(answer.stderr)}; name another one in "
            f"{variable}"
        )


class Project:
    """One compose file with one service, under a name of its own."""

    def __init__(self, name: str, service: str, file: Path) -> None:
        self.words = ["compose", "--project-name", name, "--file", str(file)]
        self._service = service
        self._container = ""

    def up(self) -> None:
        """Create and start the container. Raises HarnessError when the engine refuses."""
        answer = _run([*self.words, "up", "--detach", "--pull", "never"], _START_S)
        if answer.returncode:
            if _TAKEN.search(answer.stderr):
                port = _TAKEN_PORT.search(answer.stderr)
                which = f"port {port[1]}" if port else "a port"
                raise HarnessError(
                    f"{which} was taken by another process while {self._service} started: try again"
                )
            raise HarnessError(
                f"docker cannot start {self._service}: {_last(answer.stderr or answer.stdout)}"
            )
        self._container = _run([*self.words, "ps", "--all", "--quiet"]).stdout.strip()

    def state(self) -> tuple[bool, int, int]:
        """Whether it runs, its process id on the engine's machine, and its exit code."""
        answer = _run(["inspect", "--format", "{{json .State}}", self._container])
        try:
            state = json.loads(answer.stdout)
            return bool(state["Running"]), int(state["Pid"]), int(state["ExitCode"])
        except (ValueError, KeyError, TypeError):
            return False, 0, -1  # it has been removed

    def local_pid(self) -> int | None:
        """The main process, where the engine's processes are those of this machine."""
        running, pid, _ = self.state()
        if not running or not self._container:
            return None
        try:
            groups = Path(f"/proc/{pid}/cgroup").read_text()
        except OSError:
            return None
        return pid if self._container[:12] in groups else None

    def execute(self, *command: str, user: str | None = None) -> str:
        """What the command in the container prints. Raises HarnessError when it fails."""
        words = ["exec", "-T", *(("--user", user) if user else ()), self._service, *command]
        answer = _run([*self.words, *words], _PULL_S)
        if answer.returncode:
            raise HarnessError(
                f"{command[0]} failed in the container: {_last(answer.stderr or answer.stdout)}"
            )
        return answer.stdout

    def logs(self, lines: int) -> str:
        """The last lines that the server has printed."""
        return _run([*self.words, "logs", "--no-log-prefix", "--tail", str(lines)]).stdout

    def restart(self) -> None:
        """Stop the server in order and start it on the same volumes."""
        answer = _run([*self.words, "restart", self._service], _START_S)
        if answer.returncode:
            raise HarnessError(f"docker cannot restart {self._service}: {_last(answer.stderr)}")

    def down(self) -> None:
        """Stop and remove container, network and volumes."""
        _run([*self.words, "down", "--volumes", "--timeout", "10"], _START_S)


def _run(words: Sequence[str], timeout_s: float = _ASK_S) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["docker", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
            start_new_session=True,  # Ctrl-C is for us: we end it in order
        )
    except subprocess.TimeoutExpired:
        raise HarnessError(f"docker {words[0]} did not end within {timeout_s:g} s") from None
    except OSError as error:
        raise HarnessError(f"cannot run docker: {error.strerror}") from None


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][-300:] if lines else "it said nothing"


def _not(reason: str, remedy: str) -> Usability:
    return Usability(usable=False, reason=reason, remedy=f"{remedy}; {_WITHOUT}")
