"""Section 4.5: the end of a presence session, however it comes."""

from __future__ import annotations

import pytest

from conformance.generate.presences import UNAVAILABLE
from conformance.rfc6120.common import after
from conformance.rfc6121.presences import (
    LEAVING,
    available,
    gone,
    leave,
    of,
    presence,
    reads,
    relations,
    settle,
    whole,
    words,
)
from conformance.suite import Case, requires
from conformance.suite.effort import fewer

_UNGRACEFUL = "presence-unavailable-ungraceful"
_WAYS = [
    pytest.param(how, marks=[] if how == "unavailable" else [pytest.mark.requires(_UNGRACEFUL)])
    for how in LEAVING
]


@pytest.mark.parametrize("how", _WAYS)
@requires(
    "presence-unavailable",
    "presence-unavailable-broadcast",
    "presence-unavailable-own",
    "presence-unavailable-delivered",
)
async def test_who_is_told(case: Case, how: str) -> None:
    """Each available resource of contacts with from and both and of the user, once; no others."""
    async with relations(case, (1, 0), (2, 0), (0, 2), (0, 3)) as streams:
        [other] = await available(case, 0, "<priority>-1</priority>")
        entitled = [other, streams[1], streams[2], *await available(case, 1, "")]
        strangers = [streams[3], await case.bound(4)]
        for stream in (*entitled[1:3], *strangers):
            await after(case, stream, "<presence/>")
        [user] = await available(case, 0, "")
        await settle(*entitled, *strangers)
        await leave(case, user, how)
        for stream in entitled:
            told = await gone(stream, user.jid)
            case.check(told, "unavailable presence from the full JID", "none")
        for came in await settle(*entitled):
            case.check(not words(came, user.jid), "once", "more than once")
        for came in await settle(*strangers):
            case.check(not reads(came, case.jid(0)), "nothing for others", "presence")


@requires("presence-unavailable", "presence-unavailable-own")
async def test_back_to_who_says_it(case: Case) -> None:
    [user] = await available(case, 0, "")
    await settle(user)
    await user.send("<presence type='unavailable' id='away-q7'/>")
    told = words((await settle(user))[0], user.jid)
    case.check(told == ["unavailable"], "its own unavailable presence", "none, or others")


_BYE = "<status>Bye</status><status xml:lang='cs'>Ahoj</status><x xmlns='urn:example:q'/>"


@fewer(3)
@requires("presence-unavailable", "presence-unavailable-whole", inner=UNAVAILABLE)
async def test_all_that_is_in_it(case: Case, inner: str) -> None:
    """Statuses in languages and extensions, at contacts and at other resources."""
    async with relations(case, (1, 0)) as streams:
        [other] = await available(case, 0, "")
        await after(case, streams[1], "<presence/>")
        for said in (_BYE, inner):
            await after(case, streams[0], "<presence/>")
            await settle(other, *streams.values())
            await streams[0].send(presence(said, type="unavailable"))
            for came in await settle(other, streams[1]):
                found = of(came, streams[0].jid)
                case.check(len(found) == 1, "the presence, once", "another number")
                case.check(found[0].get("type") == "unavailable", "unavailable", "another type")
                case.check(whole(found[0], said), "all that is in it", "something else")


@requires("presence-again-initial", "presence-notype", "presence-initial-probes")
async def test_available_again(case: Case) -> None:
    """A new session: everybody is told, and the user is told about everybody."""
    async with relations(case, (1, 0), (0, 1)) as streams:
        user, contact = streams[0], streams[1]
        for stream in (contact, user):
            await after(case, stream, "<presence/>")
        for _ in range(2):
            await after(case, user, "<presence type='unavailable'/>")
            await settle(user, contact)
            await after(case, user, "<presence><show>chat</show></presence>")
            told = words((await settle(contact))[0], user.jid)
            case.check(told == ["available"], "the contact told", "not told")


@requires("presence-again-initial", "presence-initial-probes")
async def test_contacts_are_learned_again(case: Case) -> None:
    async with relations(case, (0, 1)) as streams:
        user, contact = streams[0], streams[1]
        for stream in (contact, user):
            await after(case, stream, "<presence/>")
        await settle(user, contact)
        await after(case, user, "<presence type='unavailable'/>")
        await settle(user, contact)
        await user.send("<presence/>")
        came = (await settle(user, contact))[0]
        case.check(words(came, contact.jid) == ["available"], "the contact's presence", "none")


@requires("presence-unavailable", "presence-unavailable-delivered")
async def test_who_is_unavailable_gets_nothing_more(case: Case) -> None:
    """The resource that has left is no available one any longer."""
    async with relations(case, (0, 1)) as streams:
        user, contact = streams[0], streams[1]
        for stream in (contact, user):
            await after(case, stream, "<presence/>")
        await after(case, user, "<presence type='unavailable'/>")
        await settle(user, contact)
        await after(case, contact, "<presence><show>away</show></presence>")
        came = (await settle(user, contact))[0]
        case.prefer(not words(came, contact.jid), "no presence", "presence")
