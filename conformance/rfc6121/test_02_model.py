"""Section 2 as a whole: any sequence of changes, against a dictionary."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from conformance.player import name_of
from conformance.rfc6121.rosters import (
    ITEMS,
    Client,
    Item,
    Roster,
    client,
    clients,
    contact,
    item,
    removal,
)
from conformance.suite import Allowed, Case, requires

_DONE = Allowed("a result", ("iq result",))
_REFUSED = Allowed("<bad-request/>", ("iq error bad-request",))
_ANSWERED = Allowed("an answer", ("iq result", "iq error *"))
_CONTACTS = st.integers(0, 4)
_BY = st.integers(0, 1)  # which of two resources does it


@dataclass(frozen=True)
class Put:
    """A set for a contact, new or not."""

    by: int
    contact: int
    entry: Item


@dataclass(frozen=True)
class TakeOut:
    """A removal, of a contact that is there or not; what the answer then is has its own case."""

    by: int
    contact: int


@dataclass(frozen=True)
class Spoil:
    """A set that is refused: two items, of which one would change something."""

    by: int
    contact: int


@dataclass(frozen=True)
class Again:
    """A resource asks for the roster once more, with the version that it has or without."""

    by: int
    versioned: bool


@dataclass(frozen=True)
class Return:
    """A resource ends its stream and comes back with the roster that it had."""

    by: int


_Step = Put | TakeOut | Spoil | Again | Return
_STEPS = st.lists(
    st.one_of(
        st.builds(Put, _BY, _CONTACTS, ITEMS),
        st.builds(TakeOut, _BY, _CONTACTS),
        st.builds(Put, _BY, _CONTACTS, ITEMS),
        st.builds(Spoil, _BY, _CONTACTS),
        st.builds(Again, _BY, st.booleans()),
        st.builds(Return, _BY),
    ),
    max_size=12,
)


@requires(
    "roster-set",
    "roster-get",
    "roster-push",
    "roster-update-exact",
    "roster-remove-done",
    "roster-set-error",
    "roster-push-order",
    "roster-version-result",
    steps=_STEPS,
)
async def test_any_sequence(case: Case, steps: list[_Step]) -> None:
    """Each answer is as the model has it, and what both resources have put together of results
    and pushes is the model, whatever happened; so is what a new one gets."""
    model: Roster = {}
    async with clients(case, True, True) as everybody:
        for step in steps:
            await _do(case, everybody, model, step)
        for one in everybody:
            await one.heard()
            case.check(one.roster == model, "the roster of the model", "another roster")
        fresh = await client(case)
        await fresh.get()
        case.check(fresh.roster == model, "the roster of the model", "another roster")


async def _do(case: Case, everybody: list[Client], model: Roster, step: _Step) -> None:
    one = everybody[step.by]
    if isinstance(step, Again):
        await one.get((one.ver or "") if step.versioned else None)
    elif isinstance(step, Return):
        everybody[step.by] = await _returned(case, one)
    else:
        text, allowed = _request(case, model, step)
        found = await one.set(*text)
        case.judge(name_of(found), allowed)


async def _returned(case: Case, one: Client) -> Client:
    await one.stream.send("</stream:stream>")
    await one.stream.react()
    back = await client(case)
    back.roster, back.ver = one.roster, one.ver
    await back.get(one.ver or "")
    return back


def _request(
    case: Case, model: Roster, step: Put | TakeOut | Spoil
) -> tuple[tuple[str, ...], Allowed]:
    """What is in the set, and the answer; the model takes part in it."""
    jid = contact(case, step.contact)
    if isinstance(step, Spoil):
        return (item(jid, "Spoilt"), item(contact(case, 9), "Spoilt")), _REFUSED
    if isinstance(step, TakeOut):
        known = model.pop(jid, None) is not None
        return (removal(jid),), _DONE if known else _ANSWERED
    model[jid] = step.entry
    return (step.entry.written(jid),), _DONE
