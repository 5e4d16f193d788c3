"""Section 3: any sequence of what clients may do about subscriptions, against the model.

Each case looks at one aspect of such sequences, so that a server which differs in one of them is
still tested in the others.
"""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from conformance.rfc6121.subscription_model import Aspect
from conformance.rfc6121.subscription_runs import live_through
from conformance.rfc6121.subscription_steps import Step, sequences
from conformance.suite import Case, requires

# With the requirement that each aspect is about first of all.
_ASPECTS: dict[Aspect, str] = {
    "states": "sub-state-listed-request",
    "approvals": "preapproval-noted",
    "stanzas": "presence-sub-request",
    "audience": "sub-approval-to-interested",
    "pushes": "sub-unsubscribe-push",
    "order": "sub-approval-before-push",
    "presence": "sub-unsubscribe-unavailable",
    "presence-order": "sub-cancel-unavailable-first",
    "requests": "sub-request-redelivered",
    "leaks": "sub-presence-approved-only",
}


@pytest.mark.parametrize(
    "aspect",
    [pytest.param(a, marks=pytest.mark.requires(i), id=a) for a, i in _ASPECTS.items()],
)
@requires(data=st.data())
async def test_any_sequence_of_two(case: Case, aspect: Aspect, data: st.DataObject) -> None:
    steps = data.draw(sequences(2, turn=list(_ASPECTS).index(aspect)))
    await live_through(case, steps, aspects={aspect})


@requires("sub-presence-approved-only", "presence-sub-request", steps=sequences(3))
async def test_any_sequence_of_three(case: Case, steps: list[Step]) -> None:
    """Nobody learns anything of two others."""
    await live_through(case, steps, accounts=3, aspects={"stanzas", "leaks"})
