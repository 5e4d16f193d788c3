"""Section 10.2: what the answer to a message betrays about an account."""

from __future__ import annotations

import pytest

from conformance.rfc6120.common import NO_USER, after, stored, written
from conformance.suite import Case, requires


@pytest.mark.parametrize("type_", ["normal", "chat", "headline"])
@requires("account-existence-not-betrayed")
async def test_existence_is_not_betrayed(case: Case, type_: str) -> None:
    """An account that is offline and one that does not exist look the same."""
    stream = await case.bound(0)
    outcomes = []
    for to in (case.jid(4), NO_USER.of(case)):
        text = written("message", to, "<body>x</body>", type=type_)
        outcomes.append(str(await after(case, stream, text)))
    await stored(case, 4)
    offline, missing = outcomes
    case.prefer(offline == missing, "the same answer", f"offline: {offline}, missing: {missing}")
