"""The page in a real browser: it draws its plots and asks for nothing."""

from __future__ import annotations

import pytest

from reports import render

pytestmark = pytest.mark.browser

STROKE = "document.querySelector('.js-line').style.stroke"


@pytest.fixture
def opened(browser, watch, tmp_path):
    """Open a report; the test fails when the page complains or makes a request."""
    page = browser.new_page()
    requests = watch(page)

    def open_(directory, width=1280, scheme="light"):
        file = tmp_path / "report.html"
        file.write_text(render(directory, "html"), encoding="utf-8")
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.goto(file.as_uri())
        return page

    yield open_
    page.close()
    assert len(requests) == 1
    assert requests[0].startswith("file://")


def wait_for_plots(page):
    page.wait_for_selector("html[data-plots=drawn]", timeout=30_000)


def wait_for_another_colour(page, colour):
    """Polls from here: the page's policy forbids the string evaluation of wait_for_function."""
    for _ in range(100):
        if page.evaluate(STROKE) != colour:
            return
        page.wait_for_timeout(50)
    pytest.fail("the plots kept their colours")


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_draws_every_plot(opened, directories, width, scheme):
    page = opened(directories["busy"], width, scheme)
    wait_for_plots(page)
    assert page.locator("figure").count() == 8
    for plot in page.locator(".plot").all():
        assert plot.locator("svg.main-svg").count() > 0
        assert plot.locator(".scatterlayer path.js-line").count() > 0
        assert plot.get_attribute("aria-label")
        assert plot.locator("svg.main-svg").first.bounding_box()["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_follows_a_change_of_colour_scheme(opened, directories):
    page = opened(directories["embedded"])
    wait_for_plots(page)
    light = page.evaluate(STROKE)
    page.emulate_media(color_scheme="dark")
    wait_for_another_colour(page, light)


def test_prints_in_light_colours(opened, directories, tmp_path):
    page = opened(directories["embedded"], scheme="light")
    wait_for_plots(page)
    light = page.evaluate(STROKE)
    page.emulate_media(color_scheme="dark")
    wait_for_another_colour(page, light)
    page.evaluate(f"window.addEventListener('beforeprint', () => window.printed = {STROKE})")
    assert page.pdf(format="A4").startswith(b"%PDF")
    assert page.evaluate("window.printed") == light


def test_every_plot_is_a_table_for_the_keyboard(opened, directories):
    page = opened(directories["usual"])
    wait_for_plots(page)
    page.locator("#throughput summary").focus()
    page.keyboard.press("Enter")
    table = page.locator("#throughput table")
    table.wait_for()
    assert table.locator("tbody tr").count() == 60
    assert table.locator("thead th").all_inner_texts() == ["second", "delivered", "sent"]


@pytest.mark.parametrize("kind", ["login", "truncated", "empty"])
def test_opens_awkward_runs(opened, directories, kind):
    page = opened(directories[kind], width=400)
    if kind != "empty":
        wait_for_plots(page)
    assert page.locator("h1").inner_text() == "ejabberd 23.01"
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
