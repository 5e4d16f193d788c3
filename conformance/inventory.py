"""What the suite has: its cases, and the requirements that each is bound to."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.suite.plugin import case_name, requirements_of
from harness.errors import HarnessError

FOLDER = Path(__file__).parent


def pytest_arguments() -> list[str]:
    """How pytest has to be called, wherever it is called from."""
    return [
        str(FOLDER),
        f"--rootdir={FOLDER.parent}",
        f"--confcutdir={FOLDER}",
        "-o",
        "asyncio_mode=auto",
        "-o",
        "addopts=",
        "-p",
        "no:cacheprovider",
    ]


class _Collector:
    """Takes the cases when pytest has collected them."""

    def __init__(self) -> None:
        self.bound: dict[str, list[str]] = {}
        self.loose: list[str] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            identifiers = requirements_of(item)
            if not identifiers:
                self.loose.append(case_name(item))
            for identifier in identifiers:
                self.bound.setdefault(identifier, []).append(case_name(item))


def collect() -> tuple[dict[str, list[str]], Sequence[str]]:
    """(requirement id -> its cases, the cases without a requirement). Nothing is run.

    Raises HarnessError when the suite itself is broken.
    """
    collector, said = _Collector(), io.StringIO()
    arguments = [*pytest_arguments(), "--target=embedded", "--collect-only", "-q"]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main(arguments, plugins=[collector])
    if code != pytest.ExitCode.OK:
        raise HarnessError(f"the suite cannot be read: {said.getvalue().strip()[-500:]}")
    return collector.bound, collector.loose
