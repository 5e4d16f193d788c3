"""Sections 2.1.6 and 2.2: roster pushes, and who gets them."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

import pytest
from hypothesis import strategies as st

from conformance.player import name_of
from conformance.rfc6120.common import after
from conformance.rfc6121.presences import relations
from conformance.rfc6121.rosters import (
    QUERY,
    Client,
    Item,
    approves_in_advance,
    client,
    clients,
    contact,
    item,
    items_of,
    read,
    removal,
    roster_set,
)
from conformance.suite import Allowed, Case, requires
from harness.xmpp import namespaces as ns

_ACTIONS = ("add", "update", "remove")
_BINDING = {
    "add": ("roster-add-pushed", "roster-add-result", "roster-add-created"),
    "update": ("roster-update-answered",),
    "remove": ("roster-remove-pushed", "roster-remove-done"),
}
_EACH_ACTION = pytest.mark.parametrize(
    "action",
    [pytest.param(name, marks=pytest.mark.requires(*_BINDING[name])) for name in _ACTIONS],
)
_PRESENCES = ("", "<presence/>", "<presence><priority>-5</priority></presence>")
_ERROR = f"<error type='cancel'><service-unavailable xmlns='{ns.STANZAS}'/></error>"


@_EACH_ACTION
@requires("roster-push", "roster-push-to-interested", "roster-push-one-item", "roster-push-from")
async def test_every_interested_resource(case: Case, action: str) -> None:
    """Connected, available, and with a negative priority: each gets one push, and the sender the
    result."""
    jid = contact(case)
    async with clients(case, *[True] * len(_PRESENCES)) as everybody:
        for one, presence in zip(everybody, _PRESENCES, strict=True):
            await after(case, one.stream, presence)
        text, expected = await _prepared(everybody[0], jid, action)
        await _heard(everybody)
        found = await everybody[0].set(text)
        case.judge(name_of(found), Allowed("a result", ("iq result",)))
        case.check(not len(found), "an empty result", "a result with something in it")
        for one, pushes in zip(everybody, await _heard(everybody), strict=True):
            case.check(len(pushes) == 1, "one push", f"{len(pushes)} pushes")
            _check_form(case, one, pushes[0])
            entry = items_of(pushes[0])[0]
            case.check(entry.get("jid") == jid, "the contact's jid", "another jid")
            case.check(read(entry) == expected, "the item as it now is", "another item")


async def _prepared(one: Client, jid: str, action: str) -> tuple[str, Item]:
    """The item of a set that does it, and what is to be pushed."""
    entry = Item("Nurse", frozenset({"Servants", "Friends"}))
    if action != "add":
        await one.change(item(jid, "Before", ["Others"]))
    if action == "remove":
        return removal(jid), Item(subscription="remove")
    return entry.written(jid), entry


async def _heard(everybody: Sequence[Client]) -> list[list[Element]]:
    return [await one.heard() for one in everybody]


def _check_form(case: Case, one: Client, push: Element) -> None:
    case.check(push.get("id"), "a push with an id", "a push without id")
    case.check(len(push.findall(QUERY)) == 1, "one query", "several")
    case.check(len(items_of(push)) == 1, "one item", f"{len(items_of(push))} items")
    account = one.stream.jid.partition("/")[0]
    case.check(push.get("from") in (None, account), "no from, or the account", "another from")
    case.check(push.get("to") in (None, one.stream.jid), "to = the resource", "another to")


@_EACH_ACTION
@requires("roster-push")
async def test_other_accounts_get_nothing(case: Case, action: str) -> None:
    """The contact itself, to whom the item points, and a third one."""
    async with clients(case, True) as [one], clients(case, True, account=1) as [other]:
        third = await client(case, 2)
        await third.get()
        text, _ = await _prepared(one, case.jid(1), action)
        await _heard([other, third])
        found = await one.set(text)
        case.check(found.get("type") == "result", "a result", name_of(found))
        for stranger in (other, third):
            case.check(not await stranger.heard(), "no push to another account", "a push")


@_EACH_ACTION
@requires("roster-push", "roster-push-only-to-interested")
async def test_who_has_not_asked_gets_nothing(case: Case, action: str) -> None:
    """The resource that changes the roster, and an available one."""
    async with clients(case, True, False, False) as [asked, changing, other]:
        await after(case, other.stream, "<presence/>")
        text, _ = await _prepared(asked, contact(case), action)
        await _heard([asked, changing, other])
        found = await changing.set(text)
        case.check(found.get("type") == "result", "a result", name_of(found))
        pushes = await _heard([asked, changing, other])
        case.check(len(pushes[0]) == 1, "a push to who has asked", f"{len(pushes[0])} pushes")
        case.prefer(not pushes[1] and not pushes[2], "no push to others", "a push")


@requires("roster-push", "roster-push-to-interested")
async def test_from_the_moment_of_asking(case: Case) -> None:
    async with clients(case, True, False) as [one, other]:
        await one.change(item(contact(case)))
        case.prefer(not await other.heard(), "no push before it has asked", "a push")
        await other.get()
        await other.heard()
        await one.change(item(contact(case, 1)))
        found = [items_of(push)[0].get("jid") for push in await other.heard()]
        case.check(found == [contact(case, 1)], "a push once it has asked", "none, or others")


@pytest.mark.parametrize("answer", ["result", "error", "none"])
@requires("roster-push", "roster-push-error-ignored")
async def test_answers_to_pushes(case: Case, answer: str) -> None:
    async with clients(case, True, True) as [one, other]:
        await one.change(item(contact(case)))
        [push] = await other.heard()
        inner = _ERROR if answer == "error" else ""
        text = f"<iq type='{answer}' id='{push.get('id')}'>{inner}</iq>"
        if answer == "none":
            text = ""
        reaction = await after(case, other.stream, text)
        case.judge(reaction, Allowed("nothing", ("ignored",)))
        await one.change(item(contact(case, 1)))
        found = [items_of(push)[0].get("jid") for push in await other.heard()]
        case.check(found == [contact(case, 1)], "the next push", "no push, or another one")


@requires("roster-push", "roster-push-order", numbers=st.lists(st.integers(0, 3), max_size=8))
async def test_pushes_in_order(case: Case, numbers: list[int]) -> None:
    """Of several sets in one write; the last one of a contact counts."""
    async with clients(case, True, True) as [one, other]:
        texts = [item(contact(case, jid), f"change {at}") for at, jid in enumerate(numbers)]
        await one.change(*texts)
        for follower in (one, other):
            names = [items_of(push)[0].get("name") for push in await follower.heard()]
            expected = [f"change {at}" for at in range(len(numbers))]
            case.check(names == expected, "pushes in the order of the sets", "another order")
            case.check(
                {jid: entry.name for jid, entry in follower.roster.items()}
                == {contact(case, jid): f"change {at}" for at, jid in enumerate(numbers)},
                "the roster that the pushes make",
                "another one",
            )


@requires("roster-push", "roster-ask-shown")
async def test_a_request_under_way(case: Case) -> None:
    """A request to somebody who does not answer, taken back again."""
    async with relations(case, others=[0, 1]) as streams:
        one, jid = Client(case, streams[0]), case.jid(1)
        await one.get()
        await one.change(item(jid, "Nurse"))
        await one.heard()
        for kind, ask in (("subscribe", "subscribe"), ("unsubscribe", "")):
            await one.stream.send(f"<presence to='{jid}' type='{kind}'/>")
            pushed = [read(entry) for push in await one.heard() for entry in items_of(push)]
            case.check(pushed, "a push", "no push")
            expected = Item("Nurse", ask=ask)
            case.prefer(pushed[-1] == expected, f"ask={ask!r} in the push", "another item")
            await one.get()
            case.prefer(one.roster == {jid: expected}, f"ask={ask!r} in the roster", "another item")


@requires("roster-approved-shown")
async def test_an_approval_in_advance(case: Case) -> None:
    async with relations(case, others=[0, 1]) as streams:
        one, jid = Client(case, streams[0]), case.jid(1)
        if not approves_in_advance(one.stream):
            raise case.absent("approvals in advance are not among the stream features")
        await one.get()
        for kind, approved in (("subscribed", True), ("unsubscribed", False)):
            await one.stream.send(f"<presence to='{jid}' type='{kind}'/>")
            pushed = [entry for push in await one.heard() for entry in items_of(push)]
            if approved:
                case.check(len(pushed) == 1, "one push", f"{len(pushed)} pushes")
                case.prefer(_is_approved(pushed[0]), "an approved item in the push", "another item")
            found = await one.get()
            listed = any(map(_is_approved, items_of(found)))
            case.prefer(listed == approved, "the approval in the roster", "another roster")


def _is_approved(entry: Element) -> bool:
    return entry.get("approved") in ("true", "1")


@requires("roster-push", "roster-push-from", "roster-push-only-to-interested")
async def test_forged_pushes(case: Case) -> None:
    """Who sends what looks like a push to another resource, of the same or of another account,
    cannot make it look like the server's, and changes nothing."""
    async with clients(case, True, True) as [one, other]:
        stranger = await client(case, 1)
        jid, to = contact(case), one.stream.jid
        for sender in (other, stranger):
            text = roster_set(item(jid, "Forged"), to=to, identifier="forged")
            await sender.stream.send(text)
            await sender.heard()
            for push in await one.heard():
                case.check(
                    push.get("from") == sender.stream.jid, "from = who sent it", "another from"
                )
        fresh = await client(case)
        await fresh.get()
        case.check(not fresh.roster, "the roster as it was", "a roster that was changed")
