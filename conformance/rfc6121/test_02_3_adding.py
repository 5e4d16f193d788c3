"""Section 2.3: adding a contact, and what a set may not be."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import strategies as st

from conformance.player import name_of
from conformance.rfc6120.common import after
from conformance.rfc6121.presences import settle, shown_by
from conformance.rfc6121.rosters import (
    ANY_ITEMS,
    ITEMS,
    Client,
    Item,
    client,
    clients,
    contact,
    item,
    items_of,
    read,
    roster_set,
    ver_of,
)
from conformance.suite import Allowed, Case, requires

_NURSE = Item("Nurse", frozenset({"Servants", "Friends"}))
_EXISTING = pytest.mark.parametrize(
    "existing",
    [
        pytest.param(False, id="new"),
        pytest.param(True, id="existing", marks=pytest.mark.requires("roster-update-error")),
    ],
)


@requires(
    "roster-set",
    "roster-add-created",
    "roster-add-result",
    "roster-add-pushed",
    entry=ITEMS,
)
async def test_new_contact(case: Case, entry: Item) -> None:
    """With and without handle, in no group, in one, in several."""
    jid = contact(case)
    async with clients(case, True, True) as [one, other]:
        found = await one.set(entry.written(jid))
        case.check(found.get("type") == "result", "a result", name_of(found))
        for listening in (one, other):
            pushed = [entry for push in await listening.heard() for entry in items_of(push)]
            case.check(len(pushed) == 1, "one push", f"{len(pushed)} pushes")
            case.check(pushed[0].get("jid") == jid, "the contact's jid", "another jid")
            case.check(read(pushed[0]) == entry, "the item in the push", "another item")
        await other.get()
        case.check(other.roster == {jid: entry}, "the item in the roster", "another roster")


@requires("roster-stored-unmodified", entries=st.lists(ANY_ITEMS, min_size=1, max_size=4))
async def test_any_text(case: Case, entries: list[Item]) -> None:
    """Handles and groups of whatever XML can carry."""
    expected = {contact(case, number): entry for number, entry in enumerate(entries)}
    async with clients(case, True) as [one]:
        await one.change(*(entry.written(jid) for jid, entry in expected.items()))
        case.prefer(one.roster == expected, "pushes with the same text", "a push with another text")
        await one.get()
        case.check(one.roster.keys() == expected.keys(), "each contact", "another number")
        case.prefer(one.roster == expected, "the same text", "another text")


@requires("roster-add-created", "roster-set-duplicate-groups")
async def test_groups_in_newer_signs(case: Case) -> None:
    """Two groups that differ, of signs that RFC 3454's Unicode 3.2 does not have."""
    jid, entry = contact(case), Item("Nurse", frozenset({"\N{GRINNING FACE}", "\N{FERRIS WHEEL}"}))
    async with clients(case, True) as [one]:
        found = await one.set(entry.written(jid))
        case.check(found.get("type") == "result", "a result", name_of(found))
        await one.get()
        case.check(one.roster == {jid: entry}, "both groups", "another roster")


@requires("roster-add-result")
async def test_only_the_sender_gets_the_result(case: Case) -> None:
    async with clients(case, True, True, False) as [one, *others]:
        found = await one.set(item(contact(case)))
        case.check(found.get("to") in (None, one.stream.jid), "to = the sender", "another to")
        for other in others:
            came = await after(case, other.stream, "")
            words = [name_of(e) for e in came.elements]
            case.check("iq result" not in words, "no result at others", "a result")


@pytest.mark.parametrize("value", ["none", "to", "from", "both", "maybe"])
@requires("roster-set-subscription-ignored", "roster-subscription-defined")
async def test_subscription_is_ignored(case: Case, value: str) -> None:
    """Neither sees the other's presence by it."""
    jid = case.jid(1)
    async with clients(case, True) as [one], clients(case, True, account=1) as [other]:
        await one.change(item(jid, "Nurse", subscription=value))
        case.check(one.roster == {jid: Item("Nurse")}, "pushed as none", "another subscription")
        await one.get()
        case.check(one.roster == {jid: Item("Nurse")}, "listed as none", "another subscription")
        for stream in (one.stream, other.stream):
            await stream.send("<presence/>")
        seen = await settle(one.stream, other.stream)
        hidden = not shown_by(seen[0], other.stream.jid) and not shown_by(seen[1], one.stream.jid)
        case.check(hidden, "nobody's presence", "presence without subscription")


@pytest.mark.parametrize("version", ["client-made", "", "1"])
@requires("roster-version-by-server")
async def test_version_of_a_client(case: Case, version: str) -> None:
    async with clients(case, True) as [one]:
        before = one.ver
        found = await one.ask(roster_set(item(contact(case)), ver=version), "set")
        if found.get("type") == "error":
            case.judge(name_of(found), Allowed("a result, or an error", ("iq error bad-request",)))
            return
        for push in await one.heard():
            case.check(ver_of(push) in (None, one.ver), "a version", "another one")
            case.check(ver_of(push) != "client-made", "a version of the server's", "the client's")
        await one.get()
        case.check(one.ver != "client-made", "a version of the server's", "the client's")
        case.check(one.ver is None or one.ver != before, "a new version", "the same version")


class Fault(NamedTuple):
    """A set that is to be refused; the contact is called {jid} in it, another one {other}."""

    name: str
    items: str
    allowed: Allowed
    requirement: str


def _error(condition: str, *lenient: str) -> Allowed:
    tolerated = tuple(f"iq error {name}" for name in lenient)
    return Allowed(f"<{condition}/>", (f"iq error {condition}",), tolerated)


