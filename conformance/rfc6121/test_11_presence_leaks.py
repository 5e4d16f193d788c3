"""Section 11: presence for those who are entitled to it, and for nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element

import pytest
from hypothesis import strategies as st

from conformance.generate.presences import SHOWS
from conformance.rfc6120.common import after
from conformance.rfc6121.presences import (
    LEAVING,
    SHOW,
    available,
    gone,
    leave,
    of,
    presence,
    probed,
    reads,
    relations,
    settle,
)
from conformance.rfc6121.rosters import removal, roster_set
from conformance.suite import Case, requires
from conformance.suite.effort import fewer
from conformance.wire.stream import RawStream

_SUBSCRIBERS = (1, 2)  # with the states from and both in the user's roster
_STRANGERS = (3, 4)  # with the states to and none


@dataclass(frozen=True)
class Say:
    """Presence to everybody."""

    show: str


@dataclass(frozen=True)
class Leave:
    """Unavailable presence; or the end of the stream, and another one."""

    closes: bool


@dataclass(frozen=True)
class Direct:
    """Presence to the full JID of one account's resource; unavailable if it `ends`."""

    to: int
    ends: bool


_STEPS = st.lists(
    st.builds(Say, st.sampled_from(SHOWS))
    | st.builds(Leave, st.booleans())
    | st.builds(Direct, st.sampled_from((*_SUBSCRIBERS, *_STRANGERS)), st.booleans()),
    min_size=2,
    max_size=10,
)


class _Model:
    """Who is told what, by the rules of section 4."""

    def __init__(self) -> None:
        self.available = False
        self.directed: set[int] = set()
        self.told: dict[int, list[str]] = {n: [] for n in (*_SUBSCRIBERS, *_STRANGERS)}

    def say(self, show: str) -> None:
        self.available = True
        for number in _SUBSCRIBERS:
            self.told[number].append(show)

    def direct(self, to: int, ends: bool) -> None:
        self.told[to].append("unavailable" if ends else "directed")
        if ends:
            self.directed.discard(to)
        elif not self.available or to not in _SUBSCRIBERS:
            self.directed.add(to)

    def leave(self) -> None:
        told = self.directed | (set(_SUBSCRIBERS) if self.available else set())
        for number in told:
            self.told[number].append("unavailable")
        self.available, self.directed = False, set()


@fewer(3)
@requires("presence-broadcast-to-entitled", "presence-hidden-from-strangers", steps=_STEPS)
async def test_any_sequence(case: Case, steps: list[Say | Leave | Direct]) -> None:
    """What a resource does, broadcasts and directed presence by turns: each of four contacts, one
    in each state, sees what the rules say, in that order."""
    model = _Model()
    async with relations(case, (1, 0), (2, 0), (0, 2), (0, 3), others=[4]) as streams:
        watching = {number: streams[number] for number in model.told}
        for stream in watching.values():
            await after(case, stream, "<presence/>")
        user = streams[0]
        await settle(*watching.values())
        seen: dict[int, list[str]] = {number: [] for number in model.told}
        for step in steps:
            jid = user.jid
            user = await _do(case, user, watching, model, step)
            still = [user] if user.is_open else []
            came = (await settle(*watching.values(), *still))[: len(watching)]
            for number, elements in zip(watching, came, strict=True):
                seen[number] += [_word(e) for e in of(elements, jid)]
        for number, expected in model.told.items():
            who = "subscribers" if number in _SUBSCRIBERS else "others"
            case.check(seen[number] == expected, "what the rules say", f"otherwise for {who}")


async def _do(
    case: Case,
    user: RawStream,
    watching: dict[int, RawStream],
    model: _Model,
    step: Say | Leave | Direct,
) -> RawStream:
    if isinstance(step, Say):
        model.say(step.show)
        await after(case, user, presence(f"<show>{step.show}</show>"))
    elif isinstance(step, Direct):
        if step.to in _SUBSCRIBERS and (step.ends or not model.available):
            return user  # what then comes is in the cases of section 4.6.3
        model.direct(step.to, step.ends)
        inner = "" if step.ends else "<status>For you</status>"
        kind = "unavailable" if step.ends else ""
        await after(case, user, presence(inner, to=watching[step.to].jid, type=kind))
    elif step.closes:
        model.leave()
        await leave(case, user, "end")
        return await case.bound(0)
    elif model.available:
        model.leave()
        await after(case, user, presence(type="unavailable"))
    return user


def _word(element: Element) -> str:
    return element.get("type") or element.findtext(SHOW) or "directed"


@pytest.mark.parametrize("how", LEAVING)
@requires("presence-hidden-from-strangers")
async def test_a_whole_session(case: Case, how: str) -> None:
    """Strangers, and contacts to whom it is only the user who is subscribed: nothing of a session,
    whatever ends it, and nothing for those who probe for it."""
    async with relations(case, (0, 1), others=[2]) as streams:
        strangers = [streams[1], streams[2]]
        for stream in strangers:
            await after(case, stream, "<presence/>")
        [user] = await available(case, 0, "")
        await after(case, user, "<presence><show>away</show></presence>")
        for stream in strangers:
            came = await probed(stream, case.jid(0), user)
            case.check(not reads(came, case.jid(0)), "nothing upon a probe", "presence")
        [witness] = await available(case, 0, "")
        await settle(witness)
        await leave(case, user, how)
        case.check(await gone(witness, user.jid), "the end seen by the user", "no end")
        for came in await settle(*strangers):
            case.check(not reads(came, case.jid(0)), "nothing", "presence")


@requires("presence-hidden-from-strangers")
async def test_removal_of_who_is_not_subscribed(case: Case) -> None:
    """The contact gets an unsubscribe, from the bare JID, and nothing of a resource."""
    async with relations(case, (0, 1)) as streams:
        user, contact = streams[0], streams[1]
        for stream in (user, contact):
            await after(case, stream, "<presence/>")
        await settle(user, contact)
        await after(case, user, roster_set(removal(case.jid(1))))
        came = (await settle(user, contact))[1]
        case.check(not of(came, user.jid), "nothing of the user's resources", "presence")
