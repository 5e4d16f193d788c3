"""Every page under axe-core, on a desktop in light and on a phone in dark: no serious finding."""

from __future__ import annotations

import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from reports import differential, render, render_matrix
from reports.compare import compare
from reports.compare import render as render_compared
from reports.tests import compare_runs
from reports.tests.capacity_searches import search, write
from reports.tests.compare_runs import Plan
from reports.tests.test_browser import ARGUMENTS
from reports.tests.test_side import invent

pytestmark = pytest.mark.browser

GRAVE = ("serious", "critical")
VIEWS = [(1280, "light"), (390, "dark")]
SERVERS = ("ejabberd", "prosody", "embedded")
PAGES = ("load", "login", "side", "compare", "capacity", "conformance", "matrix", "differential")


@pytest.fixture(scope="module")
def pages(tmp_path_factory, directories, conformance):
    """The text of each kind of page by name."""
    root = tmp_path_factory.mktemp("pages")
    a = compare_runs.write(root / "a", Plan(seconds=20, wander=0.05))
    b = compare_runs.write(root / "b", Plan(seconds=20, wander=0.05, median_ms=3, seed=2))
    found = differential.differential([conformance["ejabberd"], conformance["prosody"]])
    return {
        "load": render(directories["busy"], "html"),
        "login": render(directories["login"], "html"),
        "side": render(invent(root / "side"), "html"),
        "compare": render_compared(compare([a, b, a]), "html"),
        "capacity": render(write(root / "capacity", search()), "html"),
        "conformance": render(conformance["ejabberd"], "html"),
        "matrix": render_matrix([conformance[name] for name in SERVERS]),
        "differential": differential.render(found, "html"),
    }


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, request):
    """An empty page of this size; its policy is set aside, so that axe-core may be put into it."""
    width, scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    yield context.new_page()
    context.close()


def grave(page):
    """Serious findings of axe-core on what is shown, with the places where they are."""
    findings = Axe().run(page).response["violations"]
    return {
        found["id"]: [node["html"][:160] for node in found["nodes"]]
        for found in findings
        if found["impact"] in GRAVE
    }


@pytest.mark.parametrize("page", VIEWS, indirect=True)
@pytest.mark.parametrize("name", PAGES)
def test_no_serious_finding(page, pages, tmp_path, name):
    file = tmp_path / "report.html"
    file.write_text(pages[name], encoding="utf-8")
    page.goto(file.as_uri())
    if page.locator(".plot").count() and name != "capacity":
        page.wait_for_selector("svg.main-svg", timeout=30_000)
    assert grave(page) == {}


@pytest.mark.parametrize("page", VIEWS[:1], indirect=True)
def test_axe_finds_what_is_wrong(page):
    page.set_content("<main><p style='color:#ccc;background:#fff'>faint</p><img src='x'></main>")
    assert {"color-contrast", "image-alt", "document-title"} <= set(grave(page))
