"""Pages of a list whose items have ids (XEP-0059)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded.faults import StanzaFault
from harness.xmpp import namespaces as ns

_HERE = f"{{{ns.RESULT_SETS}}}"
SET = f"{_HERE}set"
T = TypeVar("T")


@dataclass(frozen=True)
class Wish:
    """What is asked for. `before` "" is the last page."""

    most: int | None = None
    after: str | None = None
    before: str | None = None
    index: int | None = None


@dataclass(frozen=True)
class Page(Generic[T]):
    """What is given: neighbours in the list, where they begin, how long the list is."""

    items: Sequence[T]
    index: int
    total: int
    complete: bool  # there is nothing further in that direction


def wish_in(query: Element) -> Wish:
    """The wish in a request. Raises StanzaFault where it is none."""
    wished = query.find(SET)
    if wished is None:
        return Wish()
    after, before = wished.findtext(f"{_HERE}after"), wished.findtext(f"{_HERE}before")
    if after is not None and before is not None:
        raise StanzaFault("bad-request")
    return Wish(_number(wished, "max"), after, before, _number(wished, "index"))


def page(
    items: Sequence[T], number: Callable[[T], int], of: Callable[[str], int], wish: Wish, most: int
) -> Page[T]:
    """The part of `items` that is wished for, `most` at most.

    Items are ordered by `number`; `of` is the number of an id, which need not be one of the items'.
    Raises StanzaFault for an id that there is not.
    """
    size = most if wish.most is None else min(wish.most, most)
    first, end = 0, len(items)
    try:
        if wish.after is not None:
            first = _behind(items, number, of(wish.after))
        if wish.before:
            end = _behind(items, number, of(wish.before) - 1)
    except KeyError:
        raise StanzaFault("item-not-found") from None
    if wish.index is not None:
        first = min(wish.index, end)
    complete = end - first <= size
    if wish.before is not None:
        first = max(first, end - size)
    else:
        end = min(end, first + size)
    return Page(items[first:end], first, len(items), complete)


def described(page: Page[T], uid: Callable[[T], str]) -> Element:
    """The <set/> that says which page it is."""
    said = Element(SET)
    if page.items:
        SubElement(said, f"{_HERE}first", {"index": str(page.index)}).text = uid(page.items[0])
        SubElement(said, f"{_HERE}last").text = uid(page.items[-1])
    SubElement(said, f"{_HERE}count").text = str(page.total)
    return said


def _behind(items: Sequence[T], number: Callable[[T], int], mark: int) -> int:
    """The position of the first item whose number is greater."""
    return next((at for at, item in enumerate(items) if number(item) > mark), len(items))


def _number(wished: Element, name: str) -> int | None:
    text = wished.findtext(f"{_HERE}{name}")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise StanzaFault("bad-request")
    return int(text)
