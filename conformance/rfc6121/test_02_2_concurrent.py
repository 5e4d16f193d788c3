"""Sections 2.2 and 2.6.3: several resources change one roster at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element

from hypothesis import strategies as st

from conformance.generate.text import CUTS, offsets
from conformance.player import name_of
from conformance.rfc6121.rosters import (
    Client,
    client,
    clients,
    contact,
    item,
    items_of,
    removal,
    roster_set,
)
from conformance.suite import Allowed, Case, requires


class Change(NamedTuple):
    """What one resource does to the contact of a number: a set, or its removal."""

    number: int
    removes: bool


_PLANS = st.lists(st.builds(Change, st.integers(0, 2), st.booleans()), min_size=1, max_size=6)
_ANSWERED = Allowed("an answer", ("iq result", "iq error item-not-found"))
Plan = list[Change]


@requires(
    "roster-push-order",
    "roster-push-to-interested",
    "roster-update-exact",
    "roster-item-unique",
    "roster-add-result",
    plans=st.tuples(st.tuples(_PLANS, CUTS), st.tuples(_PLANS, CUTS)),
)
async def test_two_at_once(
    case: Case, plans: tuple[tuple[Plan, list[float]], tuple[Plan, list[float]]]
) -> None:
    """Each gets its answers in order; everybody is told of the same changes in the same order, and
    who follows them has the roster that a new resource gets; no item is of parts of two sets."""
    async with clients(case, True, True, True) as everybody:
        writers = everybody[:2]
        await asyncio.gather(
            *(
                _write(case, one, number, *plan)
                for number, (one, plan) in enumerate(zip(writers, plans, strict=True))
            )
        )
        done = [
            await _answers(case, one, len(plan))
            for one, (plan, _) in zip(writers, plans, strict=True)
        ]
        for one in everybody:  # what the last answers belong to may still be on its way
            await one.catch_up()
        told = [_told(await one.heard()) for one in everybody]
        case.check(len(told[0]) == sum(done), "a push for each success", "another number")
        agreed = told[0] == told[1] == told[2]
        case.check(agreed, "the same order at each resource", "another order")
        await _agrees(case, everybody)


async def _write(case: Case, one: Client, by: int, plan: Plan, cuts: list[float]) -> None:
    text = "".join(
        roster_set(_item(case, change, f"{by}-{at}"), identifier=f"c{at}")
        for at, change in enumerate(plan)
    )
    await one.stream.send(text, offsets(cuts, text))


def _item(case: Case, change: Change, name: str) -> str:
    jid = contact(case, change.number)
    return removal(jid) if change.removes else item(jid, name, [name])


async def _answers(case: Case, one: Client, number: int) -> int:
    """Take the answers, which come in the order of the requests; how many are results."""
    results = 0
    for at in range(number):
        found = await one.answer(f"c{at}")
        case.judge(name_of(found), _ANSWERED)
        results += found.get("type") == "result"
    return results


def _told(pushes: Sequence[Element]) -> list[tuple[str, str, str]]:
    entries = [entry for push in pushes for entry in items_of(push)]
    return [
        (e.get("jid", ""), e.get("name", ""), "" if e.get("subscription") != "remove" else "remove")
        for e in entries
    ]


async def _agrees(case: Case, everybody: Sequence[Client]) -> None:
    fresh = await client(case)
    await fresh.get()
    for entry in fresh.roster.values():
        case.check(entry.groups == {entry.name}, "one set as a whole", "parts of two sets")
    agreed = all(one.roster == fresh.roster for one in everybody)
    case.check(agreed, "the roster that the pushes make", "another one")
