"""Rosters of many contacts (sections 2.1.4 and 2.6.3)."""

from __future__ import annotations

from conformance.rfc6121.rosters import (
    FEATURE,
    QUERY,
    Client,
    Item,
    Roster,
    client,
    clients,
    contact,
    item,
)
from conformance.suite import Case, requires

_MANY = 200


@requires(
    "roster-get",
    "roster-result-items",
    "roster-returned",
    "roster-version-interim",
    "roster-version-result",
)
async def test_hundreds_of_contacts(case: Case) -> None:
    """All are in the result; and who has nearly all of them gets the rest."""
    expected = {
        contact(case, number): Item(f"Contact {number}", frozenset({f"Group {number % 10}"}))
        for number in range(_MANY)
    }
    async with clients(case, False) as [filling]:
        await filling.change(*(entry.written(jid) for jid, entry in expected.items()))
        one = await client(case)
        versions = one.stream.features is not None and one.stream.features.find(FEATURE) is not None
        await one.get("" if versions else None)
        case.check(len(one.roster) == _MANY, "each contact", "another number of contacts")
        case.check(one.roster == expected, "each contact as it was put in", "another roster")
        if versions:
            await _little_has_changed(case, filling, expected, one)


async def _little_has_changed(
    case: Case, filling: Client, expected: Roster, before: Client
) -> None:
    jid = contact(case, 1)
    await filling.change(item(jid, "Other"))
    late = await client(case)
    late.roster = dict(expected)
    found = await late.get(before.ver)
    case.check(late.roster == expected | {jid: Item("Other")}, "the roster as it is", "another one")
    case.prefer(found.find(QUERY) is None, "the change alone", "the complete roster")
