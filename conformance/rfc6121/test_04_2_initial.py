"""Section 4.2: initial presence, who gets it, and what it brings to who sends it."""

from __future__ import annotations

import pytest

from conformance.generate.presences import CAPABILITIES
from conformance.rfc6120.common import after
from conformance.rfc6121.presences import (
    STATES,
    available,
    of,
    presence,
    reads,
    relations,
    settle,
    whole,
    words,
)
from conformance.suite import Case, requires

_Bound = dict[str, tuple[str, ...]]

_AWAY = f"<show>away</show><status>Out</status><priority>-3</priority>{CAPABILITIES}"
_BUSY = "<show>dnd</show><status xml:lang='cs'>Prace</status>"
_GETTING: _Bound = {  # what each state of the contact in the user's roster is about
    "none": ("presence-hidden-from-strangers",),
    "to": ("presence-hidden-from-strangers",),
    "from": ("presence-initial-delivered",),
    "both": ("presence-initial-delivered",),
}
_LEARNING: _Bound = {
    "none": ("presence-hidden-from-strangers",),
    "to": ("presence-probe-available",),
    "from": ("presence-hidden-from-strangers",),
    "both": ("presence-probe-available",),
}


def _each(bound: _Bound) -> pytest.MarkDecorator:
    params = [pytest.param(s, marks=pytest.mark.requires(*ids)) for s, ids in bound.items()]
    return pytest.mark.parametrize("state", params)


@_each(_GETTING)
@requires("presence-notype", "presence-initial-broadcast")
async def test_contacts(case: Case, state: str) -> None:
    """Each available resource of who is subscribed, once; nobody else."""
    async with relations(case, *STATES[state], others=[0, 1]) as streams:
        user, first = streams[0], streams[1]
        others = await available(case, 1, "", "<priority>-5</priority>")
        await after(case, first, "<presence/>")
        await settle(first, *others)
        await after(case, user, "<presence/>")
        for came in await settle(first, *others):
            if state in ("from", "both"):
                told = words(came, user.jid)
                case.check(told == ["available"], "presence from the full JID, once", _told(told))
            else:
                case.check(not reads(came, case.jid(0)), "no presence of the user", "presence")


def _told(found: list[str]) -> str:
    return ", ".join(found) or "nothing"


@requires("presence-notype", "presence-initial-own")
async def test_own_resources(case: Case) -> None:
    """Those that are available, and the one that becomes so; with its content."""
    others = await available(case, 0, "", "<priority>-5</priority>")
    new = await case.bound(0)
    await settle(new, *others)
    await new.send(presence(_AWAY))
    for came in await settle(new, *others):
        told = words(came, new.jid)
        case.check(told == ["available"], "presence from the full JID, once", _told(told))
        case.check(whole(of(came, new.jid)[0], _AWAY), "all that is in it", "something else")


@_each(_LEARNING)
@requires("presence-probe", "presence-initial-probes")
async def test_presence_of_contacts(case: Case, state: str) -> None:
    """What each resource of the contact said last to everybody comes without asking, if the user
    is subscribed to it."""
    async with relations(case, *STATES[state], others=[0, 1]) as streams:
        user, contacts = streams[0], await available(case, 1, "", "")
        quiet = await case.bound(1)
        for stream, inner in zip(contacts, (_AWAY, _BUSY), strict=True):
            await after(case, stream, presence(inner))
        await settle(user, *contacts)
        await after(case, contacts[0], presence("<status>For you</status>", to=case.jid(2)))
        await user.send("<presence/>")
        came = (await settle(user, *contacts))[0]
        if state not in ("to", "both"):
            case.check(not reads(came, case.jid(1)), "no presence of the contact", "presence")
            return
        for stream, inner in zip(contacts, (_AWAY, _BUSY), strict=True):
            told = words(came, stream.jid)
            case.check(told == ["available"], "presence of each resource, once", _told(told))
            case.check(whole(of(came, stream.jid)[0], inner), "its last presence", "another one")
        case.check("available" not in words(came, quiet.jid), "nothing of others", "presence")


@requires("presence-initial-probes", "presence-initial-own")
async def test_own_other_resources_are_learned(case: Case) -> None:
    """An account is subscribed to itself."""
    [other] = await available(case, 0, _AWAY)
    new = await case.bound(0)
    await new.send("<presence/>")
    came = (await settle(new, other))[0]
    told = words(came, other.jid)
    case.check(told == ["available"], "presence of the other resource, once", _told(told))
    case.check(whole(of(came, other.jid)[0], _AWAY), "its last presence", "another one")


@requires("presence-probe-id-kept")
async def test_id_of_what_is_told(case: Case) -> None:
    async with relations(case, (0, 1)) as streams:
        user, contact = streams[0], streams[1]
        await after(case, contact, "<presence id='first-q7'/><presence id='last-q7'/>")
        await user.send("<presence/>")
        came = (await settle(user, contact))[0]
        ids = [element.get("id") for element in of(came, contact.jid)]
        case.check(len(ids) == 1, "presence of the contact, once", f"{len(ids)} times")
        case.prefer(ids == ["last-q7"], "the id of the last presence", "another id, or none")
