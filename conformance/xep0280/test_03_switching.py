"""Sections 3 to 5 and 10.1: the feature, and resources that want copies, or do not any longer."""

from __future__ import annotations

import pytest
from hypothesis import example
from hypothesis import strategies as st

from conformance.player import name_of
from conformance.suite import Allowed, Case, requires
from conformance.suite.effort import fewer
from conformance.wire.stream import RawStream
from conformance.xep0030.common import ask, features_in, info, need
from conformance.xep0280.common import (
    DISABLE,
    ENABLE,
    URI,
    Resource,
    Scene,
    Wish,
    message,
    scene,
)
from conformance.xep0280.seats import Role

_RESULT = Allowed("a result", ("iq result",))
_TOLERANT = Allowed("a result", ("iq result",), ("iq error *",))


async def _asked(case: Case, stream: RawStream, payload: str) -> str:
    return name_of(await ask(case, stream, payload, type_="set"))


@requires("carbons-feature")
async def test_feature(case: Case) -> None:
    stream = await case.bound()
    listed = URI in features_in(await info(case, stream, case.domain))
    if not listed and await _asked(case, stream, ENABLE) != "iq result":
        raise case.absent("the server neither lists urn:xmpp:carbons:2 nor enables carbons")
    case.check(listed, "the feature urn:xmpp:carbons:2", "no feature")


@pytest.mark.parametrize("available", [False, True], ids=["unavailable", "available"])
@requires("carbons-enable")
async def test_enable(case: Case, available: bool) -> None:
    stream = await case.bound(available=available)
    await need(case, stream, URI)
    case.judge(await _asked(case, stream, ENABLE), _RESULT)


@requires("carbons-disable")
async def test_disable(case: Case) -> None:
    stream = await case.bound()
    await need(case, stream, URI)
    case.judge(await _asked(case, stream, ENABLE), _RESULT)
    case.judge(await _asked(case, stream, DISABLE), _RESULT)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(ENABLE, id="enable", marks=pytest.mark.requires("carbons-enable-twice")),
        pytest.param(DISABLE, id="disable", marks=pytest.mark.requires("carbons-disable-twice")),
    ],
)
@requires()
async def test_twice(case: Case, payload: str) -> None:
    """Once more, and once more."""
    stream = await case.bound()
    await need(case, stream, URI)
    await _asked(case, stream, ENABLE)
    for _ in range(3):
        case.judge(await _asked(case, stream, payload), _TOLERANT)


@requires("carbons-disable")
async def test_disable_at_first(case: Case) -> None:
    """Who has never enabled them may disable them."""
    stream = await case.bound()
    await need(case, stream, URI)
    case.judge(await _asked(case, stream, DISABLE), _TOLERANT)


@fewer(2)
@example(turns=[True, False, True])
@requires("carbons-switch-again", turns=st.lists(st.booleans(), min_size=2, max_size=6))
async def test_switching(case: Case, turns: list[bool]) -> None:
    """Copies come while they are enabled, and only then."""
    made = await scene(case, own=[Wish(enabled=False)], theirs=[Wish(enabled=False)] * 2)
    _, own, receiver, theirs = made.resources
    for number, on in enumerate(turns):
        for one in (own, theirs):
            answer = await _asked(case, one.stream, ENABLE if on else DISABLE)
            case.judge(answer, _RESULT if on else _TOLERANT)
        identifier = f"m{number}"
        await made.say(message(receiver.stream.jid, identifier))
        for one in (own, theirs):
            came = bool(one.copies(identifier))
            words = "a copy" if on else "no copy"
            case.check(came is on, words, "a copy" if came else "no copy")


@requires("carbons-only-enabled")
async def test_of_one_resource(case: Case) -> None:
    """What one resource has enabled or disabled does not hold for another."""
    made = await scene(case, theirs=[Wish(enabled=False), Wish(), Wish(enabled=False)])
    receiver = made.of(Role.THEIRS)[0]
    await _asked(case, receiver.stream, DISABLE)
    await made.say(message(receiver.stream.jid, "m"))
    _judge(case, made, [1, 0])


@requires("carbons-only-enabled")
async def test_new_session(case: Case) -> None:
    """A session has not enabled them because the one before had."""
    made = await scene(case)
    for number in (1, 3):
        before = made.resources[number]
        await before.stream.close()
        stream = await case.bound(1 if number == 3 else 0, available=True)
        made.resources[number] = Resource(stream, before.role, enabled=False)
    await made.say(message(made.resources[2].stream.jid, "m"))
    _judge(case, made, [0])


def _judge(case: Case, made: Scene, expected: list[int]) -> None:
    """Whether the recipient's resources but the first have got so many copies each."""
    found = [len(one.copies("m")) for one in made.of(Role.THEIRS)[1:]]
    enough = all(f <= e for f, e in zip(found, expected, strict=True))
    case.check(enough, "copies for who has enabled them", "a copy for who has not")
