"""The matrix page in a real browser: filters, cases, copying, keyboard, contrast, no request."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from harness.record.conformance import ConformanceRun
from reports import render_matrix
from reports.tests import conformance_runs as runs
from reports.tests.test_conformance_html import EVIL, hostile

pytestmark = pytest.mark.browser

SERVERS = ("ejabberd", "prosody", "embedded")
ROWS = 230

# Text whose contrast with what lies behind it is less than WCAG AA asks of its size.
FAINT = """() => {
  const parse = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[0-9.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const luminance = (rgb) => {
    const linear = rgb.map((whole) => {
      const c = whole / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const { rgb, a } = parse(getComputedStyle(at).backgroundColor);
      if (a === 1) return rgb;
      if (a > 0) throw new Error(`half transparent: ${at.className}`);
    }
    return [255, 255, 255];
  };
  const scope = document.querySelector("dialog[open]") || document.body;
  const walker = document.createTreeWalker(scope, NodeFilter.SHOW_TEXT);
  const faint = [];
  let seen = 0;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("script, noscript, :disabled")) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    seen += 1;
    const style = getComputedStyle(element);
    const pair = [luminance(parse(style.color).rgb), luminance(ground(element))];
    const contrast = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (contrast < 4.5) faint.push(`${element.className} ${walker.currentNode.data}: ${contrast}`);
  }
  return { faint, seen };
}"""


@pytest.fixture
def opened(browser, watch, tmp_path):
    """Open a page on several runs; the test fails when it complains or makes a request."""
    page = browser.new_page()
    requests = watch(page)

    def open_(directories, width=1280, scheme="light", fragment=""):
        file = tmp_path / "matrix.html"
        file.write_text(render_matrix(directories), encoding="utf-8")
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.goto(file.as_uri() + fragment)
        return page

    yield open_
    page.close()
    assert len(requests) == 1
    assert requests[0].startswith("file://")


@pytest.fixture
def matrix(opened, conformance):
    """The page on three servers, and the records behind it."""
    directories = [conformance[name] for name in SERVERS]
    page = opened(directories)
    return page, [ConformanceRun(directory) for directory in directories]


def shown(page):
    """Ids of the requirements that the filters leave."""
    return page.locator("tr.row:visible th .id").all_inner_texts()


def verdicts(records):
    """Verdicts of each requirement, by id."""
    found = {}
    for record in records:
        for requirement in record.requirements:
            found.setdefault(requirement.id, []).append(requirement.verdict)
    return found


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_and_is_readable(opened, conformance, width, scheme):
    page = opened([conformance[name] for name in SERVERS], width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = page.evaluate(FAINT)
    assert found["faint"] == []
    assert found["seen"] > ROWS * 6
    for verdict in ("fail", "non-strict", "absent", "pass"):
        page.locator(f".cell.{verdict}").first.click()
        found = page.evaluate(FAINT)
        assert found["faint"] == []
        assert found["seen"] > 15
        assert page.evaluate("document.querySelector('dialog').scrollWidth") <= width
        page.keyboard.press("Escape")


@pytest.mark.parametrize("width", [390, 1280])
def test_many_servers_scroll_within_their_table(opened, conformance, width):
    page = opened([conformance[name] for name in (*SERVERS, "cut", *SERVERS)], width)
    assert page.locator("h1").inner_text() == "7 servers"
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_filters_by_verdict_and_difference(matrix):
    page, records = matrix
    found = verdicts(records)
    assert len(shown(page)) == ROWS == len(found)
    page.get_by_label("FAIL").check()
    assert set(shown(page)) == {name for name, of in found.items() if "FAIL" in of}
    page.get_by_label("UNKNOWN").check()
    assert set(shown(page)) == {name for name, of in found.items() if {"FAIL", "UNKNOWN"} & {*of}}
    page.get_by_label("FAIL").uncheck()
    page.get_by_label("UNKNOWN").uncheck()
    page.get_by_label("differ between servers").check()
    differing = {name for name, of in found.items() if len({*of}) > 1}
    assert set(shown(page)) == differing != set(found)
    assert page.locator("output").inner_text().startswith(f"{len(differing)} of {ROWS} require")
    page.get_by_role("button", name="Show all").click()
    assert len(shown(page)) == ROWS


def test_filters_by_document_section_level_and_text(matrix):
    page, records = matrix
    rows = {row.id: row for row in records[0].requirements}
    page.get_by_label("Document").select_option("RFC 6120")
    assert {rows[name].document for name in shown(page)} == {"RFC 6120"}
    sections = page.get_by_label("Section").locator("option").all_inner_texts()
    assert {"4", "4.9", "4.9.3"} <= {text.strip() for text in sections}
    assert not any("8.5" in text for text in sections)
    page.get_by_label("Section").select_option("RFC 6120\n4")
    assert set(shown(page)) == {
        name
        for name, row in rows.items()
        if row.document == "RFC 6120" and row.section.startswith("4.")
    }
    page.get_by_label("Section").select_option("RFC 6120\n4.9.3")
    page.get_by_label("Search").fill("Namespace invalid")
    assert shown(page) == ["stream-error-invalid-namespace"]
    page.get_by_label("Search").fill("no such words")
    assert shown(page) == []
    assert page.get_by_text("No requirement fits these filters.").is_visible()
    page.get_by_role("button", name="Show all").click()
    page.get_by_label("MAY", exact=False).check()
    assert set(shown(page)) == {name for name, row in rows.items() if row.level == "MAY"}


def test_a_cell_opens_its_case(matrix):
    page, records = matrix
    failed = next(row for row in records[0].requirements if row.verdict == "FAIL" and row.deviation)
    case = next(case for case in records[0].cases if failed.id in case.requirements)
    row = page.locator("tr.row", has=page.get_by_text(failed.id, exact=True))
    row.get_by_role("button").first.click()
    dialog = page.get_by_role("dialog")
    text = dialog.inner_text()
    for fact in (failed.id, failed.summary, failed.deviation, case.case, case.close):
        assert fact in text
    assert f"Expected\n{case.expected}" in text
    assert f"Observed\n{case.observed}" in text
    transcript = dialog.get_by_role("region", name="Transcript").first
    expect(transcript.locator("span")).to_have_count(30)
    assert "\\x07" in transcript.inner_text()
    page.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_the_dialog_goes_to_other_servers_and_to_the_next_that_fits(matrix):
    page, records = matrix
    page.get_by_label("FAIL").check()
    names = shown(page)
    page.locator("tr.row:visible .cell").first.click()
    title = page.locator("#detail-title")
    assert title.inner_text() == names[0]
    assert page.get_by_role("button", name="Previous requirement").is_disabled()
    page.get_by_role("button", name="Next requirement").click()
    assert title.inner_text() == names[1]
    page.get_by_role("group", name="Server").get_by_role("button").nth(1).click()
    case = next(case for case in records[1].cases if names[1] in case.requirements)
    assert case.case in page.get_by_role("dialog").inner_text()
    page.keyboard.press("Escape")
    focused = page.locator("tr.row", has=page.locator(".cell:focus"))
    expect(focused.locator("th .id")).to_have_text(names[1])


@pytest.mark.parametrize("clipboard", ["granted", "missing"])
def test_copies_the_replay_command(opened, conformance, clipboard):
    directories = [conformance[name] for name in SERVERS]
    page = opened(directories)
    if clipboard == "granted":
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    else:
        page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.get_by_label("Search").fill("something else")
    page.get_by_label("Search").select_text()
    page.keyboard.press("Control+X")
    page.locator(".cell.fail").first.click()
    command = page.locator(".command code").first.inner_text()
    assert re.fullmatch(r"python3 \S+/replay\.py --domain bench\.test", command)
    page.get_by_role("button", name="Copy").first.click()
    page.get_by_role("button", name="Copied").wait_for()
    page.keyboard.press("Escape")
    page.get_by_label("Search").focus()
    page.keyboard.press("Control+V")
    assert page.get_by_label("Search").input_value() == command


def test_works_with_the_keyboard_alone(matrix):
    page, _ = matrix
    page.get_by_label("Search").focus()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == "FAIL":
            break
    page.keyboard.press("Space")
    assert 0 < len(shown(page)) < ROWS
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('cell')"):
            break
    opener = page.evaluate("document.activeElement.innerText")
    page.keyboard.press("Enter")
    assert page.get_by_role("dialog").is_visible()
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.evaluate("document.activeElement.innerText") == opener


def test_an_address_with_a_fragment_opens_that_case(opened, conformance):
    directories = [conformance[name] for name in SERVERS]
    page = opened(directories, fragment="#stream-error-reset/2")
    assert page.locator("#detail-title").inner_text() == "stream-error-reset"
    pressed = page.locator("#detail-servers [aria-pressed=true]")
    assert pressed.inner_text().startswith("Prosody")
    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: "#" not in url)


def test_every_case_opens_even_where_a_requirement_has_many(opened, tmp_path):
    cases = [
        runs.case(f"x[{n}]", "r", "PASS" if n else "FAIL", observed=f"o{n}") for n in range(40)
    ]
    page = opened([runs.record(tmp_path / "r", [runs.requirement("r", "FAIL")], cases)])
    page.locator(".cell").click()
    assert page.locator("details.case").count() == 40
    assert page.locator("details.case[open]").count() == 1
    page.locator("details.case summary").last.click()
    expect(page.locator("details.case").last).to_contain_text("o39")


def test_a_hostile_record_is_text(opened, tmp_path):
    page = opened([hostile(tmp_path / "r")])
    page.locator(".cell").click()
    expect(page.locator(".transcript")).to_be_visible()
    text = page.get_by_role("dialog").inner_text()
    shown_as = EVIL.replace("\x1b", "\\x1b").replace("\x00", "\\x00")
    assert text.count(shown_as) >= 7  # title, summary, both boxes, expected, observed, transcript
    assert page.locator("img").count() == 0


def test_prints_what_is_shown_or_the_open_case(matrix):
    page, _ = matrix
    page.get_by_label("FAIL").check()
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator(".filters input[type=search]").is_hidden()
    assert "FAIL" in page.locator("output").inner_text()
    page.emulate_media(media="screen")
    page.locator("tr.row:visible .cell.fail").first.click()
    expect(page.locator(".transcript").first).to_be_visible()
    page.emulate_media(media="print")
    assert page.locator("main").is_hidden()
    assert page.locator(".transcript").first.is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_the_data_is_what_the_record_says(matrix):
    page, records = matrix
    data = json.loads(page.locator("#data").inner_text())["matrix"]
    for index, record in enumerate(records):
        cells = {row["id"]: row["cells"][index]["verdict"] for row in data["rows"]}
        assert cells == {row.id: row.verdict for row in record.requirements}
