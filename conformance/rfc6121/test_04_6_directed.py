"""Section 4.6: directed presence, to whom it goes, and how it ends."""

from __future__ import annotations

import pytest

from conformance.generate.presences import AVAILABLE
from conformance.rfc6120.common import after
from conformance.rfc6121.presences import (
    LEAVING,
    available,
    gone,
    leave,
    of,
    presence,
    probed,
    relations,
    settle,
    subscribe,
    whole,
    words,
)
from conformance.suite import Case, requires
from conformance.suite.effort import fewer
from conformance.wire.stream import RawStream

_EVERY_FORM = pytest.mark.parametrize("form", ["full", "bare"])
_EVERY_WAY = pytest.mark.parametrize("how", LEAVING)
_AWAY = "<presence><show>away</show></presence>"
_GONE = "<presence type='unavailable'/>"


def _address(case: Case, stream: RawStream, account: int, form: str) -> str:
    return stream.jid if form == "full" else case.jid(account)


@_EVERY_FORM
@fewer(4)
@requires("presence-notype", "directed-to-stranger", inner=AVAILABLE)
async def test_to_a_stranger(case: Case, form: str, inner: str) -> None:
    """To the resource of a full JID alone, to each available one of a bare JID; whole."""
    [user] = await available(case, 0, "")
    first, second = await available(case, 1, "", "<priority>-1</priority>")
    await settle(user, first, second)
    await user.send(presence(inner, to=_address(case, first, 1, form)))
    seen = await settle(user, first, second)
    counts = [len(of(came, user.jid)) for came in seen]
    expected = [0, 1, int(form == "bare")]
    case.check(counts == expected, "the resources addressed, once", "others, or another number")
    for came in seen[1 : 1 + sum(expected)]:
        case.check(whole(of(came, user.jid)[0], inner), "all that is in it", "something else")


@_EVERY_FORM
@pytest.mark.parametrize("kind", ["", "unavailable"], ids=["available", "unavailable"])
@requires("directed-to-subscriber", "directed-to-subscriber-broadcast", "presence-notype")
async def test_to_a_subscriber(case: Case, form: str, kind: str) -> None:
    """It is delivered with what is in it, and changes nothing for broadcasts."""
    inner = "<status>For you</status><x xmlns='urn:example:q'/>"
    async with relations(case, (1, 0)) as streams:
        user, subscriber = streams[0], streams[1]
        for stream in (subscriber, user):
            await after(case, stream, "<presence/>")
        await settle(user, subscriber)
        to = _address(case, subscriber, 1, form)
        await user.send(presence(inner, to=to, type=kind))
        found = of((await settle(user, subscriber))[1], user.jid)
        case.check(len(found) == 1, "the presence, once", "another number")
        case.check(whole(found[0], inner), "all that is in it", "something else")
        case.check(found[0].get("type", "") == kind, "its type", "another type")
        await user.send(_AWAY)
        told = words((await settle(user, subscriber))[1], user.jid)
        case.prefer(told == ["available"], "later broadcasts", "none")


@_EVERY_FORM
@_EVERY_WAY
@requires("presence-unavailable", "directed-unavailable", "directed-not-broadcast")
async def test_a_stranger_sees_the_end(case: Case, how: str, form: str) -> None:
    """No update between, and the end of it once, whichever way it comes."""
    [user], [stranger] = await available(case, 0, ""), await available(case, 1, "")
    await settle(user, stranger)
    await after(case, user, presence(to=_address(case, stranger, 1, form)))
    await settle(stranger)
    await after(case, user, _AWAY)
    came = (await settle(stranger))[0]
    case.check(not words(came, user.jid), "no broadcast", "a broadcast")
    await leave(case, user, how)
    case.check(await gone(stranger, user.jid), "unavailable presence", "none")
    came = (await settle(stranger))[0]
    case.check(not words(came, user.jid), "once", "more than once")


@requires("directed-unavailable", "presence-unavailable")
async def test_several_strangers(case: Case) -> None:
    """Each who got it, in whatever order, and twice; nobody else."""
    users = await available(case, 0, "", "")
    told, other = (
        [await available(case, number, "") for number in (1, 2)],
        await available(case, 3, ""),
    )
    strangers = [stream for [stream] in told]
    for stream in (*strangers, strangers[0]):
        await after(case, users[0], presence(to=stream.jid))
    await after(case, users[1], presence(to=other[0].jid))
    await settle(*strangers, *other)
    await leave(case, users[0], "cut")
    for stream in strangers:
        case.check(await gone(stream, users[0].jid), "unavailable presence", "none")
    for came in await settle(*strangers, *other):
        case.check(not words(came, users[0].jid), "once, and to nobody else", "more")


@_EVERY_FORM
@requires("directed-list-unavailable", "presence-unavailable")
async def test_ended_by_the_user(case: Case, form: str) -> None:
    """Directed unavailable presence ends it; it may begin again."""
    [user], [stranger] = await available(case, 0, ""), await available(case, 1, "")
    to = _address(case, stranger, 1, form)
    await settle(user, stranger)
    await user.send(presence(to=to) + presence(to=to, type="unavailable"))
    told = words((await settle(user, stranger))[1], user.jid)
    case.check(told == ["available", "unavailable"], "both presences", "others")
    await user.send(_GONE)
    told = words((await settle(user, stranger))[1], user.jid)
    case.check(not told, "nothing more", "unavailable presence again")
    await user.send("<presence/>" + presence(to=to) + _GONE)
    told = words((await settle(user, stranger))[1], user.jid)
    case.check(told == ["available", "unavailable"], "the end of a new one", "none, or more")


