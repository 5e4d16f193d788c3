"""Section 4.4: further presence, as it is broadcast; and what stands in it (4.7.2, 4.7.3)."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from hypothesis import strategies as st

from conformance.generate.presences import AVAILABLE, CAPABILITIES, LANGUAGES, SHOWS
from conformance.generate.text import IDENTIFIERS
from conformance.rfc6120.common import after
from conformance.rfc6121.presences import (
    PRIORITY,
    SHOW,
    STATUS,
    available,
    of,
    presence,
    relations,
    settle,
    whole,
    words,
)
from conformance.suite import Case, requires
from conformance.suite.effort import fewer
from harness.xmpp import namespaces as ns

_SAID = st.lists(st.tuples(IDENTIFIERS, AVAILABLE), min_size=1, max_size=5)
_INNER = [
    "",
    *(f"<show>{show}</show>" for show in SHOWS),
    "<status>In a meeting</status>",
    "".join(f"<status xml:lang='{lang}'>{lang}</status>" for lang in LANGUAGES),
    "<priority>127</priority>",
    "<priority>-128</priority>",
    CAPABILITIES,
    "<x xmlns='urn:example:q' a='1'>text<y/>more</x><z xmlns='urn:example:q'/>",
]


@fewer(4)
@requires(
    "presence-notype",
    "presence-update-broadcast",
    "presence-update-own",
    "presence-update-delivered",
    "presence-extended-content",
    "presence-status-passed",
    said=_SAID,
)
async def test_all_that_is_in_it(case: Case, said: list[tuple[str, str]]) -> None:
    """Any sequence of presence, in its order, at each available resource of contacts with from and
    both, and of the user."""
    async with relations(case, (1, 0), (2, 0), (0, 2)) as streams:
        user = streams[0]
        others = [*await available(case, 0, "", "<priority>-1</priority>"), streams[1], streams[2]]
        others += await available(case, 1, "<priority>-1</priority>")
        for stream in (streams[1], streams[2], user):
            await after(case, stream, "<presence/>")
        await settle(user, *others)
        await user.send("".join(presence(inner, id=name) for name, inner in said))
        for came in await settle(user, *others):
            found = of(came, user.jid)
            case.check(len(found) == len(said), "each presence, once", "another number")
            for element, (name, inner) in zip(found, said, strict=True):
                case.check(whole(element, inner), "all that is in it, in order", "something else")
                case.check(element.get("id") in (name, None), "its id", "another id")
                case.prefer(element.get("id") == name, "its id", "no id")


@requires(
    "presence-show-passed",
    "presence-status-passed",
    "presence-extended-content",
    "presence-priority-told",
    "presence-update-broadcast",
)
async def test_each_element(case: Case) -> None:
    """Every <show/>, statuses in languages, the ends of the priorities, extensions, nothing."""
    async with relations(case, (1, 0)) as streams:
        user, subscriber = streams[0], streams[1]
        for stream in (subscriber, user):
            await after(case, stream, "<presence/>")
        await settle(user, subscriber)
        for inner in _INNER:
            await user.send(presence(inner))
            seen = await settle(user, subscriber)
            told = [of(came, user.jid) for came in seen]
            case.check(all(len(found) == 1 for found in told), "the presence, once", "not so")
            for [element] in told:
                case.check(whole(element, inner), "all that is in it", "something else")
                shown = element.findtext(SHOW)
                case.check(shown in (*SHOWS, None), "a defined <show/>", "another one")
                languages = [e.get(ns.LANG) for e in element.iterfind(STATUS)]
                case.check(len(set(languages)) == len(languages), "each language once", "not so")
            same = _priority(told[0][0]) == _priority(told[1][0])
            case.check(same, "the same priority for user and contact", "another one")


def _priority(element: Element) -> int:
    return int(element.findtext(PRIORITY) or "0")


@requires("presence-extended-content", "presence-initial-own")
async def test_for_who_comes_later(case: Case) -> None:
    """What was said last, whole, and not what was said before."""
    [user] = await available(case, 0, _INNER[-1])
    for inner in (_INNER[1], _INNER[-2], _INNER[7]):
        await after(case, user, presence(inner))
        later = await case.bound(0)
        await later.send("<presence/>")
        found = of((await settle(later, user))[0], user.jid)
        case.check(len(found) == 1, "presence of the other resource, once", "another number")
        case.check(whole(found[0], inner), "what it said last", "something else")
        await after(case, later, "<presence type='unavailable'/>")


@pytest.mark.parametrize("state", ["none", "to"])
@requires("presence-hidden-from-strangers", "presence-update-broadcast")
async def test_who_is_not_subscribed(case: Case, state: str) -> None:
    pairs = ((0, 1),) if state == "to" else ()
    async with relations(case, *pairs, others=[0, 1]) as streams:
        user, stranger = streams[0], streams[1]
        await after(case, stranger, "<presence/>")
        await after(case, user, "<presence/>")
        for show in SHOWS:
            await after(case, user, presence(f"<show>{show}</show>"))
        came = (await settle(stranger))[0]
        case.check(not words(came, user.jid), "nothing", "presence")
