"""Every page under axe-core, on a desktop in light and on a phone in dark: no serious finding."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from reports.tests.conftest import PAGES

pytestmark = pytest.mark.browser

GRAVE = ("serious", "critical")
VIEWS = [(1280, "light"), (390, "dark")]


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