_ANY = _error("bad-request", "*")
_BAD_JID = Allowed("an error", ("iq error jid-malformed", "iq error bad-request"), ("iq error *",))
_JID = "roster-set-without-jid"
_FAULTS = [
    Fault("no-item", "", _ANY, "roster-set-no-item"),
    Fault("no-jid", "<item name='New'/>", _ANY, _JID),
    Fault("empty-jid", item("", "New"), _BAD_JID, _JID),
    Fault("no-localpart", item("@{domain}", "New"), _BAD_JID, _JID),
    Fault("two-signs", item("a@b@{domain}", "New"), _BAD_JID, _JID),
    Fault("space", item("a b@{domain}", "New"), _BAD_JID, _JID),
    Fault(
        "two-items",
        item("{jid}", "New") + item("{other}", "New"),
        _error("bad-request"),
        "roster-set-two-items",
    ),
    Fault("two-alike", item("{jid}", "New") * 2, _error("bad-request"), "roster-set-two-items"),
    Fault(
        "add-and-remove",
        item("{other}", "New") + item("{jid}", subscription="remove"),
        _error("bad-request"),
        "roster-set-two-items",
    ),
    Fault(
        "duplicate-groups",
        item("{jid}", "New", ["Servants", "Friends", "Servants"]),
        _error("bad-request"),
        "roster-set-duplicate-groups",
    ),
    Fault(
        "empty-group",
        item("{jid}", "New", [""]),
        _error("not-acceptable"),
        "roster-set-empty-group",
    ),
    Fault(
        "empty-group-among-others",
        item("{jid}", "New", ["Servants", "", "Friends"]),
        _error("not-acceptable"),
        "roster-set-empty-group",
    ),
]


@_EXISTING
@pytest.mark.parametrize(
    "fault",
    [pytest.param(f, id=f.name, marks=pytest.mark.requires(f.requirement)) for f in _FAULTS],
)
@requires("roster-set", "roster-set-error")
async def test_faulty_set(case: Case, fault: Fault, existing: bool) -> None:
    """An error to the sender, no push, and the roster stays as it was."""
    jid, other = contact(case), contact(case, 1)
    text = fault.items
    for name, value in (("jid", jid), ("other", other), ("domain", case.domain)):
        text = text.replace(f"{{{name}}}", value)
    async with clients(case, True, True) as [one, listening]:
        await _refused(case, one, listening, text, fault.allowed, {jid: _NURSE} if existing else {})


async def _refused(
    case: Case, one: Client, listening: Client, text: str, allowed: Allowed, roster: dict[str, Item]
) -> None:
    await one.change(*(entry.written(jid) for jid, entry in roster.items()))
    await listening.heard()
    found = await one.set(text)
    case.judge(name_of(found), allowed)
    case.check(not await listening.heard(), "no push", "a push")
    await listening.get()
    case.check(listening.roster == roster, "the roster as it was", "a roster that was changed")


@_EXISTING
@requires("roster-set-forbidden", "roster-access-restricted", "roster-set-authorized")
async def test_roster_of_another_account(case: Case, existing: bool) -> None:
    """Neither an addition nor a change; the owner is told nothing."""
    roster = {contact(case): _NURSE} if existing else {}
    async with clients(case, True, account=1) as [owner]:
        await owner.change(*(entry.written(jid) for jid, entry in roster.items()))
        await owner.heard()
        stranger = await client(case)
        text = roster_set(item(contact(case), "Mine"), to=case.jid(1))
        found = await stranger.ask(text, "set")
        case.check(not await owner.heard(), "no push to the owner", "a push")
        await owner.get()
        case.check(owner.roster == roster, "the roster as it was", "a roster that was changed")
        case.judge(name_of(found), _error("forbidden", "not-allowed", "service-unavailable"))
        await stranger.get()
        case.check(not stranger.roster, "nothing in the sender's own roster", "an item")


_LENGTHS = (1_000, 1_024, 8_000, 60_000)
_LIMITED = Allowed(
    "stored whole, or <not-acceptable/>",
    ("stored", "iq error not-acceptable"),
    ("iq error policy-violation", "iq error resource-constraint"),
)


@pytest.mark.parametrize("length", _LENGTHS)
@pytest.mark.parametrize("sign", ["x", "λ"], ids=["ascii", "greek"])
@pytest.mark.parametrize(
    "part",
    [
        pytest.param("name", marks=pytest.mark.requires("roster-set-long-name")),
        pytest.param("group", marks=pytest.mark.requires("roster-set-long-group")),
    ],
)
@requires("roster-set", "roster-set-error")
async def test_long_texts(case: Case, part: str, sign: str, length: int) -> None:
    """Nothing is cut: whole or not at all."""
    text, jid = sign * length, contact(case)
    entry = Item(text) if part == "name" else Item("Nurse", frozenset({text, "Servants"}))
    async with clients(case, True) as [one]:
        found = await one.set(entry.written(jid))
        await one.get()
        if found.get("type") == "error":
            case.check(not one.roster, "nothing stored of it", "an item")
            outcome = name_of(found)
        else:
            outcome = "stored" if one.roster == {jid: entry} else "stored, but not as it was"
        case.judge(outcome, _LIMITED)


@requires("roster-set-own-jid")
async def test_own_account_as_contact(case: Case) -> None:
    async with clients(case, True) as [one]:
        found = await one.set(item(case.jid(0)))
        await one.get()
        outcome = name_of(found) + ("; listed" if case.jid(0) in one.roster else "")
        case.judge(
            outcome,
            Allowed(
                "<not-allowed/>, or listed",
                ("iq error not-allowed", "iq result; listed"),
                ("iq *",),
            ),
        )
