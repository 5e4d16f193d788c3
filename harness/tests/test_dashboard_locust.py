"""The dashboard of plain Locust: started from its form, alone and with workers started by hand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect

from harness.load import dashboard
from harness.tests.test_bench_ui import free_port, post
from harness.tests.test_dashboard import USERS, WAIT, figures, tile, wait_for, watched

__all__ = ["watched"]  # a fixture
SCENARIO = Path("scenarios/chat.py").resolve()


class Locusts:
    """Locust processes as somebody starts them by hand; all end with the block."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._started: list[subprocess.Popen] = []
        self._environment = os.environ | {"TMPDIR": str(place), "PYTHONPATH": os.getcwd()}

    def start(self, *arguments: object) -> None:
        command = [sys.executable, "-m", "locust", "-f", SCENARIO, "--loglevel", "WARNING"]
        log = (self._place / "locust.log").open("ab")
        with log:
            self._started.append(
                subprocess.Popen(
                    [*map(str, [*command, *arguments])],
                    cwd=self._place,
                    env=self._environment,
                    stdout=log,
                    stderr=log,
                )
            )

    def __enter__(self) -> Locusts:
        return self

    def __exit__(self, *_error: object) -> None:
        for process in self._started:
            process.terminate()
        for process in self._started:
            process.wait(30)
        said = (self._place / "locust.log").read_text()
        assert "Traceback" not in said, said


def answers(port: int) -> bool:
    try:
        return figures(port)["state"] == "ready"
    except OSError:
        return False


def wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 40
    while not answers(port):
        assert time.monotonic() < deadline
        time.sleep(0.2)  # polling another process


def runs_in(place: Path) -> list[Path]:
    return sorted((place / "out").iterdir())


@pytest.mark.browser
def test_from_the_form_to_the_figures(tmp_path, watched):
    page, port = watched, free_port()
    with Locusts(tmp_path) as locusts:
        locusts.start("--target", "embedded", "--tls", "off", "--web-port", port)
        wait_until_ready(port)
        page.goto(f"http://127.0.0.1:{port}")
        page.get_by_label(USERS).fill("6")
        page.get_by_label(re.compile("^Ramp up")).fill("6")
        page.get_by_text("Custom parameters").click()
        page.get_by_label(re.compile("^Rate")).fill("50")
        page.get_by_label(re.compile("^Drain")).fill("1")
        page.get_by_role("button", name="Start").click()
        page.get_by_role("tab", name="XMPP", exact=True).click()
        expect(tile(page, "Online")).to_contain_text("6of 6 wanted", timeout=WAIT)
        expect(tile(page, "Stanzas out")).to_contain_text(re.compile(r"[45]\d /s"), timeout=WAIT)
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("#state")).to_have_text("finished", timeout=WAIT)
        page.close()  # it would miss the server
    (run,) = runs_in(tmp_path)
    parameters = json.loads((run / "manifest.json").read_text())["parameters"]
    assert parameters["rate"] == "constant:50"
    assert parameters["duration"] is None


def test_with_a_master_and_workers(tmp_path):
    port, ours = free_port(), free_port()
    with Locusts(tmp_path) as locusts:
        bind = ("--master-bind-host", "127.0.0.1", "--master-bind-port", ours)
        locusts.start("--master", "--target", "embedded", "--web-port", port, *bind)
        for _ in range(2):
            locusts.start("--worker", "--master-port", ours)
        wait_until_ready(port)
        wait_for(port, lambda now: workers(port) == 2)
        post(port, "/swarm", user_count=10, spawn_rate=10, rate=40, drain=1)
        now = wait_for(port, lambda now: now["users"]["online"] == 10 and now["stanzas"])
        assert [worker["worker"] for worker in now["workers"]] == [0, 1]
        post(port, "/stop")
        wait_for(port, lambda now: now["state"] == "finished")
        post(port, "/swarm", user_count=4, spawn_rate=4, rate=40, drain=1)
        wait_for(port, lambda now: now["number"] == 2 and now["users"]["online"] == 4)
        post(port, "/stop")
        now = wait_for(port, lambda now: now["state"] == "finished")
        assert len({run["directory"] for run in now["recorded"]}) == 2
        assert [run["verdict"] for run in now["recorded"]] == ["ok", "ok"]
    assert len(runs_in(tmp_path)) == 2


def workers(port: int) -> int:
    with urlopen(f"http://127.0.0.1:{port}/worker-count") as answer:
        return json.load(answer)["worker_count"]


def tokens(style: str) -> list[dict[str, str]]:
    """The custom properties of a style sheet's light and dark palettes."""
    blocks = re.findall(r"{([^{}]*--paper:[^{}]*)}", style)
    return [dict(re.findall(r"(--[a-z0-9]+): ([^;]+);", block)) for block in blocks]


def test_the_same_colours_and_fonts_as_the_reports():
    ours = tokens((Path(dashboard.__file__).parent / "tab.css").read_text())
    folder = files("reports") / "templates"
    theirs = [tokens(f.read_text()) for f in folder.iterdir() if f.name.endswith(".css")]
    assert len(ours) == 2
    assert ours in [palettes[:2] for palettes in theirs]
