"""Sections 2, 7 and 8: who gets a copy of what is sent and received."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest
from hypothesis import example
from hypothesis import strategies as st

from conformance.generate.resources import NEGATIVE, NON_NEGATIVE
from conformance.generate.stanzas import EXTENSIONS
from conformance.rfc6120.common import stored
from conformance.suite import Case, requires
from conformance.suite.effort import fewer
from conformance.xep0280 import seats
from conformance.xep0280.common import BODY, Scene, Wish, message, scene
from conformance.xep0280.seats import Role, Seat

_WISHES = st.builds(Wish, st.booleans(), NON_NEGATIVE | NEGATIVE)
_READY = st.builds(Wish, st.booleans(), NON_NEGATIVE)
_THREAD = st.sampled_from(["", "<thread>t</thread>"])
_INNER = st.builds("{}{}{}".format, st.just(BODY), _THREAD, st.just("") | EXTENSIONS)
_BARE, _MISSING = "account", "no resource"
_TO = st.sampled_from([_BARE, _MISSING, 0, 1, 2])


class Play(NamedTuple):
    """Resources of both accounts, and messages: to whom (the number of a resource), and what."""

    sender: bool
    own: Sequence[Wish]
    theirs: Sequence[Wish]
    messages: Sequence[tuple[str | int, str]]


@st.composite
def plays(draw: st.DrawFn, *, others: bool = True) -> Play:
    """At least one resource of the recipient takes what is for the account."""
    return Play(
        draw(st.booleans()),
        draw(st.lists(_WISHES, min_size=1, max_size=2 if others else 3)),
        [draw(_READY), *draw(st.lists(_WISHES, max_size=2))] if others else [],
        draw(st.lists(st.tuples(_TO, _INNER), min_size=2, max_size=5)),
    )


_CROWD = [Wish(), Wish(), Wish(priority=-1), Wish(enabled=False)]
_TO_ALL: list[tuple[str | int, str]] = [(_BARE, BODY), (_MISSING, BODY), (0, BODY), (1, BODY)]
SILENT = Play(False, _CROWD[1:], _CROWD, _TO_ALL)  # the sender does not want copies
LOUD = SILENT._replace(sender=True)


def _address(made: Scene, to: str | int, bare: str) -> str:
    if to == _MISSING:
        return f"{bare}/nothing-q7"
    named = made.of(Role.THEIRS, Role.SELF)
    return bare if isinstance(to, str) else named[to % len(named)].stream.jid


Judge = Callable[[Sequence[Seat]], str]
_WHO = pytest.mark.parametrize(
    "judge",
    [
        pytest.param(judge, id=judge.__name__, marks=pytest.mark.requires(identifier))
        for judge, identifier in (
            (seats.received, "carbons-received-copies"),
            (seats.twice, "carbons-received-not-twice"),
            (seats.sent, "carbons-sent-copies"),
            (seats.sender, "carbons-sent-not-to-sender"),
            (seats.unwanted, "carbons-only-enabled"),
        )
    ],
)


@_WHO
@fewer(2)
@example(play=SILENT)
@example(play=LOUD)
@requires(play=plays())
async def test_between_two(case: Case, judge: Judge, play: Play) -> None:
    made = await scene(case, sender=play.sender, own=play.own, theirs=play.theirs)
    await _judge(case, made, play, case.jid(1), judge)


@pytest.mark.parametrize(
    "judge",
    [
        pytest.param(judge, id=judge.__name__, marks=pytest.mark.requires(identifier))
        for judge, identifier in (
            (seats.own, "carbons-sent-copies"),
            (seats.twice, "carbons-received-not-twice"),
            (seats.sender, "carbons-sent-not-to-sender"),
            (seats.unwanted, "carbons-only-enabled"),
        )
    ],
)
@fewer(3)
@example(play=LOUD._replace(theirs=[]))
@requires(play=plays(others=False))
async def test_to_oneself(case: Case, judge: Judge, play: Play) -> None:
    made = await scene(case, sender=play.sender, own=play.own, theirs=())
    await _judge(case, made, play, case.jid(0), judge)


async def _judge(case: Case, made: Scene, play: Play, bare: str, judge: Judge) -> None:
    texts = [
        message(_address(made, to, bare), f"m{number}", inner)
        for number, (to, inner) in enumerate(play.messages)
    ]
    await made.say("".join(texts))
    for number in range(len(texts)):
        wrong = judge(made.seats(f"m{number}"))
        if judge is seats.sender:
            case.prefer(not wrong, "no copy for the sender", wrong)
        else:
            case.check(not wrong, "exactly the copies that are due", wrong)


@pytest.mark.parametrize(
    "judge",
    [
        pytest.param(
            seats.received, id="received", marks=pytest.mark.requires("carbons-received-copies")
        ),
        pytest.param(seats.sent, id="sent", marks=pytest.mark.requires("carbons-sent-copies")),
    ],
)
@requires()
async def test_unavailable(case: Case, judge: Judge) -> None:
    """A resource that wants copies gets them without having sent presence."""
    silent = Wish(priority=None)
    made = await scene(case, own=[silent], theirs=[Wish(), silent])
    await made.say(message(made.of(Role.THEIRS)[0].stream.jid, "m"))
    wrong = judge(made.seats("m"))
    words = f"{wrong} for who is not available"
    case.check(not wrong, "a copy for who is not available", words)


@pytest.mark.parametrize("priority", [None, -1], ids=["unavailable", "negative"])
@requires("carbons-received-copies")
async def test_nobody_takes_it(case: Case, priority: int | None) -> None:
    """A message to the account is kept, since nobody is there who takes it, but a resource that
    wants copies is: it might be taken for one of those that get the message, later."""
    made = await scene(case, own=[], theirs=[Wish(priority=priority)])
    try:
        reaction = await made.say(message(case.jid(1), "m"))
        if str(reaction) != "ignored":
            case.not_applicable("the message was refused")
        wrong = seats.received(made.seats("m"))
        case.prefer(not wrong, "a copy", wrong)
    finally:
        for one in made.of(Role.THEIRS):
            await one.stream.close()
        await stored(case, 1)
