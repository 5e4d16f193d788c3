"""Child processes: free ports, a private directory, start, watch, last words, end."""

from __future__ import annotations

import random
import re
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from harness.errors import HarnessError

LOOPBACK = "127.0.0.1"
_LOWEST_PORT = 10_240
_QUOTED = 3  # lines of a log
_PLACE_IN_CODE = re.compile(r"\s+at \S+\(|\s*\.\.\. \d+ (more|common)")
_LONGEST_DIRECTORY = 80  # a unix socket's path in it must stay below 107 bytes
# Raises the soft limit of open files in the child itself: a preexec function is unsafe in threads.
_MOST_FILES = 'ulimit -n "$(ulimit -H -n)"; exec "$@"'
# Reads from a pipe that only our process holds. A line says that all is well; its end without one
# is our end, however it came. (The kernel's parent-death signal would be that of a thread.)
_WATCH = (
    'read -r line && exit; kill -s KILL -- "-$1"; rm -rf -- "$2" || { sleep 1; rm -rf -- "$2"; }'
)


def private_directory() -> Path:
    """A new directory, mode 0700, whose path is short enough for unix sockets in it."""
    path = Path(tempfile.mkdtemp(prefix="xh-"))
    if len(str(path)) > _LONGEST_DIRECTORY:
        path.rmdir()
        path = Path(tempfile.mkdtemp(prefix="xh-", dir="/tmp"))
    return path


def free_ports(names: Iterable[str]) -> dict[str, int]:
    """A free loopback TCP port for each name.

    They lie below the range that the kernel uses for outgoing connections, so that a client's
    connection cannot take one before the server has bound it.
    """
    end = _first_ephemeral_port()
    ports: dict[str, int] = {}
    for name in names:
        for port in random.sample(range(_LOWEST_PORT, end), k=200):
            if port not in ports.values() and _bindable(port):
                ports[name] = port
                break
        else:
            raise HarnessError(f"no free TCP port found between {_LOWEST_PORT} and {end}")
    return ports


def accepts(port: int) -> bool:
    """Whether somebody listens on that loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0


def last_lines(files: Iterable[Path]) -> str:
    """The last lines of the first file that has any, in one line of at most 300 characters.

    Blank ones do not count, nor those that say where in a Java program something happened.
    """
    for file in files:
        try:
            with file.open("rb") as log:
                log.seek(max(0, file.stat().st_size - 8192))
                text = log.read().decode(errors="replace")
        except OSError:
            continue
        lines = [line.strip() for line in text.splitlines() if not _PLACE_IN_CODE.match(line)]
        if found := [line for line in lines if line][-_QUOTED:]:
            return " | ".join(found)[-300:]
    return ""


class Child:
    """A server's process in its own session, its output in a file.

    When our process is killed, the server's process group is killed too, and `home` removed.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        directory: Path,
        environment: Mapping[str, str],
        logs: Sequence[Path] = (),
        home: Path | None = None,
    ) -> None:
        """Start `command` in `directory`. `logs` are the files that the server itself writes,
        best first; `home` is the directory that holds all of its files, `directory` by default."""
        self.name = name
        output = directory / "output.log"
        self.logs = [*logs, output]
        self._family: set[psutil.Process] = set()
        with output.open("wb") as sink:
            try:
                self._process = subprocess.Popen(
                    ["/bin/sh", "-c", _MOST_FILES, "sh", *command],
                    cwd=directory,
                    env=dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=sink,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise HarnessError(f"cannot start {name}: {error.strerror}") from None
        try:
            self._watcher = _watcher(self._process.pid, home or directory)
        except OSError as error:
            self._process.kill()
            self._process.wait()
            raise HarnessError(f"cannot watch {name}: {error.strerror}") from None

    def alive(self) -> bool:
        """Whether the main process runs."""
        return self._process.poll() is None

    def pids(self) -> list[int]:
        """The main process and its descendants; empty when the main one has ended."""
        if not self.alive():
            return []
        self._meet_family()
        return [self._process.pid, *(child.pid for child in self._family if child.is_running())]

    def listening(self) -> set[int]:
        """The TCP ports that the main process listens on."""
        try:
            connections = psutil.Process(self._process.pid).net_connections("tcp")
        except psutil.Error:
            return set()
        return {c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN}

    def log_end(self) -> str:
        """The log's last lines, as the end of a sentence."""
        lines = last_lines(self.logs)
        return f"its log ends: {lines}" if lines else "its log is empty"

    def last_words(self) -> str:
        """How it ended, in one line; empty while it runs."""
        code = self._process.poll()
        if code is None:
            return ""
        how = f"by signal {-code}" if code < 0 else f"with code {code}"
        return f"{self.name} ended {how}; {self.log_end()}"

    def terminate(self, patience_s: float) -> None:
        """Ask it to end, wait, then force it; returns when it and its descendants are gone."""
        self._meet_family()
        if self.alive():
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        _, left = psutil.wait_procs(self._family, timeout=2.0)
        for process in left:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(left, timeout=2.0)
        if self._watcher.poll() is None:
            self._watcher.communicate(b"stopped\n")

    def _meet_family(self) -> None:
        """Remember the descendants while the main process lives: later they cannot be found."""
        try:
            self._family.update(psutil.Process(self._process.pid).children(recursive=True))
        except psutil.NoSuchProcess:
            return


def _watcher(group: int, home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", _WATCH, "sh", str(group), str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _first_ephemeral_port() -> int:
    try:
        text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
        first = int(text.split()[0])
    except (OSError, ValueError, IndexError):
        return 32_768
    return first if first > _LOWEST_PORT + 1000 else 65_536


def _bindable(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
