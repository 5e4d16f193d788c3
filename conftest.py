"""For every test: no monkey-patching here, and what the markers mean."""

from __future__ import annotations

import os
import shutil

import pytest

# Locust patches the standard library when it is imported, which would break asyncio in this
# process. Tests of the load engine's running parts use processes of their own, with patching.
os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
import locust  # noqa: F401

from harness import targets

del os.environ["LOCUST_SKIP_MONKEY_PATCH"]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose server or browser is missing; in CI, where it must be there, fail it."""
    for marker in item.iter_markers("server"):
        usability = targets.load(marker.args[0]).usable()
        if not usability.usable:
            _missing(f"{usability.reason}: {usability.remedy}")
    for marker in item.iter_markers("installation"):  # of a server that has no package
        usability = targets.load(marker.args[0]).usable()
        if not usability.usable:
            pytest.skip(f"{usability.reason}: {usability.remedy}")
    if item.get_closest_marker("browser") and not shutil.which("chromium"):
        _missing("Chromium is not installed: apt-get install chromium")


def _missing(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why, pytrace=False)
    pytest.skip(why)
