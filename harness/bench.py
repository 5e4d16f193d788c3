"""`xmpp-harness bench`: runs Locust on a scenario and shows how it goes.

Target, load and record are the business of `harness.load` inside Locust, so that plain
`locust -f scenarios/chat.py` does the same. This module chooses options, follows the status
lines, passes signals on, and writes the report next to the record.
"""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from harness import child, floor, limits, targets
from harness.errors import HarnessError
from harness.progress import Progress
from harness.targets import installation
from harness.terminal import Figures

_WORKERS_S = 30  # how long the generator's processes may take to report for duty


@dataclass(frozen=True)
class Job:
    """What the user asked for."""

    scenario: str
    target: str
    users: int
    rate: str | None
    duration: float
    client: str
    tls: str | None
    processes: int
    profile: Path | None
    allowed: bool
    ui: bool  # Locust's web UI
    out: Path | None
    floor: bool = False  # measure the generator's floor too, unless it is known
    limits: Path | None = None  # what the run must keep
    abort_on: list[str] = field(default_factory=list)  # what makes it hopeless
    extra: list[str] = field(default_factory=list)
    ui_host: str | None = None
    ui_port: int | None = None
    live: bool = False  # figures in the terminal
    prometheus: int | None = None  # the port of an exporter
    installation: list[str] = field(default_factory=list)  # DIR or NAME=DIR
    via: str | None = None  # "docker": the server runs from its image


def run(job: Job) -> tuple[Path, int]:
    """Do it: the run directory (with report.html in it) and the exit code.

    Raises HarnessError when no run came about.
    """
    file = scenario_file(job.scenario)
    targets.load(job.target, job.via)
    unpacked = installation.assign(job.installation, [job.target]).get(job.target)
    gate = limits.gate(job.limits) if job.limits else None
    hopeless = limits.watch(job.abort_on)
    directory = (
        job.out or Path("out") / f"{time.strftime('%Y%m%d-%H%M%S')}-{file.stem}-{job.target}"
    )
    if (directory / "manifest.json").exists():
        raise HarnessError(f"{directory} already holds a run: choose another --out")
    created = not directory.exists()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        log = (directory / "locust.log").open("wb")
    except OSError as error:
        raise HarnessError(f"cannot write to {directory}: {error.strerror}") from error
    more: list[Path] = []  # runs that were begun in the web UI
    with log:
        look = partial(hopeless, directory)
        command = _command(job, file, directory, unpacked)
        error_line, code, aborted = _follow(command, log, job, look, more.append)
    if not (directory / "manifest.json").is_file():
        why = error_line or f"the load generator ended with code {code}: {_last_line(directory)}"
        if created:
            shutil.rmtree(directory)
        else:
            (directory / "locust.log").unlink()
        raise HarnessError(why)
    if error_line:
        print(f"xmpp-harness: {error_line}", file=sys.stderr)
    if aborted:
        _say_why(directory, aborted)
    elif job.floor:
        _add_floor(job, directory)
    for run in {directory, *more}:
        _write_html(run)
    code = _exit_code(directory, code)
    if gate and not all(check.ok for check in gate(directory)):
        code = code or 1
    return directory, code


def scenario_file(name: str) -> Path:
    """The locustfile of that name or path. Raises HarnessError when there is none."""
    if name.endswith(".py"):
        path = Path(name)
        if not path.is_file():
            raise HarnessError(f"there is no scenario file {name}")
        return path
    spec = find_spec("scenarios")
    folder = Path(spec.submodule_search_locations[0]) if spec else Path("scenarios")  # type: ignore[index]
    known = sorted(file.stem for file in folder.glob("[a-z]*.py"))
    if name not in known:
        raise HarnessError(
            f"unknown scenario {name!r}: choose one of {', '.join(known)}, or a path ending in .py"
        )
    return folder / f"{name}.py"


def _command(job: Job, file: Path, directory: Path, unpacked: Path | None) -> list[str]:
    options: dict[str, Any] = {
        "--target": job.target,
        "--users": job.users,
        "--spawn-rate": job.users,  # created at once; the login plan spreads the logins
        "--duration": job.duration,
        "--client": job.client,
        "--run-dir": directory,
        "--rate": job.rate,
        "--tls": job.tls,
        "--target-profile": job.profile,
        "--installation": unpacked,
        "--via": job.via,
        "--loglevel": "WARNING",
        "--exit-code-on-error": 0,
        "--web-host": job.ui_host,
        "--web-port": job.ui_port,
        "--prometheus": job.prometheus,
    }
    command = [sys.executable, "-m", "locust", "-f", str(file), "--only-summary"]
    for name, value in options.items():
        if value is not None:
            command += [name, str(value)]
    if job.allowed:
        command.append("--i-am-allowed-to-load-this-host")
    if job.processes > 1:
        port = str(_free_port())
        command += ["--processes", str(job.processes), "--master-bind-host", "127.0.0.1"]
        command += ["--master-bind-port", port, "--master-port", port]
        command += ["--expect-workers-max-wait", str(_WORKERS_S)]
    if job.live:
        command.append("--live-status")
    if job.ui:
        command.append("--autostart")
    else:
        command.append("--headless")
    return command + job.extra


def _follow(
    command: list[str],
    log: BinaryIO,
    job: Job,
    hopeless: Callable[[], str | None],
    on_recorded: Callable[[Path], None],
) -> tuple[str | None, int, str | None]:
    """Run the command to its end, showing its status: its error line, its exit code, and why it
    was ended early."""
    aborted = None
    with (Figures if job.live else Progress)(job.users, job.duration) as progress:

        def show(status: dict[str, Any], stop: Callable[[], None]) -> None:
            nonlocal aborted
            if job.ui and "error" in status:  # the web UI stays after the run
                progress.say(status["error"])
            if "recorded" in status:
                on_recorded(Path(status["recorded"]))
            progress.show(status)
            under_load = status.get("load_s") is not None
            if under_load and not aborted and (aborted := hopeless()):
                progress.say(aborted)
                stop()

        error, code = child.follow(
            command,
            log,
            show,
            stop_signal=signal.SIGTERM,
            on_stop=lambda: progress.say("stopping; the report follows (twice more to kill)"),
        )
    return error, code, aborted


def _exit_code(directory: Path, code: int) -> int:
    outcome = directory / "outcome.json"
    if not outcome.is_file():
        return 1
    verdict = json.loads(outcome.read_text())["verdict"]
    return code if verdict == "ok" and code >= 0 else 1


def _say_why(directory: Path, reason: str) -> None:
    """To the record it was a signal that ended the run."""
    path = directory / "outcome.json"
    if path.is_file():
        outcome = json.loads(path.read_text())
        path.write_text(json.dumps(outcome | {"reason": reason}, indent=2))


def _add_floor(job: Job, directory: Path) -> None:
    """The same load on the embedded target, beside the record; without it the run is as good."""
    try:
        found = floor.measure(job, run)
    except HarnessError as error:
        print(f"xmpp-harness: {error}", file=sys.stderr)
        return
    (directory / "floor.json").write_bytes(msgspec.json.encode(found))


def _write_html(directory: Path) -> None:
    import reports  # late: the library does not depend on its reports

    (directory / "report.html").write_text(reports.render(directory, "html"), encoding="utf-8")


def _last_line(directory: Path) -> str:
    lines = (directory / "locust.log").read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
