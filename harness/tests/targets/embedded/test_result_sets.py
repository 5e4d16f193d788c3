"""Pages (XEP-0059): walked in either direction, they give the list, and nothing twice."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.result_sets import Page, Wish, described, page, wish_in

RSM = "http://jabber.org/protocol/rsm"


def at(items: list[int], wish: Wish, most: int = 100) -> Page[int]:
    """Pages of numbers, whose ids are the numbers in words."""
    known = {str(number) for number in range(100)}

    def of(uid: str) -> int:
        if uid not in known:
            raise KeyError(uid)
        return int(uid)

    return page(items, lambda number: number, of, wish, most)


ITEMS = st.lists(st.integers(0, 99), unique=True, max_size=20).map(sorted)
SIZES = st.integers(1, 7)


@given(ITEMS, SIZES)
def test_forwards(items: list[int], size: int) -> None:
    found: list[int] = []
    wish = Wish(size)
    while True:
        part = at(items, wish)
        assert part.index == len(found)
        assert part.total == len(items)
        found += part.items
        assert part.complete == (found == items)
        if part.complete:
            break
        wish = Wish(size, after=str(part.items[-1]))
    assert found == items


@given(ITEMS, SIZES)
def test_backwards(items: list[int], size: int) -> None:
    found: list[int] = []
    wish = Wish(size, before="")
    while not (part := at(items, wish)).complete:
        found = [*part.items, *found]
        assert part.index == len(items) - len(found)
        wish = Wish(size, before=str(part.items[0]))
    assert [*part.items, *found] == items


@given(ITEMS, SIZES, st.integers(0, 99))
def test_beside_an_id_that_is_not_in_the_list(items: list[int], size: int, mark: int) -> None:
    behind = at(items, Wish(size, after=str(mark))).items
    assert behind == [item for item in items if item > mark][:size]
    before = at(items, Wish(size, before=str(mark))).items
    assert before == [item for item in items if item < mark][-size:]


def test_limits() -> None:
    items = list(range(10))
    assert at(items, Wish(), 4).items == [0, 1, 2, 3]
    assert at(items, Wish(20), 4).items == [0, 1, 2, 3]
    assert at(items, Wish(3, index=8)) == Page([8, 9], 8, 10, complete=True)
    assert at(items, Wish(0)) == Page([], 0, 10, complete=False)
    assert at(items, Wish(3, index=12)) == Page([], 10, 10, complete=True)


@pytest.mark.parametrize("wish", [Wish(after="x"), Wish(before="x")])
def test_unknown_id(wish: Wish) -> None:
    with pytest.raises(StanzaFault, match="item-not-found"):
        at([1], wish)


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("", Wish()),
        ("<max>3</max><after>x</after>", Wish(3, after="x")),
        ("<before/>", Wish(before="")),
        ("<index>4</index>", Wish(index=4)),
    ],
)
def test_wishes(inner: str, expected: Wish) -> None:
    assert wish_in(fromstring(f"<q><set xmlns='{RSM}'>{inner}</set></q>")) == expected
    assert wish_in(fromstring("<q/>")) == Wish()


@pytest.mark.parametrize(
    "inner", ["<max>x</max>", "<max/>", "<index>-1</index>", "<after/><before/>"]
)
def test_bad_wishes(inner: str) -> None:
    with pytest.raises(StanzaFault, match="bad-request"):
        wish_in(fromstring(f"<q><set xmlns='{RSM}'>{inner}</set></q>"))


def test_description() -> None:
    said = described(Page(["a", "b"], 3, 9, complete=False), str)
    assert [(e.tag.rpartition("}")[2], e.text, e.attrib) for e in said] == [
        ("first", "a", {"index": "3"}),
        ("last", "b", {}),
        ("count", "9", {}),
    ]
    assert [e.text for e in described(Page([], 0, 9, complete=True), str)] == ["9"]
