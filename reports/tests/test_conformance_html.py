"""The matrix page: nothing injected, nothing fetched, everything in it."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64decode
from html import unescape
from importlib.resources import files
from itertools import chain

import pytest

from harness.errors import HarnessError
from reports import render, render_matrix
from reports.conformance import matrix
from reports.tests import conformance_runs as runs
from reports.tests.test_html import _contrast

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{ 7 * 7 }}\x1b[2J\x00"


def data_of(page):
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    found = json.loads(text)["matrix"]
    for case in chain.from_iterable(found["cases"]):
        if case["transcript"] is not None:
            case["transcript"] = zlib.decompress(b64decode(case["transcript"])).decode()
    return found


def hostile(directory):
    """A run in which every text that a server or a file may choose is hostile."""
    texts = dict.fromkeys(("server", "version", "domain", "started"), EVIL)
    of = runs.manifest(**texts, command=[EVIL], selected=[EVIL], versions={EVIL: EVIL})
    found = runs.case("x", EVIL, "FAIL", expected=EVIL, observed=EVIL, reason=EVIL)
    found = runs.leave_evidence(directory, found, f"  0.1 1 < {EVIL}\n".encode() + b"\xff\xfe\n")
    found.case = EVIL
    texts = dict.fromkeys(("document", "section", "summary", "observed"), EVIL)
    row = runs.requirement(EVIL, "FAIL", **texts, unexpected=EVIL, deviation=EVIL)
    return runs.record(directory, [row], [found], of)


def test_a_hostile_record_injects_nothing(tmp_path):
    page = render(hostile(tmp_path), "html")
    assert "alert(1)" in page  # it is shown, as text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert page.count("<script") == 2
    assert "\x1b" not in page
    assert "\x00" not in page
    case = data_of(page)["cases"][0][0]
    visible = EVIL.replace("\x1b", "\\x1b").replace("\x00", "\\x00")
    assert case["observed"] == visible
    assert case["transcript"] == f"  0.1 1 < {visible}\n\\xff\\xfe\n"


def test_nothing_is_fetched(conformance):
    page = render(conformance["ejabberd"], "html")
    assert "default-src 'none'" in page
    assert "connect-src" not in page  # so that default-src holds
    assert not re.search(r"(https?:)?//[a-z0-9.-]+\.[a-z]{2,}", page, flags=re.IGNORECASE)
    assert not re.search(r"<(link|img|iframe|script)[^>]+(src|href)=\"(?!data:)", page)
    assert "@import" not in page
    assert "url(" not in page


def test_every_case_is_in_the_page_with_its_transcript_and_replay(conformance):
    directory = conformance["ejabberd"]
    (cases,) = data_of(render(directory, "html"))["cases"]
    kept = [case for case in cases if case["evidence"]]
    assert len(kept) > 20
    for case in kept:
        folder = directory / case["evidence"]
        assert len(case["transcript"].splitlines()) == 30
        assert "\\x07" in case["transcript"]
        assert case["replay"] == f"python3 {folder}/replay.py --domain bench.test"
    assert {case["transcript"] for case in cases if not case["evidence"]} == {None}


def test_every_requirement_has_a_cell_for_each_server(conformance):
    directories = [conformance[name] for name in ("ejabberd", "prosody", "embedded")]
    page = render_matrix(directories)
    data = data_of(page)
    assert data["servers"] == ["ejabberd 23.01", "Prosody 0.12.3", "xmpp-harness 0.2.0"]
    assert len(data["rows"]) == 230
    assert page.count('<tr class="row"') == 230
    assert page.count('class="cell ') == 3 * 230
    assert all(len(row["cells"]) == 3 for row in data["rows"])
    assert "no evidence of conformance" in page


def test_verdicts_are_words_with_signs(conformance):
    page = unescape(render(conformance["ejabberd"], "html"))
    for sign, word in (("✓", "PASS"), ("✗", "FAIL"), ("≈", "NON-STRICT"), ("–", "ABSENT")):
        assert f'<span class="sign" aria-hidden="true">{sign}</span>{word}' in page


def test_a_requirement_that_one_run_does_not_know_is_an_empty_cell(tmp_path):
    one = runs.record(
        tmp_path / "1", [runs.requirement("a", "PASS")], [runs.case("x", "a", "PASS")]
    )
    rows = [runs.requirement("a", "FAIL"), runs.requirement("b", None)]
    other = runs.record(tmp_path / "2", rows, [runs.case("x", "a", "FAIL")])
    page = render_matrix([one, other])
    data = data_of(page)
    assert [row["id"] for row in data["rows"]] == ["a", "b"]
    assert data["rows"][1]["cells"][0] is None
    assert page.count("no case ran</p>") == 2
    assert "differ between servers<small>1</small>" in page


def test_a_whole_run_tells_what_one_cut_short_does_not_know(tmp_path):
    found = runs.case("x", "a", "PASS")
    cut = runs.record(tmp_path / "1", cases=[found], truncated=True)
    whole = runs.record(tmp_path / "2", [runs.requirement("a", "PASS")], [found])
    (row,) = data_of(render_matrix([cut, whole]))["rows"]
    assert (row["document"], row["section"], row["level"]) == ("RFC 6120", "4.7.3", "MUST")


def test_a_long_transcript_keeps_its_beginning_and_its_end(tmp_path):
    size = matrix.TRANSCRIPT_HEAD + matrix.TRANSCRIPT_TAIL
    found = runs.case("x", "a", "FAIL")
    data = b"first" + b"x" * size + b"last"
    found = runs.leave_evidence(tmp_path, found, data)
    runs.record(tmp_path, [runs.requirement("a", "FAIL")], [found])
    text = data_of(render(tmp_path, "html"))["cases"][0][0]["transcript"]
    assert text.startswith("first")
    assert text.endswith("last")
    assert "[9 bytes are left out here]" in text
    assert len(text) == size + len("\n[9 bytes are left out here]\n")


def test_evidence_that_is_gone_is_no_error(tmp_path):
    found = runs.case("x", "a", "FAIL", evidence="evidence/gone")
    runs.record(tmp_path, [runs.requirement("a", "FAIL")], [found])
    case = data_of(render(tmp_path, "html"))["cases"][0][0]
    assert (case["transcript"], case["replay"]) == (None, None)


def test_no_other_file_of_the_machine_gets_into_the_page(tmp_path):
    (tmp_path / "transcript.txt").write_text("secret")
    found = runs.case("x", "a", "FAIL", evidence="..")
    runs.record(tmp_path / "run", [runs.requirement("a", "FAIL")], [found])
    with pytest.raises(HarnessError, match="out of the run directory"):
        render(tmp_path / "run", "html")


def _themes():
    found: dict[str, dict[str, str]] = {"light": {}, "dark": {}}
    for name in ("report.css", "conformance.css"):
        css = (files("reports") / "templates" / name).read_text()
        blocks = re.findall(r":root[^{]*\{(.*?)\}", css, flags=re.DOTALL)
        for theme, block in zip(found, blocks, strict=True):
            found[theme] |= dict(re.findall(r"--(\w+): (#\w{6})", block))
    return {"light": found["light"], "dark": found["light"] | found["dark"]}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_meet_wcag_aa(theme):
    colours = _themes()[theme]
    pairs = {
        "bad": ("badtint", "paper", "card"),
        "careful": ("carefultint", "paper", "card"),
        "unsure": ("unsuretint", "paper", "card"),
        "muted": ("greytint", "paper", "card"),
        "good": ("paper", "card"),
        "s1": ("paper", "card"),
        "text": ("badtint", "carefultint", "unsuretint", "greytint"),
    }
    for name, grounds in pairs.items():
        for ground in grounds:
            assert _contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
