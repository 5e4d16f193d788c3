"""Section 2.5: taking contacts out."""

from __future__ import annotations

import pytest

from conformance.player import name_of
from conformance.rfc6121.presences import relations, settle, shown_by, words
from conformance.rfc6121.rosters import (
    Client,
    Item,
    clients,
    contact,
    item,
    items_of,
    removal,
)
from conformance.suite import Allowed, Case, requires

_REMOVALS: dict[str, tuple[str | None, tuple[str, ...]]] = {
    "plain": (None, ()),
    "with-name": ("Nurse", ()),
    "with-group": (None, ("Servants",)),
}


@pytest.mark.parametrize("form", _REMOVALS)
@requires("roster-remove-done", "roster-remove-pushed", "roster-set")
async def test_removed(case: Case, form: str) -> None:
    """One contact of three, at every resource; what else the item says means nothing."""
    jids = [contact(case, number) for number in range(3)]
    async with clients(case, True, True, False) as [one, other, silent]:
        await one.change(*(item(jid, "Nurse", ["Servants"]) for jid in jids))
        for client in (one, other):
            await client.heard()
        name, groups = _REMOVALS[form]
        found = await silent.set(item(jids[1], name, groups, subscription="remove"))
        case.check(found.get("type") == "result", "a result", name_of(found))
        case.check(not len(found), "an empty result", "a result with something in it")
        for client in (one, other):
            pushed = [entry for push in await client.heard() for entry in items_of(push)]
            told = [(entry.get("jid"), entry.get("subscription")) for entry in pushed]
            case.check(told == [(jids[1], "remove")], "a push of the removal", "none, or another")
            await client.get()
            case.check(set(client.roster) == {jids[0], jids[2]}, "the others", "another roster")


@requires("roster-remove-done", "roster-add-created")
async def test_added_again(case: Case) -> None:
    """As a new contact, with nothing left of the one that was removed."""
    jid = contact(case)
    async with clients(case, True) as [one]:
        await one.change(item(jid, "Nurse", ["Servants"]), removal(jid), item(jid))
        case.check(one.roster == {jid: Item()}, "a new item", "something of the old one")
        await one.get()
        case.check(one.roster == {jid: Item()}, "a new item", "something of the old one")


_NOT_FOUND = Allowed("<item-not-found/>", ("iq error item-not-found",))


@pytest.mark.parametrize("earlier", ["never", "removed", "unlike"])
@requires("roster-remove-unknown", "roster-set-error")
async def test_what_is_not_there(case: Case, earlier: str) -> None:
    """Never put in, removed already, or only something like it."""
    jid, roster = contact(case), {contact(case, 1): Item("Nurse")}
    async with clients(case, True) as [one]:
        await one.change(item(contact(case, 1), "Nurse"))
        if earlier == "removed":
            await one.change(item(jid), removal(jid))
        await one.heard()
        unlike = case.domain if earlier == "unlike" else jid
        found = await one.set(removal(unlike))
        case.judge(name_of(found), _NOT_FOUND)
        case.check(not await one.heard(), "no push", "a push")
        await one.get()
        case.check(one.roster == roster, "the roster as it was", "a roster that was changed")


_SENT = {
    "to": pytest.param("to", marks=pytest.mark.requires("roster-remove-unsubscribe")),
    "from": pytest.param("from", marks=pytest.mark.requires("roster-remove-unsubscribed")),
    "both": pytest.param(
        "both",
        marks=pytest.mark.requires(
            "roster-remove-unsubscribe", "roster-remove-unsubscribed", "roster-remove-both"
        ),
    ),
}
_PAIRS = {"to": ((0, 1),), "from": ((1, 0),), "both": ((0, 1), (1, 0))}
_TOLD = {
    "to": {"unsubscribe"},
    "from": {"unsubscribed"},
    "both": {"unsubscribe", "unsubscribed"},
}


@pytest.mark.parametrize("state", _SENT.values())
@requires("roster-set")
async def test_subscriptions_end(case: Case, state: str) -> None:
    """The contact is told, from the bare JID, and neither sees the other from then on."""
    async with relations(case, *_PAIRS[state]) as streams:
        user, friend = (Client(case, streams[number]) for number in (0, 1))
        for one in (user, friend):
            await one.get()
            await one.stream.send("<presence/>")
        await settle(user.stream, friend.stream)
        found = await user.set(removal(case.jid(1)))
        case.check(found.get("type") == "result", "a result", name_of(found))
        came = (await settle(user.stream, friend.stream))[1]
        told = {kind for kind in words(came, case.jid(0)) if kind != "unavailable"}
        case.check(_TOLD[state] <= told, "the contact told of each end", _missing(state, told))
        case.check(told <= _TOLD[state], "the contact told of nothing else", "something else")
        for one in (user, friend):
            await one.stream.send("<presence><show>away</show></presence>")
        seen = await settle(user.stream, friend.stream)
        hidden = not shown_by(seen[0], friend.stream.jid), not shown_by(seen[1], user.stream.jid)
        case.check(all(hidden), "no more presence", "presence")
        await friend.get()
        left = friend.roster.get(case.jid(0), Item()).subscription
        case.check(left == "none", "no subscription at the contact", f"subscription {left}")


def _missing(state: str, told: set[str]) -> str:
    return " and ".join(f"no {kind}" for kind in sorted(_TOLD[state] - told))


@pytest.mark.parametrize("state", ["from", "both"])
@requires("roster-remove-unavailable")
async def test_who_was_subscribed_sees_the_end(case: Case, state: str) -> None:
    """Unavailable presence of each resource that was available."""
    async with relations(case, *_PAIRS[state]) as streams:
        second = await case.bound(0)
        for stream in (*streams.values(), second):
            await stream.send("<presence/>")
        await settle(*streams.values(), second)
        found = await Client(case, streams[0]).set(removal(case.jid(1)))
        case.check(found.get("type") == "result", "a result", name_of(found))
        came = (await settle(streams[0], streams[1]))[1]
        gone = [words(came, stream.jid) == ["unavailable"] for stream in (streams[0], second)]
        case.check(all(gone), "unavailable presence of each resource", "none, or of one alone")


@pytest.mark.parametrize("state", _SENT.values())
@requires("roster-set")
async def test_subscriptions_end_for_who_is_offline(case: Case, state: str) -> None:
    """The contact's roster says so at the next login."""
    async with relations(case, *_PAIRS[state]) as streams:
        await streams[1].send("</stream:stream>")
        await streams[1].react()
        user = Client(case, streams[0])
        found = await user.set(removal(case.jid(1)))
        case.check(found.get("type") == "result", "a result", name_of(found))
        friend = Client(case, await case.bound(1))
        await friend.get()
        left = friend.roster.get(case.jid(0), Item()).subscription
        case.check(left == "none", "no subscription at the contact", f"subscription {left}")
