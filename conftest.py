"""For every test: no monkey-patching here, and what the markers mean."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

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


CHROMIUM = (
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium for the tests of one module. Mark them `browser`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=[*CHROMIUM])
        yield browser
        browser.close()


@pytest.fixture
def watch() -> Iterator[Callable[[Page | BrowserContext], list[str]]]:
    """Watch a page, or all of a context; the test fails when one complains in its console, has an
    error or opens a dialog. Returns the addresses asked for, as they come."""
    complaints: list[str] = []

    def watch_(watched: Page | BrowserContext) -> list[str]:
        asked: list[str] = []
        on: Any = watched.on
        on("console", lambda message: complaints.append(message.text))
        on("pageerror", lambda error: complaints.append(str(error)))
        on("weberror", lambda error: complaints.append(str(error.error)))
        on("dialog", lambda dialog: complaints.append(dialog.message))
        on("request", lambda request: asked.append(request.url))
        return asked

    yield watch_
    assert complaints == []


def _missing(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why, pytrace=False)
    pytest.skip(why)
