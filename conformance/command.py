"""`xmpp-harness conformance`: runs the suite with pytest, one server after the other."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from conformance import catalogue
from conformance.compliance import text as compliance
from conformance.inventory import pytest_arguments
from conformance.suite import deviations
from conformance.suite.session import start_target
from harness import child, targets
from harness.errors import HarnessError
from harness.record.conformance import ConformanceRun
from harness.targets import installation

DIFFERENCES = "differences"  # the name of the files, without ending
JOBS_PER_CORE = 3  # cases wait for the server more than they compute


@dataclass(frozen=True)
class Job:
    """What the user asked for."""

    targets: list[str]
    tls: str | None = None
    profile: Path | None = None
    allowed: bool = False
    effort: str = "ci"
    select: list[str] = field(default_factory=list)
    seed: int | None = None
    strict: bool = False
    jobs: int | None = None
    deviations: Path | None = None
    accept: bool = False
    out: Path | None = None
    defects: list[str] = field(default_factory=list)
    first_only: bool = False  # stop at the first unexpected verdict
    installation: list[str] = field(default_factory=list)  # DIR or NAME=DIR
    via: str | None = None  # "docker": the servers run from their images


def run(job: Job) -> tuple[list[Path], int]:
    """Test each target in turn: the run directories and the worst exit code.

    Raises HarnessError when no run of a target came about; the runs before it are complete.
    """
    for name in job.targets:
        targets.load(name, job.via)
        if job.targets.count(name) > 1:
            raise HarnessError(f"--target names {name} twice: a server is tested once in a run")
    installation.assign(job.installation, job.targets)
    if job.select:
        catalogue.select(job.select)
    if len(job.targets) > 1 and job.deviations:
        raise HarnessError("--deviations is for one target: leave it out to use each one's own")
    if job.deviations and not (job.accept or job.deviations.is_file()):
        raise HarnessError(f"there is no file of deviations {job.deviations}")
    if len(job.targets) > 1 and job.seed is None:  # all are to be asked the same
        job = replace(job, seed=random.SystemRandom().randrange(2**31))
    directories, worst = [], 0
    for name in job.targets:
        directory = _directory(job, name)
        code = _run_one(job, name, directory)
        directories.append(directory)
        worst = max(worst, code)
        if job.accept:
            _accept(job, name, directory)
        if code < 0:
            break
    return directories, abs(worst)


def _directory(job: Job, name: str) -> Path:
    stem = job.out or Path("out") / f"{time.strftime('%Y%m%d-%H%M%S')}-conformance"
    directory = stem / name if len(job.targets) > 1 else stem
    if not job.out and len(job.targets) == 1:
        directory = stem.with_name(f"{stem.name}-{name}")
    if (directory / "manifest.json").exists():
        raise HarnessError(f"{directory} already holds a run: choose another --out")
    return directory


def _run_one(job: Job, name: str, directory: Path) -> int:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        log = (directory / "pytest.log").open("wb")
    except OSError as error:
        raise HarnessError(f"cannot write to {directory}: {error.strerror}") from error
    with log, _progress(name) as show:
        error_line, code = child.follow(
            arguments(job, name, directory),
            log,
            lambda said, _stop: show(**said),
            stop_signal=signal.SIGINT,
        )
    if not (directory / "outcome.json").is_file():
        end = (directory / "pytest.log").read_text(errors="replace").strip().splitlines()[-1:]
        raise HarnessError(error_line or f"the suite ended with code {code}: {' '.join(end)}")
    return code if code in (0, 1) else 2


def arguments(job: Job, name: str, directory: Path) -> list[str]:
    """The command that tests one target: pytest on the suite."""
    command = [sys.executable, "-m", "pytest", *pytest_arguments(), "-q", "--no-header"]
    command += [f"--target={name}", f"--effort={job.effort}", f"--run-dir={directory}"]
    jobs = job.jobs if job.jobs is not None else JOBS_PER_CORE * (os.cpu_count() or 1)
    command += ["-n", str(jobs), "--dist=worksteal"]
    command += [f"--select={wish}" for wish in job.select]
    command += [f"--defect={defect}" for defect in job.defects]
    options = {
        "--tls": job.tls,
        "--target-profile": job.profile,
        "--via": job.via,
        "--installation": installation.assign(job.installation, job.targets).get(name),
        "--hypothesis-seed": job.seed,
        "--deviations": job.deviations,
    }
    command += [f"{option}={value}" for option, value in options.items() if value is not None]
    switches = {
        "--strict-verdicts": job.strict,
        "--i-am-allowed-to-load-this-host": job.allowed,
        "--maxfail=1": job.first_only,
    }
    return command + [switch for switch, on in switches.items() if on]


@contextlib.contextmanager
def _progress(name: str) -> Iterator[Callable[..., None]]:
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[news]}"),
        console=console,
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    task = bar.add_task(f"{name}: starting", total=None, news="")

    def show(
        stage: str = "", total: int = 0, done: int = 0, wrong: int = 0, error: str = ""
    ) -> None:
        if stage:
            bar.update(task, description=f"{name}: {stage}")
            if bar.disable:
                console.print(f"{name}: {stage}", highlight=False, markup=False)
        elif done:
            news = f"{wrong} not PASS" if wrong else ""
            bar.update(task, total=total or None, completed=done, news=news)

    with bar:
        yield show


def report(directories: list[Path], as_json: bool, suite: str | None = None) -> str:
    """What is printed at the end; the reports that are files are written beside the records.

    With a compliance suite, its verdict stands behind the others.
    """
    import reports  # late: a run does not wait for it

    for directory in directories:
        junit = reports.render(directory, "junit")
        (directory / "junit.xml").write_text(junit, encoding="utf-8")
        page = reports.render(directory, "html")
        (directory / "report.html").write_text(page, encoding="utf-8")
    if len(directories) == 1:
        return _one_report(directories[0], as_json, suite)
    matrix = directories[0].parent / "matrix.html"
    matrix.write_text(reports.render_matrix(directories), encoding="utf-8")
    differences = _differences(directories)
    if as_json:
        objects = {d.name: json.loads(_one_report(d, as_json, suite)) for d in directories}
        return json.dumps(objects, indent=2)
    texts = [_one_report(directory, as_json, suite) for directory in directories]
    pages = f"side by side: {matrix}\ndifferences: {matrix.with_name(DIFFERENCES)}.html"
    return "\n\n".join([*texts, differences, pages])


def _differences(directories: list[Path]) -> str:
    """Where the servers differ, as text; as a page and as JSON beside the matrix."""
    from reports import differential  # late, as above

    found = differential.differential(directories)
    for ending in ("html", "json"):
        file = (directories[0].parent / DIFFERENCES).with_suffix(f".{ending}")
        file.write_text(differential.render(found, ending), encoding="utf-8")
    return differential.render(found, "text")


def _one_report(directory: Path, as_json: bool, suite: str | None) -> str:
    import reports  # late, as above

    whole = reports.render(directory, "json" if as_json else "text")
    if suite is None:
        return whole
    run = ConformanceRun(directory)
    if as_json:
        claims = compliance.as_json(run, suite)
        return json.dumps(json.loads(whole) | {"compliance": claims}, indent=2)
    return f"{whole}\n\n{compliance.render(run, suite)}"


def _accept(job: Job, name: str, directory: Path) -> None:
    run = ConformanceRun(directory)
    if run.outcome is None or run.outcome.verdict == "incomplete":
        raise HarnessError(f"nothing accepted: the run in {directory} is incomplete")
    path = job.deviations or deviations.path_for(name)
    software = " ".join(filter(None, [run.manifest.server or name, run.manifest.version]))
    added = deviations.accept(path, run, software)
    print(f"{added} deviations added to {path}: give each its reason", file=sys.stderr)


def replay(job: Job, file: Path) -> int:
    """Start the target, and let the file say to it what the case said; the file's exit code.

    Raises HarnessError when the target cannot be started or the file not be read.
    """
    if not file.is_file():
        raise HarnessError(f"there is no replay file {file}")
    name = job.targets[0]
    unpacked = installation.assign(job.installation, [name]).get(name)
    where = str(unpacked) if unpacked else None
    target = start_target(name, job.tls, job.profile, job.allowed, job.defects, where, job.via)
    try:
        accounts = target.provision(6)
        endpoint = target.endpoint()
        command = [sys.executable, str(file), f"--host={endpoint.host}"]
        command += [f"--domain={endpoint.domain}", f"--port={endpoint.port}"]
        with contextlib.suppress(HarnessError):
            command += [f"--direct-port={target.endpoint('direct').port}"]
        command += [f"--ca={endpoint.ca}"] if endpoint.ca else []
        command += [] if endpoint.verify else ["--insecure"]
        if issue := getattr(target, "client_certificate", None):
            command.append(f"--certificate={issue(accounts[0].user)}")
        secrets = json.dumps([[account.user, account.password] for account in accounts])
        return subprocess.run(command, env=os.environ | {"XMPP_ACCOUNTS": secrets}).returncode
    finally:
        target.stop()
