"""The dashboard in a real browser: `bench --ui` from the first look to the report, and again."""

from __future__ import annotations

import json
import re
import signal
import time
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, build_opener, urlopen

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from harness.tests.bench import Started, bench, one_line
from harness.tests.test_bench_ui import free_port, post

USERS = "Number of users (peak concurrency)"
WAIT = 30_000  # ms; a busy machine needs some of them


@pytest.fixture
def watched(browser, watch):
    """A page; the test fails when it, or one that it opens, complains or asks another host."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(WAIT)
    asked = watch(context)
    yield context.new_page()
    context.close()
    assert {urlsplit(url).hostname for url in asked} <= {"127.0.0.1", None}


def figures(port: int) -> dict:
    with urlopen(f"http://127.0.0.1:{port}/xmpp/live", timeout=30) as answer:
        return json.load(answer)


def wait_for(port: int, fulfilled, seconds: float = 40) -> dict:
    """The figures as soon as they are like that."""
    deadline = time.monotonic() + seconds
    while not fulfilled(now := figures(port)):
        assert time.monotonic() < deadline, {k: v for k, v in now.items() if k != "seconds"}
        time.sleep(0.2)  # polling another process
    return now


def tile(page, name: str):
    return page.locator("#xmpp-live #tiles > div", has=page.get_by_text(name, exact=True))


def open_tab(page, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/?tab=xmpp")
    page.locator("#xmpp-live #state").wait_for()


@pytest.mark.browser
@pytest.mark.parametrize(
    "target", ["embedded", pytest.param("ejabberd", marks=pytest.mark.server("ejabberd"))]
)
def test_watch_change_stop_read_and_start_anew(tmp_path, watched, target):
    port, page = free_port(), watched
    out = tmp_path / "run"
    started = Started(out, "--ui", "--ui-port", port, "--target", target, "--no-floor")
    open_tab(page, port)
    expect(page.locator("#state")).to_have_text("load")
    expect(tile(page, "Online")).to_contain_text("20of 20 wanted")
    count = page.locator("#ledger tr", has_text="delivered").locator("td")
    before = count.inner_text()
    expect(count).not_to_have_text(before)
    expect(tile(page, "p99")).to_contain_text("ms")
    expect(page.locator("#chart-latency path")).to_have_count(3)
    expect(page.locator("#server tr")).to_have_count(5)

    page.get_by_role("button", name="Edit").click()
    page.get_by_label(USERS).fill("30")
    page.get_by_role("button", name="Update").click()
    expect(tile(page, "Online")).to_contain_text("30of 30 wanted", timeout=WAIT)

    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#state")).to_have_text("finished", timeout=WAIT)
    with page.expect_popup() as popup:
        page.get_by_role("link", name="Open the report").click()
    expect(popup.value.locator("h1")).to_be_visible(timeout=WAIT)
    expect(popup.value.locator(".verdict")).to_contain_text("stopped by the user")
    assert (out / "report.html").is_file()

    page.get_by_role("button", name="New").click()
    page.get_by_label(USERS).fill("7")
    page.get_by_role("button", name="Start").click()
    wait_for(port, lambda now: now["number"] == 2 and now["load_s"])
    open_tab(page, port)
    expect(tile(page, "Online")).to_contain_text("7of 7 wanted", timeout=WAIT)
    expect(page.get_by_role("link", name="Report of run 1")).to_be_visible()
    page.close()
    started.process.send_signal(signal.SIGTERM)
    summary, stderr = started.end()
    assert summary["users"]["present"] == 30
    assert summary["messages"]["lost"] == 0
    second = json.loads((tmp_path / "run-2" / "manifest.json").read_text())
    assert second["parameters"]["users"] == 7
    assert (tmp_path / "run-2" / "report.html").is_file()
    assert str(tmp_path / "run-2") in stderr


@pytest.fixture(scope="module")
def running_run(tmp_path_factory):
    """The port of a dashboard under load, with two processes."""
    port = free_port()
    out = tmp_path_factory.mktemp("dashboard") / "run"
    started = Started(out, "--ui", "--ui-port", port, "--processes", 2)
    yield port
    started.process.send_signal(signal.SIGTERM)
    started.end()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_readable_and_accessible(running_run, watched, width, scheme):
    page = watched
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    open_tab(page, running_run)
    expect(page.locator("#workers tr")).to_have_count(2)
    expect(page.locator("#xmpp-live")).to_have_attribute("data-theme", scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, context="#xmpp-live").response["violations"]
    assert [(v["impact"], v["id"]) for v in found if v["impact"] in ("serious", "critical")] == []


@pytest.mark.browser
def test_no_complaint_at_any_size_or_on_paper(running_run, watched):
    open_tab(watched, running_run)
    for width in (390, 1280, 200, 1280):
        with watched.expect_response(lambda response: "/xmpp/live" in response.url):
            watched.set_viewport_size({"width": width, "height": 900})
        expect(watched.locator("#chart-latency path")).to_have_count(3)
    assert watched.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.browser
def test_all_figures_say_of_when_they_are(running_run, watched):
    open_tab(watched, running_run)
    tables = watched.locator("#xmpp-live .tables > div")
    said = {table.locator("h2").inner_text(): table.locator(".note") for table in tables.all()}
    assert set(said) > {"Delivery ledger", "Login phases, ms", "Server", "Generator", "Errors"}
    for title, note in said.items():
        if title == "Latency, ms":  # each of its rows says it
            rows = tables.filter(has_text=title).locator("tbody th")
            expect(rows).to_contain_text([re.compile(r"last \d+ s"), "clean seconds of the run"])
        elif title != "Recorded runs":
            expect(note).to_contain_text(re.compile("since the run began|last|now", re.IGNORECASE))
    expect(watched.locator("#xmpp-live .plots + .note")).to_contain_text("last ten minutes")


@pytest.mark.browser
def test_asks_only_while_the_tab_is_open(running_run, watched):
    page, asked = watched, []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    open_tab(page, running_run)
    with page.expect_response(lambda response: "/xmpp/live" in response.url):
        pass
    page.get_by_role("tab", name="Statistics").click()
    expect(page.locator("#xmpp-live")).to_be_hidden()
    page.wait_for_timeout(300)  # one may have been on its way
    asked.clear()
    with page.expect_response(lambda response: "/stats/requests" in response.url):
        pass
    page.wait_for_timeout(1_500)
    assert "/xmpp/live" not in asked
    with page.expect_response(lambda response: "/xmpp/live" in response.url):
        page.get_by_role("tab", name="XMPP", exact=True).click()


@pytest.mark.browser
def test_operations_in_a_table_of_locusts_own(running_run, watched):
    watched.goto(f"http://127.0.0.1:{running_run}/?tab=xmpp-operations")
    row = watched.locator("tbody tr", has_text="login.sasl")
    expect(row).to_contain_text("20")


def test_operations_as_csv(running_run):
    with urlopen(f"http://127.0.0.1:{running_run}/xmpp/operations.csv") as answer:
        lines = answer.read().decode().splitlines()
    assert lines[0].startswith("Operation,# begun")
    assert any(line.startswith("login.sasl,20,20,0,begin,") for line in lines)


def test_only_new_seconds_are_told(running_run):
    first = wait_for(running_run, lambda now: len(now["seconds"]) > 3)
    since = first["seconds"][-2]["t"]
    path = f"/xmpp/live?run={first['number']}&since={since}"
    with urlopen(f"http://127.0.0.1:{running_run}{path}") as answer:
        seconds = json.load(answer)["seconds"]
    assert seconds[0]["t"] == since + 1
    assert len(seconds) < len(first["seconds"])


def test_more_users_on_two_processes(running_run):
    post(running_run, "/swarm", user_count=31, spawn_rate=31)
    now = wait_for(running_run, lambda now: now["users"]["online"] == 31)
    assert len(now["workers"]) == 2
    post(running_run, "/swarm", user_count=20, spawn_rate=20)
    now = wait_for(running_run, lambda now: now["users"]["online"] == 20)
    assert now["failures"] == []


@pytest.mark.parametrize("field", [{"rate": "often"}, {"duration": "long"}, {"user_count": "x"}])
def test_what_cannot_be_is_refused_in_words(running_run, field):
    data = urlencode({"user_count": 20, "spawn_rate": 20} | field).encode()
    with urlopen(f"http://127.0.0.1:{running_run}/swarm", data, timeout=30) as answer:
        said = json.load(answer)
    assert not said["success"]
    assert said["message"]
    assert figures(running_run)["state"] == "load"


def test_there_is_no_report_before_the_end(running_run):
    with pytest.raises(HTTPError, match="404"):
        urlopen(f"http://127.0.0.1:{running_run}/xmpp/report", timeout=30)


@pytest.mark.parametrize("host", ["0.0.0.0", "*", ""])
def test_other_addresses_need_a_login(tmp_path, host):
    out = tmp_path / "run"
    line = one_line(bench("chat", "--ui", "--web-host", host, "--out", out))
    assert "--web-login" in line
    assert list(tmp_path.iterdir()) == []


def test_a_login_needs_a_password(tmp_path):
    line = one_line(bench("chat", "--ui", "--web-login", "--out", tmp_path / "run"))
    assert "XMPP_HARNESS_WEB_PASSWORD" in line


def test_nobody_sees_figures_without_the_password(tmp_path, monkeypatch):
    monkeypatch.setenv("XMPP_HARNESS_WEB_PASSWORD", "a long one")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    started = Started(tmp_path / "run", "--ui", "--ui-port", port, "--web-login")
    opener = build_opener(HTTPCookieProcessor())
    for path in ("/", "/xmpp/live", "/xmpp/operations.csv", "/xmpp/report"):
        assert urlsplit(opener.open(url + path).url).path == "/login"

    def log_in(**form: str) -> str:
        return urlsplit(opener.open(f"{url}/xmpp/login", urlencode(form).encode()).url).path

    assert log_in(username="xmpp", password="another") == "/login"
    assert log_in(username="xmpp", password="a long one") == "/"
    assert json.load(opener.open(f"{url}/xmpp/live"))["number"] == 1
    started.process.send_signal(signal.SIGTERM)
    started.end()
    recorded = [file.read_bytes() for file in (tmp_path / "run").iterdir()]
    assert not any(b"a long one" in content for content in recorded)
