"""What resources saw, held against what the model of subscriptions says. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from conformance.rfc6121.subscription_model import Aspect, Expect, Key, Outlook, Resource, letter
from conformance.rfc6121.subscriptions import KINDS

_FORCE = {"MUST NOT": 0, "SHOULD NOT": 1, "MAY": 2, "MUST": 3}


class Difference(NamedTuple):
    """What a resource saw and should not have seen, or the other way round."""

    aspect: Aspect
    fails: bool  # False: the text only recommends otherwise
    key: Key
    expected: str
    observed: str  # without names, so that deviations can match it


def compare(
    key: Key, resource: Resource, outlook: Outlook, words: Sequence[str]
) -> Iterator[Difference]:
    """How what a resource has seen, in the order of its coming, differs from the outlook."""
    expects: dict[str, Expect] = {}
    for expect in sorted(outlook.expects[key], key=lambda expect: _FORCE[expect.need]):
        expects[expect.word] = expect
    words = list(words)
    yield from _marks(key, expects, words)
    wrong = [word for word in dict.fromkeys(words) if word not in expects]
    for word, expect in expects.items():
        count = words.count(word)
        if expect.need == "MUST" and not count:
            other = _in_place_of(word, wrong)
            observed = f"{plain(other)} in place of {plain(word)}" if other else f"no {plain(word)}"
            yield Difference(expect.aspect, True, key, word, observed)
        elif count and expect.need == "SHOULD NOT":
            yield Difference(expect.aspect, False, key, f"no {word}", plain(word))
        elif count > 1 and not expect.often:
            yield Difference(expect.aspect, True, key, f"{word} once", f"{plain(word)} twice")
    for word in wrong:
        if (aspect := _aspect_of(word, key, resource, outlook)) is not None:
            yield Difference(aspect, True, key, f"no {word}", f"unexpected {plain(word)}")
    yield from _disorder(key, outlook, words)


def _marks(key: Key, expects: Iterable[str], words: list[str]) -> Iterator[Difference]:
    """Pushes that are as they should be but for the mark of an approval; put right in `words`."""
    for number, word in enumerate(words):
        if word in expects:
            continue
        if found := next((one for one in expects if _same(one, word)), ""):
            words[number] = found
            observed = f"{plain(word)} in place of {plain(found)}"
            yield Difference("approvals", True, key, found, observed)


def _disorder(key: Key, outlook: Outlook, words: Sequence[str]) -> Iterator[Difference]:
    for where, aspect, earlier, later in outlook.orders:
        if where == key and earlier in words and later in words:
            last = len(words) - 1 - words[::-1].index(earlier)
            if last > words.index(later):
                observed = f"{plain(later)} before {plain(earlier)}"
                # That presence follows the approval, section 3.1.5 only implies ("then").
                fails = not later.startswith("available")
                yield Difference(aspect, fails, key, f"{earlier} before {later}", observed)


def _in_place_of(word: str, wrong: list[str]) -> str:
    """The push of another item of the same contact, taken out of what else is wrong."""
    head = re.match(r"push \S+ ", word)
    found = next((other for other in wrong if head and other.startswith(head[0])), "")
    if found:
        wrong.remove(found)
    return found


def _aspect_of(word: str, key: Key, resource: Resource, outlook: Outlook) -> Aspect | None:
    """What a word is about that nothing called for; None where section 4 may call for it."""
    kind, _, rest = word.partition(" ")
    if kind == "push":
        return "pushes" if resource.interested else "audience"
    if kind in KINDS:
        return "stanzas" if resource.available and resource.interested else "audience"
    if kind not in ("available", "unavailable"):
        return "stanzas"
    sender = rest.removeprefix("from ")[0]
    visible = {letter(whom) for who, whom in outlook.visible if who == key[0]} | {letter(key[0])}
    return None if sender in visible else "leaks"


def compare_rosters(
    key: Key, expected: Mapping[str, str], found: Mapping[str, str]
) -> Iterator[Difference]:
    """How a roster differs from what it should be; both contact -> item in short."""
    for contact in sorted({*expected, *found}):
        should, does = expected.get(contact, "no item"), found.get(contact, "no item")
        if should != does:
            aspect: Aspect = "approvals" if _same(should, does) else "states"
            observed = f"in the roster {does} in place of {should}"
            yield Difference(aspect, True, key, f"{contact} {should} in the roster", observed)


def _same(should: str, does: str) -> bool:
    """Whether two items differ in the mark of an approval in advance alone."""
    return should.removesuffix(" approved") == does.removesuffix(" approved")


def plain(word: str) -> str:
    """A word without the names in it."""
    return re.sub(r"( from)? [A-Z?](/\S*)?(?= |$)", "", word, count=1)
