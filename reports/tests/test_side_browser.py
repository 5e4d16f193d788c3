"""The page of servers beside each other in a real browser: sorted by hand and by key."""

from __future__ import annotations

import pytest

from reports import render
from reports.tests.test_side import invent

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    root = invent(tmp_path_factory.mktemp("side"))
    path = root / "report.html"
    path.write_text(render(root, "html"), encoding="utf-8")
    return path


@pytest.fixture(params=[(390, "dark"), (1280, "light")])
def page(browser, watch, request, file):
    """The page at this width; the test fails when it complains or asks for anything."""
    width, scheme = request.param
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    requests = watch(page)
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    yield page
    page.close()
    assert len([url for url in requests if not url.startswith(("data:", "blob:"))]) == 1


def order(page, table):
    return page.locator(f"section[aria-labelledby={table}] tbody th").all_text_contents()


def values(page, table, column):
    cells = page.locator(f"section[aria-labelledby={table}] tbody td:nth-child({column + 1})")
    return [cell.get_attribute("data-value") for cell in cells.all()]


def test_the_order_is_the_one_asked_for_until_the_reader_chooses(page):
    assert order(page, "took") == ["ejabberd 23.01", "Prosody 0.12.3", "tigase"]
    assert page.locator("th[aria-sort=ascending], th[aria-sort=descending]").count() == 0


def test_a_press_sorts_another_turns_it_round_a_third_restores_and_unknown_stays_last(page):
    heading = page.locator("section[aria-labelledby=took] th", has_text="p99, ms").first
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    rising = values(page, "took", 2)
    heading.locator("button").press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    falling = values(page, "took", 2)
    heading.locator("button").press("Space")
    assert heading.get_attribute("aria-sort") == "none"
    assert order(page, "took") == ["ejabberd 23.01", "Prosody 0.12.3", "tigase"]
    assert rising[-1] == falling[-1] == ""
    assert rising[:2] == sorted(rising[:2], key=float)
    assert falling[:2] == rising[1::-1]


def test_names_are_sorted_too(page):
    page.locator("section[aria-labelledby=cost] th button", has_text="server").click()
    assert order(page, "cost") == ["ejabberd 23.01", "Prosody 0.12.3", "tigase"]
    page.locator("section[aria-labelledby=cost] th button", has_text="server").click()
    assert order(page, "cost") == ["tigase", "Prosody 0.12.3", "ejabberd 23.01"]


@pytest.mark.parametrize("plot", ["distribution", "logins"])
def test_each_plot_has_a_line_for_each_server_that_was_run(page, plot):
    page.wait_for_selector(f"#{plot} .plot .main-svg")
    assert page.locator(f"#{plot} .legendtext").all_text_contents() == [
        "ejabberd 23.01",
        "Prosody 0.12.3",
    ]


def test_the_server_s_name_stays_in_sight_when_a_wide_table_is_scrolled(page):
    region = page.locator("section[aria-labelledby=cost] .scroll")
    region.evaluate("region => { region.scrollLeft = 1e4 }")
    name = region.locator("tbody th").first.bounding_box()
    assert abs(name["x"] - region.bounding_box()["x"]) < 1
    last = region.locator("tbody tr").first.locator("td").last.bounding_box()
    assert last["x"] + last["width"] <= page.viewport_size["width"]
