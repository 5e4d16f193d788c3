"""What the cases of RFC 7622 draw is what they are called, and is graded by both documents."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.generate.addresses import (
    DOMAINPARTS,
    LOCALPARTS,
    RESOURCEPARTS,
    of_length,
    spelt,
)
from conformance.rfc7622.profiles import Part, acceptance, became, forms, preparation

# For each class what RFC 7622 and RFC 6122 make of it: "=" as it is, "m" mapped, "x" refused;
# "o": mapped to another form than the first one's.
EXPECTED: dict[Part, dict[str, str]] = {
    "localpart": {
        "letters": "==",
        "punctuation": "==",
        "right-to-left": "==",
        "case": "mm",
        "decomposed": "mm",
        "width": "mm",
        "sharp-s": "=o",
        "excluded": "xx",
        "wide-separator": "xx",
        "space": "xx",
        "symbol": "x*",
        "compatible": "xo",
        "forbidden": "xx",
        "ignorable": "xo",
        "joiner": "=o",
        "joiner-alone": "xo",
        "right-to-left-digits": "=x",
        "mixed-directions": "xx",
        "newer": "==",
    },
    "resourcepart": {
        "letters": "==",
        "case": "==",
        "punctuation": "==",
        "decomposed": "mm",
        "single-space": "==",
        "other-space": "mm",
        "symbol": "==",
        "sharp-s": "==",
        "width": "=o",
        "compatible": "=o",
        "forbidden": "xx",
        "ignorable": "xo",
        "joiner": "=o",
        "joiner-alone": "xo",
        "right-to-left-digits": "=x",
        "mixed-directions": "=x",
        "newer": "==",
    },
    "domainpart": {
        "names": "==",
        "u-labels": "==",
        "addresses": "==",
        "case": "mm",
        "width": "mm",
        "decomposed": "mm",
        "wide-dot": "mm",
        "final-dot": "mm",
        "a-labels": "m=",
        "sharp-s": "=o",
        "bad-a-label": "x=",
        "symbol": "x=",
        "hyphen": "x=",
        "not-ldh": "x=",
        "excluded": "x=",
        "empty-label": "x=",
        "forbidden": "xx",
    },
}
CLASSES = {"localpart": LOCALPARTS, "resourcepart": RESOURCEPARTS, "domainpart": DOMAINPARTS}


def test_every_class_is_known() -> None:
    assert {part: set(names) for part, names in EXPECTED.items()} == {
        part: set(strategies) for part, strategies in CLASSES.items()
    }


@pytest.mark.parametrize(
    ("part", "name"), [(part, name) for part, names in EXPECTED.items() for name in names]
)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_class(part: Part, name: str, data: st.DataObject) -> None:
    text = data.draw(CLASSES[part][name])
    precis, stringprep, stable = forms(part, text)
    first = "x" if precis is None else "=" if precis == text else "m"
    second = "x" if stringprep is None else "=" if stringprep == text else "m"
    if second == "m" and stringprep != precis:
        second = "o"
    expected = EXPECTED[part][name]
    assert first == expected[0]
    assert second == expected[1] or (expected[1] == "*" and second in "=o")
    assert stable == (name != "newer")


@pytest.mark.parametrize(
    ("part", "text", "found", "grade"),
    [
        ("localpart", "Ann", "ann", "PASS"),
        ("localpart", "Ann", "Ann", "FAIL"),
        ("localpart", "Ann", "bob", "FAIL"),
        ("localpart", "Ann", None, "FAIL"),
        ("localpart", "stra\u00dfe", "stra\u00dfe", "PASS"),
        ("localpart", "stra\u00dfe", "strasse", "NON-STRICT"),
        ("localpart", "a\u265a", None, "PASS"),
        ("localpart", "a\u265a", "a\u265a", "NON-STRICT"),
        ("localpart", "a b", None, "PASS"),
        ("localpart", "a b", "a b", "FAIL"),
        ("localpart", "\u05d01", "\u05d01", "PASS"),
        ("localpart", "\u05d01", None, "NON-STRICT"),
        ("resourcepart", "a\u00a0b", "a b", "PASS"),
        ("resourcepart", "a\u00a0b", "a\u00a0b", "FAIL"),
        ("resourcepart", "a\U0001f600", "a\U0001f600", "PASS"),
        ("resourcepart", "a\U0001f600", None, "NON-STRICT"),
        ("domainpart", "a.invalid.", "a.invalid", "PASS"),
        ("domainpart", "a.invalid.", "a.invalid.", "FAIL"),
        ("domainpart", "xn--bcher-kva.invalid", "b\u00fccher.invalid", "PASS"),
        ("domainpart", "xn--bcher-kva.invalid", "xn--bcher-kva.invalid", "NON-STRICT"),
    ],
)
def test_grades(part: Part, text: str, found: str | None, grade: str) -> None:
    assert preparation(part, text).grade(became(part, text, found)) == grade


@pytest.mark.parametrize(
    ("text", "seen", "grade"),
    [
        ("ann", "accepted", "PASS"),
        ("ann", "refused", "FAIL"),
        ("a b", "refused", "PASS"),
        ("a b", "refused with another condition", "NON-STRICT"),
        ("a b", "accepted", "FAIL"),
        ("a\u265a", "accepted", "NON-STRICT"),
        ("\u05d01", "refused", "NON-STRICT"),
        ("x" * 1023, "accepted", "PASS"),
        ("x" * 1024, "accepted", "FAIL"),
    ],
)
def test_grades_of_addresses(text: str, seen: str, grade: str) -> None:
    assert acceptance("localpart", text).grade(seen) == grade


@given(st.text("abc123", min_size=1).flatmap(lambda text: st.tuples(st.just(text), spelt(text))))
def test_spellings_are_of_the_same_name(pair: tuple[str, str]) -> None:
    assert forms("localpart", pair[1]).precis == pair[0]


@given(st.integers(400, 1030).flatmap(lambda size: st.tuples(st.just(size), of_length(size))))
def test_lengths_are_exact(pair: tuple[int, str]) -> None:
    assert len(pair[1].encode()) == pair[0]
    assert (forms("localpart", pair[1]).precis is not None) == (pair[0] <= 1023)
