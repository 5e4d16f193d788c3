"""Section 4.7: types that there are not, and priorities."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from hypothesis import strategies as st

from conformance.generate.text import NAMES
from conformance.rfc6120.common import after, came
from conformance.rfc6121.presences import (
    PRIORITY,
    available,
    of,
    presence,
    relations,
    settle,
    words,
)
from conformance.suite import Allowed, Case, requires
from conformance.suite.effort import fewer

_UNDEFINED = NAMES.map("x-{}".format)
_REFUSED = Allowed("<bad-request/>, or nothing", ("presence error bad-request",), ("ignored",))
_PRIORITIES = st.sampled_from([-128, -1, 0, 1, 127]) | st.integers(-128, 127)


@pytest.mark.parametrize("type_", ["available", "Unavailable", "online"])
@requires("presence-type-undefined")
async def test_looks_like_a_type(case: Case, type_: str) -> None:
    """Who takes it for one that there is, goes against a recommendation."""
    stream = await case.bound()
    reaction = str(await after(case, stream, f"<presence type='{type_}' id='x'/>"))
    case.prefer(reaction == "presence error bad-request", "<bad-request/>", reaction)


@fewer(3)
@requires("presence-type-undefined", "presence-notype", type_=_UNDEFINED)
async def test_undefined_type(case: Case, type_: str) -> None:
    """Nobody is available by it."""
    async with relations(case, (1, 0)) as streams:
        user, subscriber = streams[0], streams[1]
        await after(case, subscriber, "<presence/>")
        await settle(user, subscriber)
        reaction = await after(case, user, f"<presence type='{type_}' id='x'/>")
        case.judge(reaction, _REFUSED)
        seen = (await settle(user, subscriber))[1]
        case.check(not of(seen, user.jid), "nothing for subscribers", "presence")


@fewer(2)
@requires(
    "presence-priority-range",
    "presence-priority-told",
    priorities=st.lists(_PRIORITIES, min_size=1, max_size=4),
)
async def test_priorities(case: Case, priorities: list[int]) -> None:
    """Each is told to the user and to a subscriber, as it is; or as the server has set it, which
    is the same for both."""
    async with relations(case, (1, 0)) as streams:
        user, subscriber = streams[0], streams[1]
        for stream in (subscriber, user):
            await after(case, stream, "<presence/>")
        await settle(user, subscriber)
        for number in priorities:
            await user.send(presence(f"<priority>{number}</priority>"))
            seen = [of(found, user.jid) for found in await settle(user, subscriber)]
            case.check(all(len(found) == 1 for found in seen), "the presence, once", "not so")
            told = [_priority(found[0]) for found in seen]
            case.check(told[0] == told[1], "the same for user and contact", "not the same")
            case.prefer(told[0] == number, "the priority that was sent", "another one")


def _priority(element: Element) -> int:
    return int(element.findtext(PRIORITY) or "0")


_WRONG = ["128", "-129", "1000000000000000000000", "", "high", "1.5", "0x10", "1 2"]


@pytest.mark.parametrize("text", _WRONG)
@requires("presence-priority-range")
async def test_what_is_no_priority(case: Case, text: str) -> None:
    """Refused, ignored, or passed on; the stream goes on, and valid presence after it counts."""
    async with relations(case, (1, 0)) as streams:
        user, subscriber = streams[0], streams[1]
        for stream in (subscriber, user):
            await after(case, stream, "<presence/>")
        await settle(user, subscriber)
        await user.send(presence(f"<priority>{text}</priority>", id="x"))
        seen = await settle(user, subscriber)
        refused = [e for e in seen[0] if e.get("type") == "error"]
        passed = [e for e in of(seen[1], user.jid) if e.findtext(PRIORITY) == text]
        case.check(
            not (refused and of(seen[1], user.jid)), "refused, or not", "refused and passed on"
        )
        case.prefer(refused or not passed, "not passed on", "passed on as it is")
        await user.send(presence("<priority>5</priority>"))
        seen = await settle(user, subscriber)
        told = words(seen[1], user.jid)
        case.check(told == ["available"], "the next presence", "none, or another one")


@requires("presence-priority-default")
async def test_default_priority(case: Case) -> None:
    """A message to the bare JID goes where none is given, not where it is negative; where there
    is a negative one alone, it goes there neither."""
    sender = await case.bound(1)
    low, default = await available(case, 0, "<priority>-1</priority>", "")
    for type_ in ("chat", "normal", "headline"):
        text = f"<message to='{case.jid(0)}' type='{type_}' id='{type_}'><body>x</body></message>"
        await after(case, sender, text)
    expected = ["chat", "normal", "headline"]
    case.check(await came(default, "message") == expected, "priority 0 by default", "another one")
    case.check(not await came(low, "message"), "nothing below 0", "a message")


@requires("presence-priority-default", "presence-notype")
async def test_priority_is_of_the_last_presence(case: Case) -> None:
    """It is 0 again once a presence does not name it."""
    sender = await case.bound(1)
    [one] = await available(case, 0, "<priority>-1</priority>")
    await after(case, one, "<presence><show>chat</show></presence>")
    text = f"<message to='{case.jid(0)}' type='headline' id='m'><body>x</body></message>"
    await after(case, sender, text)
    case.check(await came(one, "message") == ["m"], "priority 0 by default", "another one")
