"""`python -m harness.generator_bench.dashboard`: what the dashboard costs the generator.

The same load on the embedded server without a web UI and with the dashboard open in Chromium, in
turn; the generator's CPU while under load, in percent of one core.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean
from typing import Annotated

import typer

from harness.record.reader import Run

_WAIT_S = 300.0  # for a run to begin, and to end
_CHROMIUM = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking"]


def cpu_percent(directory: Path) -> float:
    """CPU of all the generator's processes under load, without the first second of it."""
    run = Run(directory)
    outcome = run.outcome
    assert outcome is not None
    assert outcome.load_start_t is not None
    assert outcome.load_s is not None
    begin, end = outcome.load_start_t + 1, outcome.load_start_t + outcome.load_s
    total = 0.0
    for worker in {sample.worker for sample in run.generator}:
        of_it = [s for s in run.generator if s.worker == worker and begin <= s.t <= end]
        total += (of_it[-1].cpu_s - of_it[0].cpu_s) / (of_it[-1].t - of_it[0].t)
    return 100 * total


def measure(users: int, rate: int, seconds: int, processes: int, watched: bool) -> float:
    """One run."""
    with tempfile.TemporaryDirectory() as place:
        out, port = Path(place) / "run", _free_port()
        command = [sys.executable, "-m", "harness", "bench", "chat", "--out", str(out)]
        command += ["--users", str(users), "--rate", str(rate), "--duration", str(seconds)]
        command += ["--processes", str(processes), "--login-rate", "400"]
        if watched:
            command += ["--ui", "--ui-port", str(port)]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
            if watched:
                _wait_for(out / "manifest.json", process)
                with _open(f"http://127.0.0.1:{port}/?tab=xmpp"):
                    _wait_for(out / "outcome.json", process)
                process.send_signal(signal.SIGTERM)
            process.wait(_WAIT_S)
        return cpu_percent(out)


@contextmanager
def _open(url: str) -> Iterator[None]:
    from playwright.sync_api import sync_playwright  # only who measures needs a browser

    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=_CHROMIUM)
        page = browser.new_page()
        page.goto(url)
        page.locator("#xmpp-live #state").wait_for()
        yield
        browser.close()


def _wait_for(file: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _WAIT_S
    while not file.is_file():
        assert time.monotonic() < deadline, file
        assert process.poll() is None, file
        time.sleep(0.2)  # polling a file that another process writes


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(
    users: Annotated[int, typer.Option(help="simulated clients")] = 2000,
    rate: Annotated[int, typer.Option(help="messages per second")] = 2000,
    seconds: Annotated[int, typer.Option(help="of load, each time")] = 30,
    processes: Annotated[int, typer.Option(help="of the generator")] = 1,
    pairs: Annotated[int, typer.Option(help="runs without and with the dashboard")] = 2,
) -> None:
    """A B A B: without, with the dashboard open."""
    found: dict[bool, list[float]] = {False: [], True: []}
    for watched in [False, True] * pairs:
        found[watched].append(cpu := measure(users, rate, seconds, processes, watched))
        print(f"{'open' if watched else 'none':5} {cpu:6.2f} % of one core", flush=True)
    none, shown = mean(found[False]), mean(found[True])
    print(f"{100 * (shown - none) / none:+.1f} % of the generator's CPU with the dashboard open")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", os.getcwd())
    typer.run(main)
