"""Section 2.4: changing what is there."""

from __future__ import annotations

import pytest

from conformance.player import name_of
from conformance.rfc6121.presences import relations, settle, shown_by
from conformance.rfc6121.rosters import ITEMS, Client, Item, clients, contact, item, items_of, read
from conformance.suite import Case, requires

_NURSE = Item("Nurse", frozenset({"Servants", "Friends"}))


@requires(
    "roster-update-exact",
    "roster-update-answered",
    "roster-set",
    before=ITEMS,
    changed=ITEMS,
)
async def test_an_item_is_replaced(case: Case, before: Item, changed: Item) -> None:
    """By exactly what the set says, in the pushes and in the roster."""
    jid = contact(case)
    async with clients(case, True, True) as [one, other]:
        await one.change(before.written(jid))
        await one.heard()
        await other.heard()
        found = await other.set(changed.written(jid))
        case.check(found.get("type") == "result", "a result", name_of(found))
        for listening in (one, other):
            pushed = [read(entry) for push in await listening.heard() for entry in items_of(push)]
            case.check(len(pushed) == 1, "one push", f"{len(pushed)} pushes")
            case.check(pushed == [changed], "the item as it now is", "another item")
        await one.get()
        case.check(one.roster == {jid: changed}, "the item as it now is", "another item")


_STEPS = {  # the reasons for an update that the section names
    "group-added": Item("Nurse", frozenset({"Servants", "Friends", "Family"})),
    "group-removed": Item("Nurse", frozenset({"Servants"})),
    "group-changed": Item("Nurse", frozenset({"Servants", "Family"})),
    "no-groups": Item("Nurse"),
    "handle-changed": Item("My nurse", _NURSE.groups),
    "handle-removed": Item("", _NURSE.groups),
    "nothing-left": Item(),
    "nothing-changed": _NURSE,
}


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(
            name,
            marks=[] if entry.groups else [pytest.mark.requires("roster-set-without-group")],
        )
        for name, entry in _STEPS.items()
    ],
)
@requires("roster-update-exact")
async def test_one_thing_changes(case: Case, step: str) -> None:
    jid = contact(case)
    async with clients(case, True) as [one]:
        await one.change(_NURSE.written(jid), _STEPS[step].written(jid))
        case.check(one.roster == {jid: _STEPS[step]}, "pushed as it now is", "another item")
        await one.get()
        case.check(one.roster == {jid: _STEPS[step]}, "listed as it now is", "another item")


@pytest.mark.parametrize("handle", [None, ""], ids=["none", "empty"])
@requires("roster-update-empty-name")
async def test_handle_is_taken_away(case: Case, handle: str | None) -> None:
    jid = contact(case)
    async with clients(case, True) as [one]:
        await one.change(_NURSE.written(jid), item(jid, handle, _NURSE.groups))
        expected = {jid: Item("", _NURSE.groups)}
        case.check(one.roster == expected, "pushed without handle", "a handle, or other groups")
        await one.get()
        case.check(one.roster == expected, "listed without handle", "a handle, or other groups")


@requires("roster-update-exact", "roster-set-subscription-ignored")
async def test_subscriptions_stay(case: Case) -> None:
    """An update of a contact with a subscription both ways, in whatever attribute."""
    async with relations(case, (0, 1), (1, 0)) as streams:
        one, jid = Client(case, streams[0]), case.jid(1)
        await one.get()
        for value in (None, "none", "from"):
            more = {} if value is None else {"subscription": value}
            await one.change(item(jid, f"Nurse {value}", ["Servants"], **more))
            expected = {jid: Item(f"Nurse {value}", frozenset({"Servants"}), "both")}
            case.check(one.roster == expected, "subscription='both' as before", "another item")
        await one.get()
        case.check(one.roster == expected, "subscription='both' as before", "another item")
        for stream in streams.values():
            await stream.send("<presence/>")
        seen = await settle(*streams.values())
        for number, stream in enumerate(streams.values()):
            case.check(shown_by(seen[1 - number], stream.jid), "presence both ways", "no presence")
