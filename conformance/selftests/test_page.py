"""The page of a run as its reader uses it: from the finding to its evidence and its replay."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.selftests.test_command import BROKEN, DEFECT, suite
from harness.targets.base import TargetOptions
from harness.targets.embedded import Embedded
from reports import render

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

pytestmark = pytest.mark.browser


def test_from_the_finding_to_its_replay(
    tmp_path: Path, browser: Browser, watch: Callable[[BrowserContext], list[str]]
) -> None:
    _, found = suite(tmp_path / "r", f"--defect={DEFECT}", f"--select={BROKEN}")
    file = found.directory / "report.html"
    file.write_text(render(found.directory, "html"), encoding="utf-8")
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    watch(context)
    page = context.new_page()
    page.goto(file.as_uri())
    page.get_by_label("FAIL").check()
    row = page.locator("tr.row:visible", has=page.get_by_text(BROKEN, exact=True))
    row.get_by_role("button").first.click()
    dialog = page.get_by_role("dialog")
    transcript = dialog.get_by_role("region", name="Transcript").first
    assert "<stream:stream" in transcript.inner_text()
    page.get_by_role("button", name="Copy").first.click()
    page.get_by_role("button", name="Copied").wait_for()
    command = page.evaluate("navigator.clipboard.readText()")
    context.close()
    assert " id=" not in header(replayed(command, DEFECT))  # the server still does it
    assert " id=" in header(replayed(command))


def header(said: str) -> str:
    """The start tag of the server's stream, in what a replay said."""
    (line,) = (line for line in said.splitlines() if line.startswith("< "))
    return line[: line.index(">", line.index("<stream:stream"))]


def replayed(command: str, *defects: str) -> str:
    """What the copied command says, told where an embedded server with these defects is."""
    target = Embedded(TargetOptions(tls="starttls", defects=[*defects]))
    target.start()
    try:
        at = target.endpoint("starttls")
        where = ["--host", at.host, "--port", str(at.port), "--insecure"]
        done = subprocess.run(
            [*shlex.split(command), *where], capture_output=True, text=True, timeout=60
        )
    finally:
        target.stop()
    assert "now:" in done.stdout, done.stderr
    return done.stdout
