"""Section 3: any sequence of what clients may do about subscriptions, against the model.

Each case looks at one aspect of such sequences, so that a server which differs in one of them is
still tested in the others. What a server does against mere advice, a walk through all cells says
(appendix A); whether a sequence meets it would be chance.
"""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from conformance.rfc6121.subscription_model import Aspect
from conformance.rfc6121.subscription_runs import live_through
from conformance.rfc6121.subscription_steps import Step, sequences
from conformance.suite import Case, requires

SHRINKING_S = 6.0  # enough for a shortest sequence where a server takes 10 ms for a login
# What is looked at together, and the requirement that it is about first of all.
_LOOKS: dict[str, tuple[set[Aspect], str]] = {
    "states": ({"states"}, "sub-state-listed-request"),
    "approvals": ({"approvals"}, "preapproval-noted"),
    "stanzas": ({"stanzas", "requests"}, "presence-sub-request"),
    "audience": ({"audience"}, "sub-approval-to-interested"),
    "pushes": ({"pushes"}, "sub-unsubscribe-push"),
    "order": ({"order"}, "sub-approval-before-push"),
    "presence": ({"presence", "leaks"}, "sub-unsubscribe-unavailable"),
    "presence-order": ({"presence-order"}, "sub-cancel-unavailable-first"),
}


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(name, marks=pytest.mark.requires(identifier), id=name)
        for name, (_, identifier) in _LOOKS.items()
    ],
)
@requires(data=st.data())
async def test_any_sequence_of_two(case: Case, look: str, data: st.DataObject) -> None:
    case.budget_s = SHRINKING_S
    steps = data.draw(sequences(2, turn=list(_LOOKS).index(look)))
    await live_through(case, steps, aspects=_LOOKS[look][0], tolerant=True)


@requires("sub-presence-approved-only", "presence-sub-request", steps=sequences(3))
async def test_any_sequence_of_three(case: Case, steps: list[Step]) -> None:
    """Nobody learns anything of two others."""
    case.budget_s = SHRINKING_S
    aspects: set[Aspect] = {"stanzas", "requests", "leaks"}
    await live_through(case, steps, accounts=3, aspects=aspects, tolerant=True)
