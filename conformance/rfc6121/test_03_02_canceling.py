"""Section 3.2: a subscription is ended by who granted it, or a request is denied."""

from __future__ import annotations

import pytest

from conformance.rfc6121.subscription_model import Aspect
from conformance.rfc6121.subscription_runs import (
    AVAILABLE,
    DESK,
    EVERY_KIND,
    INTERESTED,
    OTHER,
    begun,
    cells_of,
    go_round,
    rules_of,
)
from conformance.rfc6121.subscription_steps import Enter, Leave, Say
from conformance.suite import Case, requires

NOTHING = cells_of("out", "unsubscribed", "none", "none-pending-out", "to")
GRANTED = cells_of("out", "unsubscribed", "from", "from-pending-out", "both")
ASKED = cells_of("out", "unsubscribed", "none-pending-in", "none-pending-out-in", "to-pending-in")
SUBSCRIBED = (Enter(0), Enter(1), Say(0, 1, "subscribe"), Say(1, 0, "subscribed"))


@requires("sub-cancel-push")
async def test_push_to_who_cancels(case: Case) -> None:
    await go_round(case, GRANTED, {"pushes"}, account=0, resources=INTERESTED)


@requires("sub-cancel-user-push")
async def test_push_to_who_is_canceled(case: Case) -> None:
    await go_round(case, GRANTED + ASKED, {"pushes"}, account=1, resources=INTERESTED)


@requires("sub-cancel-to-interested")
async def test_delivery_to_each_interested_resource(case: Case) -> None:
    aspects: set[Aspect] = {"stanzas", "audience"}
    await go_round(case, GRANTED + ASKED, aspects, account=1, resources=EVERY_KIND)


@requires("sub-cancel-before-push")
async def test_delivery_before_the_push(case: Case) -> None:
    await go_round(case, GRANTED + ASKED, {"order"}, account=1, resources=INTERESTED)


@requires("sub-cancel-unavailable-first")
async def test_unavailable_presence_comes_first(case: Case) -> None:
    await go_round(case, GRANTED, {"presence-order"}, account=1, resources=AVAILABLE)


@requires("sub-cancel-unavailable-delivered", "sub-cancel-unavailable-first")
async def test_unavailable_presence_of_each_resource(case: Case) -> None:
    await go_round(case, GRANTED, {"presence"}, account=1, resources=AVAILABLE)


@requires("sub-presence-approved-only")
async def test_denial_reveals_nothing(case: Case) -> None:
    await go_round(case, ASKED, {"presence", "leaks"}, account=1, resources=AVAILABLE)


@pytest.mark.parametrize("granted", [True, False], ids=["granted", "asked"])
@requires("sub-cancel-routed", "sub-stanza-from-bare")
async def test_sender(case: Case, granted: bool) -> None:
    """The bare JID."""
    async with begun(case, *(SUBSCRIBED if granted else SUBSCRIBED[:3])) as live:
        await live.do(Say(1, 0, "unsubscribed"))
        told = [e for e in live.elements[DESK] if e.get("type") == "unsubscribed"]
        case.check(len(told) == 1, "one cancellation", "none, or several")
        case.check(told[0].get("from") == case.jid(1), "from = the bare JID", "another from")


@requires("sub-cancel-kept")
async def test_cancellation_for_who_is_offline(case: Case) -> None:
    """It is in the roster at the next login; the stanza may be there, presence is not."""
    async with begun(case, *SUBSCRIBED, Leave(*DESK), Say(1, 0, "unsubscribed"), Enter(0)) as live:
        case.check(live.rosters[DESK] == {"B": "none"}, "the item with none", "another item")
        case.check(live.heard[DESK].count("unsubscribed from B") <= 1, "one at most", "several")
        case.check("available from B/desk" not in live.heard[DESK], "no presence", "presence")


@requires("sub-cancel-nothing")
async def test_nothing_to_cancel(case: Case) -> None:
    """Neither a subscription nor a request."""
    await go_round(case, NOTHING, {"stanzas", "states", "pushes"})


@requires("sub-cancel-nothing-silent")
async def test_nothing_to_cancel_and_no_presence(case: Case) -> None:
    await go_round(case, NOTHING, {"leaks", "presence"}, account=1, resources=AVAILABLE)


@requires("sub-cancel-unasked")
async def test_cancellation_of_what_is_no_more(case: Case) -> None:
    """What the server itself answers to who unsubscribes, who also has a push of that: pushes are
    looked at where it is not the same account that gets both."""
    cells = cells_of("in", "unsubscribed", "none", "none-pending-in", "from")
    await go_round(case, cells, {"states", "stanzas"}, account=0)


@requires("sub-cancel-preapproval")
async def test_approval_in_advance_is_taken_back(case: Case) -> None:
    """The push says so, the other side hears nothing, and its request has to be approved."""
    if not (await rules_of(case)).preapproval:
        raise case.absent("approval in advance is not offered")
    before = (Enter(0), Enter(1), Say(1, 0, "subscribed"), Say(1, 0, "unsubscribed"))
    async with begun(case, *before) as live:
        other = live.heard[OTHER]
        case.check(other.count("push A none") == 1, "one push without approved", "another, or none")
        case.check(live.rosters[OTHER] == {"A": "none"}, "the item without it", "another item")
        case.check("unsubscribed from B" not in live.heard[DESK], "nothing", "the cancellation")
        await live.do(Say(0, 1, "subscribe"))
        case.check("subscribe from A" in live.heard[OTHER], "the request", "no request")
        case.check(live.rosters[DESK] == {"B": "none ask"}, "a request that waits", "another item")
