"""Appendix A: every state, and every cell of the tables, that two accounts of one server reach."""

from __future__ import annotations

import pytest

from conformance.rfc6121.subscription_paths import Visit, ways
from conformance.rfc6121.subscription_runs import live_through, rules_of
from conformance.rfc6121.subscription_steps import Enter, steps_of
from conformance.rfc6121.subscriptions import Rules
from conformance.suite import Case, requires

LOGINS = (Enter(0), Enter(1))


@pytest.mark.parametrize("cell", [pytest.param(v, id=str(v)) for v in ways(Rules())])
@requires("presence-sub-request")
async def test_cell(case: Case, cell: Visit) -> None:
    rules = await rules_of(case)
    path = ways(rules)[cell]
    await live_through(case, [*LOGINS, *steps_of(path)])
    if str(cell) not in case.covered:
        raise case.unknown("not reached")
