"""RFC 6120 section 10.1 between many: several senders write at once, to several accounts."""

from __future__ import annotations

import asyncio

from hypothesis import strategies as st

from conformance.generate.text import CUTS, offsets
from conformance.rfc6120.common import after
from conformance.rfc6120.streams import reached
from conformance.rfc6121.stanzas import made
from conformance.suite import Case, requires
from conformance.suite.effort import fewer
from conformance.wire.stream import RawStream
from harness.xmpp import namespaces as ns

SENDERS = (0, 1, 2)  # accounts
RECIPIENTS = (3, 4)
_PLANS = st.lists(
    st.tuples(
        st.sampled_from(range(len(RECIPIENTS))),
        st.sampled_from(["chat", "normal", "headline", "available"]),
        st.booleans(),  # to the full JID
    ),
    min_size=4,
    max_size=24,
)
Plan = list[tuple[int, str, bool]]


@fewer(3)
@requires(
    "in-order-delivery",
    "message-type-deliver",
    plans=st.tuples(*[st.tuples(_PLANS, CUTS) for _ in SENDERS]),
)
async def test_concurrent_senders(case: Case, plans: tuple[tuple[Plan, list[float]], ...]) -> None:
    """What one sender writes to one recipient arrives in that order, whatever the others do:
    messages and presence, to bare and full JIDs by turns."""
    recipients = [await case.bound(account, available=True) for account in RECIPIENTS]
    senders = [await case.bound(account) for account in SENDERS]
    await asyncio.gather(
        *(
            _write(case, sender, recipients, plan, cuts)
            for sender, (plan, cuts) in zip(senders, plans, strict=True)
        )
    )
    for index, recipient in enumerate(recipients):
        came = [e for e in (await reached(recipient)).elements if e.tag != ns.IQ]
        for sender, (plan, _) in zip(senders, plans, strict=True):
            ids = [e.get("id") for e in came if e.get("from") == sender.jid]
            sent = [f"x{number}" for number, (to, _, _) in enumerate(plan) if to == index]
            case.check(sorted(map(str, ids)) == sorted(sent), "each stanza once", "a loss, or more")
            case.check(ids == sent, "the stanzas of a sender in their order", "another order")


async def _write(
    case: Case, sender: RawStream, recipients: list[RawStream], plan: Plan, cuts: list[float]
) -> None:
    """Everything of a plan, cut into writes, between which others write too."""
    text = ""
    for number, (to, type_, full) in enumerate(plan):
        address = recipients[to].jid if full else case.jid(RECIPIENTS[to])
        kind = "presence" if type_ == "available" else "message"
        text += made(kind, type_, address, f"x{number}")
    data, start = text.encode(), 0
    for end in [*offsets(cuts, text), len(data)]:
        await sender.send(data[start:end])
        start = end
    await after(case, sender, "")
