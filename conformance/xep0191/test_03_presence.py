"""Sections 3.3, 3.4 and 4: what friends see of each other when one of them blocks the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from conformance.contacts import friends
from conformance.rfc6120.common import ROSTER_GET, after
from conformance.rfc6120.streams import reached
from conformance.suite import Case, requires
from conformance.wire.stream import RawStream
from conformance.xep0030.common import ask, need
from conformance.xep0191.common import UNBLOCK_ALL, URI, block, command, unblock_all
from harness.xmpp import namespaces as ns

_STATUS = "<presence><status>{}</status></presence>"


@asynccontextmanager
async def _friends(case: Case) -> AsyncIterator[tuple[RawStream, RawStream]]:
    """The user and a friend, to whom the user's presence says "first"."""
    await need(case, await case.bound(), URI)
    async with friends(case) as (user, friend):
        try:
            await after(case, user, _STATUS.format("first"))
            await reached(friend)
            yield user, friend
        finally:
            await unblock_all(case)


async def _seen(case: Case, stream: RawStream, account: int) -> list[str]:
    """What has come of an account's presence: its type, or its status."""
    found = [e for e in (await reached(stream)).elements if e.tag == ns.PRESENCE]
    own = [e for e in found if (e.get("from") or "").startswith(case.jid(account))]
    return [e.get("type") or e.findtext(f"{{{ns.CLIENT}}}status") or "available" for e in own]


def _words(seen: list[str]) -> str:
    return ", ".join(seen) or "nothing"


@requires("block-shows-unavailable")
async def test_the_user_goes(case: Case) -> None:
    async with _friends(case) as (user, friend):
        await block(case, user, case.jid(1))
        seen = await _seen(case, friend, 0)
        case.check(seen == ["unavailable"], "unavailable presence", _words(seen))


@requires("block-shows-unavailable")
async def test_a_stranger_sees_nothing(case: Case) -> None:
    user, stranger = await case.bound(available=True), await case.bound(1, available=True)
    await need(case, user, URI)
    try:
        await block(case, user, case.jid(1))
        seen = await _seen(case, stranger, 0)
        case.check(not seen, "nothing", _words(seen))
    finally:
        await unblock_all(case)


@requires("block-outbound-broadcast")
async def test_other_presence_of_the_user(case: Case) -> None:
    async with _friends(case) as (user, friend):
        await block(case, user, case.jid(1))
        await reached(friend)
        await after(case, user, _STATUS.format("second"))
        await after(case, user, "<presence type='unavailable'/>")
        await after(case, user, _STATUS.format("third"))
        seen = await _seen(case, friend, 0)
        case.check(not seen, "nothing", _words(seen))


@requires("block-nothing-delivered")
async def test_presence_of_the_friend(case: Case) -> None:
    async with _friends(case) as (user, friend):
        await block(case, user, case.jid(1))
        await reached(user)
        await after(case, friend, _STATUS.format("second"))
        await after(case, friend, "<presence type='unavailable'/>")
        seen = await _seen(case, user, 1)
        case.check(not seen, "nothing", _words(seen))


@pytest.mark.parametrize("who", ["user", "friend"])
@requires("block-persists")
async def test_login(case: Case, who: str) -> None:
    """Another resource of either becomes available: neither sees anything of the other."""
    async with _friends(case) as (user, friend):
        await block(case, user, case.jid(1))
        await reached(friend)
        new = await case.bound(0 if who == "user" else 1)
        await after(case, new, _STATUS.format("new"))
        of_user = [*await _seen(case, friend, 0)]
        of_friend = [*await _seen(case, user, 1)]
        if who == "user":
            of_friend += await _seen(case, new, 1)
        else:
            of_user += await _seen(case, new, 0)
        case.check(not of_user, "the user not seen by the friend", _words(of_user))
        case.check(not of_friend, "the friend not seen by the user", _words(of_friend))


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(command("unblock", ["{}"]), id="one"),
        pytest.param(UNBLOCK_ALL, id="all"),
    ],
)
@requires("unblock-shows-presence")
async def test_the_user_comes_back(case: Case, payload: str) -> None:
    async with _friends(case) as (user, friend):
        await block(case, user, case.jid(1))
        await after(case, user, _STATUS.format("second"))
        await reached(friend)
        await ask(case, user, payload.format(case.jid(1)), type_="set")
        await after(case, user, "")
        seen = await _seen(case, friend, 0)
        case.check("second" in seen, "the user's presence", _words(seen))


@requires("block-keeps-subscriptions")
async def test_subscriptions(case: Case) -> None:
    async with _friends(case) as (user, friend):
        await block(case, user, case.jid(1))
        for stream, contact in ((user, 1), (friend, 0)):
            answer = await ask(case, stream, ROSTER_GET)
            states = {
                item.get("jid"): item.get("subscription")
                for item in answer.iter(f"{{{ns.ROSTER}}}item")
            }
            kept = states.get(case.jid(contact)) == "both"
            case.prefer(kept, "the subscriptions as they were", "other subscriptions")
