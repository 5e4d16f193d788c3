"""Every page in a real browser, through each size and onto paper: it complains of nothing."""

from __future__ import annotations

import pytest

from reports.tests.conftest import PAGES

pytestmark = pytest.mark.browser

# The last but one is what a page that is not laid out yet has: less than its margins.
WIDTHS = (390, 1280, 1, 1280)
LINES = ".scatterlayer path.js-line"


def settle(page):
    """Two frames in which all that a new size leads to is laid out, and then as long as plotly
    takes to draw it: it waits for further sizes first, and keeps the promise until it has drawn."""
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    page.wait_for_function(
        "() => [...document.querySelectorAll('.js-plotly-plot')].every(p => !p._resolveResize)"
    )


@pytest.mark.parametrize("name", PAGES)
def test_no_complaint_on_load_at_any_size_and_on_paper(browser, watch, pages, tmp_path, name):
    file = tmp_path / "report.html"
    file.write_text(pages[name], encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    asked = watch(page)
    page.goto(file.as_uri())
    if page.locator(".plot").count() and name != "capacity":
        page.wait_for_selector(LINES, state="attached", timeout=30_000)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        settle(page)
    assert page.pdf(format="A4").startswith(b"%PDF")
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    page.close()
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [file.as_uri()]