@requires("directed-list-left")
async def test_ended_by_the_stranger(case: Case) -> None:
    [user], [stranger] = await available(case, 0, ""), await available(case, 1, "")
    await after(case, user, presence(to=stranger.jid))
    await after(case, stranger, presence(to=user.jid))
    await settle(user, stranger)
    await after(case, stranger, presence(to=user.jid, type="unavailable"))
    await settle(user, stranger)
    await user.send(_GONE)
    told = words((await settle(user, stranger))[1], user.jid)
    case.prefer(not told, "nothing more", "unavailable presence")


@_EVERY_FORM
@pytest.mark.parametrize("when", ["before", "after"])
@requires("directed-without-session", "presence-hidden-from-strangers")
async def test_without_a_session(case: Case, when: str, form: str) -> None:
    """Before initial presence, and after unavailable presence: it ends with the stream. Who is
    subscribed sees nothing of it, unless it is who it goes to."""
    async with relations(case, (2, 0), others=[0, 1]) as streams:
        user, stranger, subscriber = (streams[number] for number in range(3))
        for stream in (stranger, subscriber):
            await after(case, stream, "<presence/>")
        if when == "after":
            await after(case, user, "<presence/>" + _GONE)
        await settle(user, stranger, subscriber)
        await user.send(presence("<status>x</status>", to=_address(case, stranger, 1, form)))
        seen = await settle(user, stranger, subscriber)
        told = [words(came, user.jid) for came in seen]
        case.check(told[1] == ["available"], "the presence, once", "none, or more")
        case.check(not told[2], "nothing for a subscriber", "presence")
        await leave(case, user, "end")
        case.check(await gone(stranger, user.jid), "unavailable presence", "none")


@requires("directed-without-session", "directed-to-subscriber")
async def test_to_a_subscriber_without_a_session(case: Case) -> None:
    """As to anybody else; a stranger shows when the end has been noticed."""
    async with relations(case, (1, 0), others=[2]) as streams:
        user, subscriber, stranger = (streams[number] for number in range(3))
        for stream in (subscriber, stranger):
            await after(case, stream, "<presence/>")
        await settle(user, subscriber)
        await user.send(presence(to=case.jid(1)) + presence(to=stranger.jid))
        told = words((await settle(user, subscriber, stranger))[1], user.jid)
        case.check(told == ["available"], "the presence, once", "none, or more")
        await leave(case, user, "cut")
        case.check(await gone(stranger, user.jid), "unavailable presence to a stranger", "none")
        told = words((await settle(subscriber))[0], user.jid)
        case.check(told == ["unavailable"], "unavailable presence to a subscriber", "none")


@requires("directed-subscription-first")
async def test_who_becomes_a_subscriber(case: Case) -> None:
    """Gets all broadcasts from then on, and sees the end when the subscription is cancelled."""
    async with relations(case, others=[0, 1]) as streams:
        user, contact = streams[0], streams[1]
        for stream in (user, contact):
            await after(case, stream, "<presence/>")
        await after(case, user, presence(to=contact.jid))
        await subscribe(case, streams, 1, 0)
        await settle(user, contact)
        await user.send(_AWAY)
        told = words((await settle(user, contact))[1], user.jid)
        case.check(told == ["available"], "later broadcasts", "none")
        await user.send(presence(to=case.jid(1), type="unsubscribed"))
        told = words((await settle(user, contact))[1], user.jid)
        case.check("unavailable" in told, "unavailable presence with the end of it", "none")
        await user.send("<presence><show>xa</show></presence>")
        told = words((await settle(user, contact))[1], user.jid)
        case.check(not told, "no more broadcasts", "a broadcast")


@requires("directed-probe-answered", "directed-probe-that-resource", "presence-probe")
async def test_probe_by_a_stranger(case: Case) -> None:
    """Who got directed presence may learn of that one resource that it is there."""
    [user, other], [stranger] = await available(case, 0, "", ""), await available(case, 1, "")
    await after(case, user, presence("<show>dnd</show>", to=stranger.jid))
    for to, about in ((user.jid, "the resource"), (other.jid, "another"), (case.jid(0), "all")):
        came = await probed(stranger, to, user, other)
        case.check(not words(came, other.jid), "nothing of other resources", "another resource")
        told = words(came, user.jid)
        if about == "the resource":
            case.prefer(told == ["available"], "available presence", "none")
            plain = not any(len(element) for element in of(came, user.jid))
            case.prefer(plain, "nothing in it", "what it said")
        elif about == "another":
            case.check(not told, "nothing", "a resource that the probe was not about")


@requires("directed-probe-subscription", "presence-probe")
async def test_probe_by_a_subscriber(case: Case) -> None:
    """Directed presence takes nothing from what a subscription entitles to."""
    async with relations(case, (1, 0)) as streams:
        said = "<show>away</show><priority>3</priority>"
        users = await available(case, 0, said, said)
        subscriber = streams[1]
        await after(case, users[0], presence("<status>x</status>", to=case.jid(1)))
        came = await probed(subscriber, case.jid(0), *users)
        case.prefer(came, "an answer", "nothing")
        for user in users:
            found = of(came, user.jid)
            case.check(not came or len(found) == 1, "each resource, once", "another number")
            told = all(whole(element, said) for element in found)
            case.check(told, "what it said to everybody", "something else")
