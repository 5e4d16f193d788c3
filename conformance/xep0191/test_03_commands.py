"""Sections 3.1 to 3.5: the blocklist, the commands, and who hears of them."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from conformance.generate.text import NAMES
from conformance.player import name_of
from conformance.rfc6120.common import is_answer, written
from conformance.rfc6120.streams import reached
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import RawStream
from conformance.xep0030.common import ask, features_in, info
from conformance.xep0191.common import (
    BLOCKLIST,
    RESULT,
    UNBLOCK_ALL,
    URI,
    block,
    blocklist,
    command,
    pushes,
    user,
)

_JIDS = st.lists(
    st.builds("{}@{}.example".format, NAMES, NAMES)
    | st.builds("{}@{}.example/{}".format, NAMES, NAMES, NAMES)
    | st.builds("{}.example".format, NAMES),
    min_size=1,
    max_size=4,
    unique=True,
)


@requires("blocklist-empty")
async def test_empty_list(case: Case) -> None:
    async with user(case) as stream:
        found = await blocklist(case, stream)
        case.check(not found, "no items", f"{len(found)} items")


@requires("block-result", "blocklist-items", jids=_JIDS)
async def test_list(case: Case, jids: list[str]) -> None:
    async with user(case) as stream:
        await block(case, stream, *jids)
        found = sorted(await blocklist(case, stream))
        case.check(found == sorted(jids), "the JIDs that are blocked", "other JIDs")


@requires("block-persists", jids=_JIDS)
async def test_another_session(case: Case, jids: list[str]) -> None:
    async with user(case) as stream:
        await block(case, stream, *jids)
        await stream.close()
        found = sorted(await blocklist(case, await case.bound()))
        case.check(found == sorted(jids), "the JIDs that were blocked", "other JIDs")


async def _heard(case: Case, stream: RawStream, payload: str) -> list[list[tuple[str, list[str]]]]:
    """The pushes that a command brings to the resource that gives it, and to another one."""
    other = await case.bound()
    for resource in (stream, other):
        await ask(case, resource, BLOCKLIST)
    await stream.send(written("iq", "", payload, type="set"))
    reaction = await reached(stream)
    answers = [name_of(e) for e in reaction.elements if is_answer(e)]
    case.judge(", ".join(answers), RESULT)
    return [pushes(reaction.elements), pushes((await reached(other)).elements)]


@requires("block-push", jids=_JIDS)
async def test_push(case: Case, jids: list[str]) -> None:
    async with user(case) as stream:
        for found in await _heard(case, stream, command("block", jids)):
            case.check(found == [("block", sorted(jids))], "a push of the items", _shown(found))


@requires("unblock-push", jids=_JIDS)
async def test_push_of_unblock(case: Case, jids: list[str]) -> None:
    async with user(case) as stream:
        await block(case, stream, *jids)
        for found in await _heard(case, stream, command("unblock", jids[:1])):
            case.check(found == [("unblock", jids[:1])], "a push of the item", _shown(found))


@requires("unblock-all-push", jids=_JIDS)
async def test_push_of_unblock_all(case: Case, jids: list[str]) -> None:
    async with user(case) as stream:
        await block(case, stream, *jids)
        for found in await _heard(case, stream, UNBLOCK_ALL):
            case.check(found == [("unblock", [])], "a push without items", _shown(found))


def _shown(found: list[tuple[str, list[str]]]) -> str:
    return ", ".join(f"{name} of {len(jids)}" for name, jids in found) or "no push"


@requires("block-without-item")
async def test_without_item(case: Case) -> None:
    async with user(case) as stream:
        answer = await ask(case, stream, command("block", []), type_="set")
        case.judge(name_of(answer), Allowed("<bad-request/>", ("iq error bad-request",)))


@requires("unblock-result", jids=_JIDS)
async def test_unblock(case: Case, jids: list[str]) -> None:
    async with user(case) as stream:
        await block(case, stream, *jids)
        answer = await ask(case, stream, command("unblock", jids[:1]), type_="set")
        case.judge(name_of(answer), RESULT)
        found = sorted(await blocklist(case, stream))
        case.check(found == sorted(jids[1:]), "the other JIDs", "something else")


@requires("unblock-all", jids=_JIDS)
async def test_unblock_all(case: Case, jids: list[str]) -> None:
    async with user(case) as stream:
        await block(case, stream, *jids)
        case.judge(name_of(await ask(case, stream, UNBLOCK_ALL, type_="set")), RESULT)
        found = await blocklist(case, stream)
        case.check(not found, "no items", f"{len(found)} items")


@pytest.mark.parametrize("payload", [BLOCKLIST], ids=["blocklist"])
@requires("blocking-feature")
async def test_feature(case: Case, payload: str) -> None:
    stream = await case.bound()
    listed = URI in features_in(await info(case, stream, case.domain))
    answered = (await ask(case, stream, payload)).get("type") == "result"
    if not answered and not listed:
        raise case.absent("the server neither lists urn:xmpp:blocking nor has a blocklist")
    case.check(listed, "the feature urn:xmpp:blocking", "no feature")
