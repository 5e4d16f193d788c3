"""Locust's web UI in a real browser, while `bench --ui` runs."""

from __future__ import annotations

import json
import signal
import socket
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

import pytest

from harness.tests.bench import Started, bench, one_line, reconciles


@pytest.fixture
def page(browser):
    page = browser.new_page()
    yield page
    page.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def row(page, name: str) -> list[str]:
    """The cells of the table's row for that measurement: type, name, requests, fails ..."""
    return page.locator("tbody tr", has_text=name).first.locator("td").all_inner_texts()


def grown(page, beyond: int) -> int:
    """The deliveries in the table, as soon as they exceed `beyond`."""
    page.locator("tbody tr", has_text="delivery").wait_for(timeout=20_000)
    deadline = time.monotonic() + 20
    while (number := int(row(page, "delivery")[2])) <= beyond:
        assert time.monotonic() < deadline, f"still {number}"
        page.wait_for_timeout(100)
    return number


@pytest.mark.browser
@pytest.mark.parametrize(("number", "processes"), [(signal.SIGINT, 1), (signal.SIGTERM, 2)])
def test_the_page_lives_while_the_run_does(tmp_path, page, number, processes):
    port = free_port()
    complaints, hosts = [], set()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    started = Started(tmp_path / "run", "--ui", "--web-port", port, "--processes", processes)

    page.goto(f"http://127.0.0.1:{port}")
    first = grown(page, beyond=0)
    assert grown(page, beyond=first) > first
    header = page.locator("header").inner_text().split("\n")
    assert [header[header.index(name) + 2] for name in ("Users", "Failures")] == ["20", "0%"]
    assert row(page, "Aggregated")[3] == "0"
    assert complaints == []
    assert hosts == {f"127.0.0.1:{port}"}

    page.close()
    started.process.send_signal(number)
    summary, stderr = started.end()
    assert f"web UI: http://127.0.0.1:{port} " in stderr
    assert summary["verdict"].startswith("incomplete: stopped by the user")
    reconciles(summary, 20)
    assert (tmp_path / "run" / "report.html").is_file()


def post(port: int, path: str, **fields: object) -> None:
    data = urlencode(fields).encode()
    with urlopen(f"http://127.0.0.1:{port}{path}", data, timeout=30) as answer:
        assert json.load(answer)["success"]


def begun_in(directory: Path) -> None:
    """Wait for the record of a run."""
    deadline = time.monotonic() + 30
    while not (directory / "manifest.json").is_file():
        assert time.monotonic() < deadline
        time.sleep(0.1)  # polling a file that another process writes


def test_a_run_stopped_in_the_web_ui_is_kept_when_another_begins(tmp_path):
    port = free_port()
    started = Started(tmp_path / "run", "--ui", "--web-port", port)
    post(port, "/stop")
    post(port, "/swarm", user_count=5, spawn_rate=5)
    begun_in(tmp_path / "run-2")
    started.process.send_signal(signal.SIGTERM)
    summary, stderr = started.end()
    assert str(tmp_path / "run-2") in stderr
    assert (tmp_path / "run-2" / "report.html").is_file()
    assert summary["verdict"].startswith("incomplete: stopped by the user")
    reconciles(summary, 20)


def test_a_taken_port_is_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = one_line(bench("chat", "--ui", "--web-port", port, "--out", tmp_path / "run"))
    assert f"port {port}" in line
    assert "--web-port" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("port", ["many", "70000"])
def test_a_port_that_is_none_is_one_line(tmp_path, port):
    line = one_line(bench("chat", "--ui", "--web-port", port, "--out", tmp_path / "run"))
    assert port in line
