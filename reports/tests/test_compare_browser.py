"""The page of a comparison in a real browser."""

from __future__ import annotations

import pytest

from reports.compare import compare, render
from reports.tests import compare_runs
from reports.tests.compare_runs import Plan

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    root = tmp_path_factory.mktemp("compared")
    a = compare_runs.write(root / "a", Plan(seconds=20, wander=0.05))
    b = compare_runs.write(root / "b", Plan(seconds=20, wander=0.05, median_ms=3, seed=2))
    page = root / "compared.html"
    page.write_text(render(compare([a, b, a]), "html"), encoding="utf-8")
    return page


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_draws_its_intervals(browser, watch, file, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    requests = watch(page)
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    row = page.locator("tr.worse", has_text="delivery.p50").first
    span, one = (row.locator(f".bar line.{name}").first.bounding_box() for name in ("span", "one"))
    assert span["x"] > one["x"]  # slower: to the right of 1
    assert span["width"] > 5
    for value in row.locator("td").all():
        assert value.is_visible()
    colours = {
        name: page.locator(f"tr.{name} .finding").first.evaluate("e => getComputedStyle(e).color")
        for name in ("worse", "same")
    }
    assert colours["worse"] != colours["same"]
    assert len(requests) == 1
    page.close()
