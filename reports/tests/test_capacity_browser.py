"""The page of a capacity search in a real browser."""

from __future__ import annotations

from itertools import pairwise

import pytest

from reports.capacity import render
from reports.tests.capacity_searches import AT_LEAST, search, write

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    root = tmp_path_factory.mktemp("capacity")
    blind = search("100+ 200+ 400+ 800? 400+ 420? 420?", AT_LEAST)
    found = {}
    for name, capacity in (("found", search()), ("blind", blind)):
        directory = write(root / name, capacity)
        found[name] = directory / "report.html"
        found[name].write_text(render(directory, "html"), encoding="utf-8")
    return found


@pytest.fixture(params=[390, 1280])
def opened(browser, watch, request):
    """Open a page at this width; the test fails when the page complains or asks for anything."""
    width = request.param
    page = browser.new_page(viewport={"width": width, "height": 900})
    requests = watch(page)

    def open_(file, scheme="light"):
        page.emulate_media(color_scheme=scheme)
        page.goto(file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        return page

    yield open_
    page.close()
    assert len(requests) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_draws_its_curve(opened, files, scheme):
    page = opened(files["found"], scheme)
    assert page.locator("figure").count() == 3
    for figure in page.locator("figure").all():
        area = figure.locator("svg.area").bounding_box()
        assert area["width"] > 200
        assert area["height"] > 200
        for mark in figure.locator("circle.mark").all():
            box = mark.bounding_box()
            assert area["x"] - 6 <= box["x"] <= area["x"] + area["width"]
            assert area["y"] - 6 <= box["y"] <= area["y"] + area["height"]
    latency = page.locator("#latency")
    assert latency.locator("polyline").count() == 2
    assert latency.locator("circle.mark.breached").count() == 2 * 2  # two lines, two loads
    for tick in latency.locator(".x span, .y span").all():
        assert tick.is_visible()
    ends = page.evaluate(
        "[...document.querySelectorAll('#latency circle.s2')].map(c => c.getBoundingClientRect().y)"
    )
    assert ends[0] > ends[-1]  # slower: higher up


def test_ticks_do_not_overlap(opened, files):
    page = opened(files["found"])
    for figure in page.locator("figure").all():
        boxes = [tick.bounding_box() for tick in figure.locator(".x span").all()]
        for left, right in pairwise(boxes):
            assert left["x"] + left["width"] < right["x"]


def test_where_the_generator_was_the_limit_has_a_mark_of_its_own(opened, files):
    page = opened(files["blind"])
    assert page.locator("#latency path.mark.blind").count() == 2 * 2
    assert page.locator("#latency path.mark.blind").first.is_visible()
    assert page.locator("h1").inner_text() == "ejabberd 23.01: at least 400 messages/s"


def test_colours_tell_what_was_met(opened, files):
    page = opened(files["found"])
    colours = {
        name: page.locator(f".loads tr.{name} .finding").first.evaluate(
            "e => getComputedStyle(e).color"
        )
        for name in ("met", "breached")
    }
    assert colours["met"] != colours["breached"]
    best = page.locator(".loads tr.best")
    assert best.locator("th").inner_text() == "1,280"
