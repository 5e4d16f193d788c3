"""Appendix A: every state, and every cell of the tables, that two accounts of one server reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from _pytest.mark.structures import ParameterSet

from conformance.rfc6121.subscription_model import Aspect
from conformance.rfc6121.subscription_paths import Joint, reachable, visits_of, ways
from conformance.rfc6121.subscription_runs import live_through, rules_of
from conformance.rfc6121.subscription_steps import SLOTS, Enter, Leave, Step, steps_of
from conformance.rfc6121.subscriptions import NONE, Rules, View, Visit, cells, inbound
from conformance.suite import Case, requires

_LOGINS = (Enter(0), Enter(1))
_OF_CELLS: tuple[Aspect, ...] = ("states", "stanzas", "pushes")
_OF_STATES: tuple[Aspect, ...] = ("states", "requests")
_FEATURES = {
    "subscribe": "presence-sub-request",
    "unsubscribe": "presence-sub-unsubscribe",
    "subscribed": "presence-sub-approval",
    "unsubscribed": "presence-sub-cancel",
}
_UNCHANGED = {"subscribe": "-repeated"}


def _requirement(cell: Visit) -> str:
    """What the text says of this cell."""
    table = f"sub-{cell.direction}-{cell.kind}"
    if cell.direction == "out" or inbound(cell.state, cell.kind).passes == "MUST":
        return table
    return table + _UNCHANGED.get(cell.kind, "-unchanged")


def _parameters() -> Iterator[ParameterSet]:
    known = ways(Rules())
    for cell in cells():
        if cell in known:
            marks = pytest.mark.requires(_requirement(cell), _FEATURES[cell.kind])
            yield pytest.param(cell, id=str(cell), marks=marks)


def _looks(cell: Visit, visits: Sequence[Visit]) -> tuple[int | None, tuple[Aspect, ...]]:
    """At which account a cell is judged, and by what. A stanza that arrives is the business of its
    recipient; where it is a reply, pushes are left to the cell of what it replies to."""
    if cell.direction == "out":
        return None, _OF_CELLS
    if visits.index(cell) == 1:
        return 1, _OF_CELLS
    return 0, ("states", "stanzas")


@pytest.mark.parametrize("cell", list(_parameters()))
@requires()
async def test_cell(case: Case, cell: Visit) -> None:
    """The last stanza of a shortest sequence uses the cell: who gets it, what both rosters say
    then, and which pushes tell so."""
    rules = await rules_of(case)
    path = ways(rules)[cell]
    steps = [*_LOGINS, *steps_of(path)]
    last = len(steps) - 1
    account, aspects = _looks(cell, visits_of(path, rules))
    await live_through(case, steps, aspects=aspects, judged={last}, account=account, polite=False)
    if str(cell) not in case.covered and not case.finding:
        raise case.unknown("the server does not come into this state")


def _name(view: View) -> str:
    bare = view.state._replace(into=False) == NONE and not view.approved
    return f"{view.state}{'-listed' * (view.listed and bare)}{'-approved' * view.approved}"


def _requirements(joint: Joint) -> set[str]:
    if any(view.approved for view in joint):
        return {"presence-sub-preapproval"}
    waiting = [view for view in joint if view.state.into]
    listed = {f"sub-state-{'' if view.listed else 'un'}listed-request" for view in waiting}
    return listed or {"presence-sub-approval" if joint[0].state.to else "presence-sub-request"}


def _joint_states() -> Iterator[ParameterSet]:
    """Each but for which of the two accounts is which."""
    seen: set[Joint] = set()
    for joint in reachable(Rules()):
        if joint[::-1] not in seen:
            seen.add(joint)
            marks = pytest.mark.requires(*sorted(_requirements(joint)))
            yield pytest.param(joint, id="+".join(map(_name, joint)), marks=marks)


@pytest.mark.parametrize("joint", list(_joint_states()))
@requires()
async def test_joint_state(case: Case, joint: Joint) -> None:
    """It comes about, and it outlives the sessions of both accounts: whoever logs in next finds the
    roster of it, and the request that waits."""
    rules = await rules_of(case)
    if any(view.approved for view in joint) and not rules.preapproval:
        raise case.absent("approval in advance is not offered")
    again: list[Step] = []
    for account in (0, 1):
        again += [Leave(account, SLOTS[0]), Enter(account, SLOTS[1])]
    path = reachable(rules).get(joint) or reachable(Rules())[joint]
    aspects: set[Aspect] = set(_OF_STATES)
    if any(view.approved for view in joint):
        aspects.add("approvals")
    if not await live_through(case, [*_LOGINS, *steps_of(path), *again], aspects=aspects):
        raise case.unknown("the server does not come into this state")
