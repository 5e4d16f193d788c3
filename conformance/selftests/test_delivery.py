"""The table of RFC 6121 section 8.5.4, every cell of it, has its case; the model grades by it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.generate.resources import Priorities, vectors
from conformance.inventory import collect
from conformance.rfc6121.delivery import CELLS, KINDS, Cell, Form, Who, allowed, outcome

# As the RFC prints it, which calls some rows otherwise. "*": only who has opted in.
TABLE = """
    nobody-bare         S/E   S/E    E     S
    nobody-no-match     S/E   S/E    S/E   S/E
    absent-bare         O/E   O/E    E     S
    absent-no-match     S/E   O/E    S/E   S/E
    negative-bare       O/E   O/E    E     S
    negative-match      D     D      D     D
    negative-no-match   S/E   O/E    S/E   S/E
    one-bare            D     D      E     D
    one-match           D     D      D     D
    one-no-match        S/E   D      S/E   S/E
    many-bare           M/A   M/A*   E     A
    many-match          D     D/A*   D     D
    many-no-match       S/E   M/A*   S/E   S/E
"""
COLUMNS = ("normal", "chat", "groupchat", "headline")
PRINTED = {
    f"{row}-{column}": letters
    for row, *cells in (line.split() for line in TABLE.strip().splitlines())
    for column, letters in zip(COLUMNS, cells, strict=True)
}
UNAVAILABLE = "message error service-unavailable"
PRIORITIES: dict[str, Priorities] = {
    "nobody": (),
    "absent": (),
    "negative": (-1, None),
    "one": (-3, 4),
    "many": (5, 3, -2),
}
MATCHED = {"negative": 0, "one": 1, "many": 0}
MEANINGS = {
    "S": "nothing",
    "E": UNAVAILABLE,
    "O": "kept",
    "M": "delivered to the highest",
    "A": "delivered to all non-negative",
}


@pytest.fixture(scope="module")
def cases() -> set[str]:
    """The parameters of the cases for the cells, by the name of the test."""
    bound, _ = collect()
    return {
        name.partition("::")[2]
        for names in bound.values()
        for name in names
        if name.startswith("rfc6121/test_08_delivery.py")
    }


def test_the_printed_table_has_52_cells() -> None:
    assert len(PRINTED) == 13 * 4


@pytest.mark.parametrize("name", PRINTED)
def test_every_printed_cell_has_a_case(cases: set[str], name: str) -> None:
    assert f"test_message[{name}]" in cases


def test_every_cell_has_a_case(cases: set[str]) -> None:
    expected = {f"test_{kind}[{name}]" for kind in KINDS for name in CELLS[kind]}
    assert cases == expected
    assert sum(map(len, KINDS.values())) == 17
    assert len(expected) == 17 * 17


def sample(cell: Cell) -> tuple[Priorities, int | None]:
    """Resources for a cell, and the one that its address names."""
    who = cell.who.value
    return PRIORITIES[who], MATCHED[who] if cell.form is Form.MATCH else None


@pytest.mark.parametrize("name", PRINTED)
def test_what_is_printed_passes(name: str) -> None:
    cell = CELLS["message"][name]
    priorities, named = sample(cell)
    for letter in PRINTED[name].split("/"):
        if letter == "D":
            matches = cell.form is Form.MATCH
            words = "delivered to the named resource" if matches else MEANINGS["A"]
        else:
            words = MEANINGS[letter[0]]
        expected = "NON-STRICT" if letter.endswith("*") else "PASS"
        assert allowed(cell, priorities, named).grade(words) == expected


# The prose of 8.5.1 has both choices for every type, and RFC 6120 section 10.5.4 treats a message
# to a missing resource as one to the bare JID; section 5.2.2 is content with some resources.
TOLERATED = {
    "nobody-bare-groupchat": {"S"},
    "nobody-bare-headline": {"E"},
    "absent-no-match-normal": {"O"},
    "negative-bare-normal": {"S"},
    "negative-bare-chat": {"S"},
    "negative-no-match-normal": {"O"},
    "negative-no-match-chat": {"S"},
    "one-no-match-normal": {"A"},
    "one-no-match-headline": {"A"},
    "many-bare-headline": {"M"},
    "many-no-match-normal": {"M", "A"},
    "many-no-match-headline": {"M", "A"},
}


@pytest.mark.parametrize("name", PRINTED)
def test_what_is_not_printed_does_not_pass(name: str) -> None:
    cell = CELLS["message"][name]
    priorities, named = sample(cell)
    printed = {letter[0] for letter in PRINTED[name].split("/")}
    if printed == {"D"} and cell.form is not Form.MATCH:
        printed = {"A"}
    for letter in MEANINGS.keys() - printed:
        expected = "NON-STRICT" if letter in TOLERATED.get(name, set()) else "FAIL"
        assert allowed(cell, priorities, named).grade(MEANINGS[letter]) == expected, letter


@given(data=st.data())
def test_a_negative_resource_gets_only_what_names_it(data: st.DataObject) -> None:
    who = data.draw(st.sampled_from(["negative", "one", "many"]))
    priorities = data.draw(vectors(who, 3))
    low = [n for n, priority in enumerate(priorities) if priority is not None and priority < 0]
    for cell in CELLS["message"].values():
        if cell.who is Who(who) and low:
            others = {n: 1 for n, priority in enumerate(priorities) if priority is not None}
            named = low[0] if cell.form is Form.MATCH else None
            for got in (others, {low[0]: 1}):
                seen = outcome("message", priorities, named, got, "ignored", 0)
                right = got == {low[0]: 1} and named == low[0]
                assert (allowed(cell, priorities, named).grade(seen) == "PASS") == right


@given(data=st.data())
def test_vectors_are_what_they_are_called(data: st.DataObject) -> None:
    who = data.draw(st.sampled_from(["connected", "negative", "one", "many", "equal", "different"]))
    priorities = data.draw(vectors(who, 3))
    willing = [p for p in priorities if p is not None and p >= 0]
    counts = {"connected": {0}, "negative": {0}, "one": {1}}.get(who, {2, 3})
    assert len(willing) in counts
    assert (who == "connected") == all(p is None for p in priorities)
    if who in ("equal", "different"):
        assert (len(set(willing)) == 1) == (who == "equal")


@pytest.mark.parametrize(
    ("got", "answer", "kept", "words"),
    [
        ({}, "ignored", 0, "nothing"),
        ({}, "ignored", 1, "kept"),
        ({}, UNAVAILABLE, 1, f"kept and {UNAVAILABLE}"),
        ({0: 1}, "ignored", 0, "delivered to the highest"),
        ({1: 1}, "ignored", 0, "delivered to some non-negative"),
        ({0: 1, 1: 1}, "ignored", 0, "delivered to all non-negative"),
        ({0: 1, 1: 1, 2: 1}, "ignored", 0, "delivered to a negative resource"),
        ({0: 1, 3: 1}, "ignored", 0, "delivered to a resource without presence"),
        ({0: 2}, "ignored", 0, "delivered more than once"),
        ({0: 1}, UNAVAILABLE, 0, f"delivered to the highest and {UNAVAILABLE}"),
    ],
)
def test_words(got: dict[int, int], answer: str, kept: int, words: str) -> None:
    priorities = (5, 3, -2, None)
    assert outcome("message", priorities, None, got, answer, kept) == words
    for cell in CELLS["message"].values():
        if "and" in words or "once" in words or "without presence" in words:
            grades = {allowed(cell, priorities).grade(words)}
            assert grades <= ({"FAIL", "NON-STRICT"} if cell.who is Who.CONNECTED else {"FAIL"})
