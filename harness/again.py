"""A recorded run once more: the same load on the same target, as its manifest keeps it."""

from __future__ import annotations

from pathlib import Path

from harness.bench import Job
from harness.errors import HarnessError
from harness.record.files import LOAD, read_manifest, sha256_of
from harness.record.model import FORMAT, Again, Manifest


def job_from(run_directory: Path) -> Job:
    """What to give `bench.run` for the load of this run.

    Leave to use a host that is not this machine is not taken from a record, nor are limits: set
    `allowed`, `limits` and `abort_on` anew. A run on workers that were started by hand is
    repeated with as many processes on this machine.

    Raises HarnessError for what is no run of ours, one that is too old, one that lacks what it
    takes, and for files that are gone or have changed.
    """
    manifest = read_manifest(run_directory, LOAD, Manifest, FORMAT)
    again = manifest.again
    if again is None:
        raise HarnessError(
            f"{run_directory} is too old: its version did not keep what it takes to run it again"
        )
    scenario, duration = _complete(run_directory, again)
    _check_files(again)
    return Job(
        scenario=scenario,
        target=manifest.target.name,
        users=again.users,
        rate=again.rate,
        duration=duration,
        client=again.client,
        tls=again.tls,
        processes=manifest.workers,
        profile=Path(again.profile) if again.profile else None,
        installation=[again.installation] if again.installation else [],
        via=again.via,
        allowed=False,
        ui=False,
        out=None,
        floor=(run_directory / "floor.json").is_file(),
        extra=list(again.options),
    )


def _complete(run_directory: Path, again: Again) -> tuple[str, float]:
    """Scenario and duration, where the record is enough for a run of its own."""
    if again.scenario is None:
        raise HarnessError(f"{run_directory} used several locustfiles: start Locust with them")
    if again.duration is None:
        raise HarnessError(
            f"{run_directory} had no --duration, it went on until it was stopped: start it by "
            "`bench` with one"
        )
    if again.withheld:
        raise HarnessError(
            f"{run_directory} was given {', '.join(again.withheld)}, which is secret and not in "
            "its record: start it by `bench`"
        )
    return again.scenario, again.duration


def _check_files(again: Again) -> None:
    if again.profile and not Path(again.profile).is_file():
        raise HarnessError(f"{again.profile}, the profile of that run, is gone")
    for name, known in again.files.items():
        try:
            found = sha256_of(Path(name))
        except OSError as error:
            raise HarnessError(
                f"{name}, which that run used, cannot be read: {error.strerror}"
            ) from error
        if found != known:
            raise HarnessError(f"{name} has changed since that run: it would not be the same load")
