"""Section 3: any sequence of what clients may do about subscriptions, against the model.

Each case looks at one aspect of such sequences, so that a server which differs in one of them is
still tested in the others.
"""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import strategies as st

from conformance.rfc6121.subscription_model import Aspect
from conformance.rfc6121.subscription_runs import live_through
from conformance.rfc6121.subscription_steps import Step, sequences
from conformance.suite import Case, requires

ASPECTS = get_args(Aspect)


@pytest.mark.parametrize("aspect", ASPECTS)
@requires("presence-sub-request", data=st.data())
async def test_any_sequence_of_two(case: Case, aspect: Aspect, data: st.DataObject) -> None:
    steps = data.draw(sequences(2, ASPECTS.index(aspect)))
    await live_through(case, steps, aspects={aspect})


@requires("presence-sub-request", steps=sequences(3))
async def test_any_sequence_of_three(case: Case, steps: list[Step]) -> None:
    await live_through(case, steps, accounts=3)
