"""Sections 2.1.3 and 2.1.4: asking for the roster."""

from __future__ import annotations

from xml.etree.ElementTree import tostring

import pytest
from hypothesis import strategies as st

from conformance.generate.rosters import HANDLES
from conformance.player import name_of
from conformance.rfc6120.common import after
from conformance.rfc6121.rosters import (
    ITEMS,
    QUERY,
    Client,
    Item,
    client,
    clients,
    contact,
    item,
    items_of,
    query,
    removal,
    roster_get,
    roster_of,
    roster_set,
)
from conformance.suite import Allowed, Case, requires

_DEFINED = ("none", "to", "from", "both", None)
_SECRET = "secret-q7"


@requires("roster-get", "roster-result-empty")
async def test_empty_roster(case: Case) -> None:
    async with clients(case, True) as [one]:
        found = await one.get()
        case.check(len(found.findall(QUERY)) == 1, "a query in the result", "no query")
        case.check(not items_of(found), "no items", "items")


@requires(
    "roster-get",
    "roster-returned",
    "roster-result-items",
    "roster-jid-present",
    "roster-subscription-defined",
    items=st.lists(ITEMS, max_size=6),
)
async def test_what_was_put_in(case: Case, items: list[Item]) -> None:
    """For the resource that put it in, and for another one."""
    expected = {contact(case, number): entry for number, entry in enumerate(items)}
    async with clients(case, True, False) as [one, other]:
        await one.change(*(entry.written(jid) for jid, entry in expected.items()))
        for asking in (one, other):
            found = await asking.get()
            case.check(len(found.findall(QUERY)) == 1, "one query", "none, or several")
            entries = items_of(found)
            case.check(all(e.get("jid") for e in entries), "a jid in each", "an item without jid")
            case.check(len(entries) == len(expected), "each contact once", "another number")
            case.check(
                all(e.get("subscription") in _DEFINED for e in entries),
                "a subscription that is defined",
                "another subscription",
            )
            case.check(roster_of(found) == expected, "what was put in", "another roster")


@requires("roster-get", "roster-returned")
async def test_after_a_later_login(case: Case) -> None:
    """With no resource connected between."""
    entry = Item("Nurse", frozenset({"Servants", "Friends"}))
    jid = contact(case)
    async with clients(case, True) as [one]:
        await one.change(entry.written(jid))
        await one.stream.send("</stream:stream>")
        await one.stream.react()
        later = await client(case)
        await later.get()
        case.check(later.roster == {jid: entry}, "what was put in", "another roster")


@requires("roster-get", "roster-set-authorized")
async def test_own_account_as_address(case: Case) -> None:
    async with clients(case, False) as [one]:
        own, jid = case.jid(0), contact(case)
        found = await one.ask(roster_set(item(jid), to=own), "set")
        case.check(found.get("type") == "result", "a result to the set", name_of(found))
        found = await one.ask(roster_get(to=own), "get")
        case.check(list(roster_of(found)) == [jid], "the roster", name_of(found))
        case.check(found.get("from") in (None, own), "from = the account, or none", "another from")
        found = await one.ask(roster_set(removal(jid), to=own), "set")
        case.check(found.get("type") == "result", "a result to the removal", name_of(found))


@pytest.mark.parametrize("online", [False, True], ids=["offline", "online"])
@requires("roster-access-restricted", "roster-get")
async def test_roster_of_another_account(case: Case, online: bool) -> None:
    async with clients(case, False, account=1) as [owner]:
        await owner.change(item(contact(case), _SECRET))
        if not online:
            await owner.stream.send("</stream:stream>")
            await owner.stream.react()
        stranger = await client(case)
        found = await stranger.ask(roster_get(to=case.jid(1)), "get")
        case.judge(name_of(found), Allowed("an error", ("iq error *",)))
        case.check(_SECRET not in tostring(found, "unicode"), "nothing of it", "what is in it")


@requires("roster-get", inner=st.lists(st.sampled_from(["item", "remove"]), min_size=1, max_size=3))
async def test_get_with_items(case: Case, inner: list[str]) -> None:
    """It should hold none: refused or answered, it changes nothing."""
    async with clients(case, True) as [one]:
        await one.change(item(contact(case)))
        before = dict(one.roster)
        await one.heard()
        written = {"item": item(contact(case, 1)), "remove": removal(contact(case))}
        text = "".join(written[what] for what in inner)
        reaction = await after(case, one.stream, f"<iq type='get' id='x'>{query(text)}</iq>")
        case.judge(
            reaction,
            Allowed(
                "the roster, or an error", ("iq result", "iq error bad-request"), ("iq error *",)
            ),
        )
        await _unchanged(case, one, before)


async def _unchanged(case: Case, one: Client, before: dict[str, Item]) -> None:
    await one.get()
    case.check(one.roster == before, "the roster as it was", "a roster that was changed")


@requires("roster-item-unique", "roster-set", handles=st.lists(HANDLES, min_size=2, max_size=4))
async def test_a_contact_is_there_once(case: Case, handles: list[str]) -> None:
    """However often it was put in; the last time counts."""
    jid = contact(case)
    async with clients(case, True) as [one]:
        for handle in handles:
            await one.change(item(jid, handle))
        found = await one.get()
        case.check(len(items_of(found)) == 1, "the contact once", "several times, or not at all")
        case.check(one.roster == {jid: Item(handles[-1])}, "what was put in last", "another item")
