"""Section 3.3: a subscription is given up by who has it, or a request is withdrawn."""

from __future__ import annotations

import pytest

from conformance.rfc6121.subscription_model import Aspect
from conformance.rfc6121.subscription_runs import (
    AVAILABLE,
    EVERY_KIND,
    INTERESTED,
    OTHER,
    begun,
    cells_of,
    go_round,
)
from conformance.rfc6121.subscription_steps import SLOTS, Enter, Leave, ListItem, Say, Step
from conformance.suite import Case, requires

GRANTED = cells_of("out", "unsubscribe", "to", "to-pending-in", "both")
ASKED = cells_of(
    "out", "unsubscribe", "none-pending-out", "none-pending-out-in", "from-pending-out"
)
NOTHING = cells_of("out", "unsubscribe", "none", "none-pending-in", "from")
REQUESTED = (Enter(0), Enter(1), Say(0, 1, "subscribe"))
SUBSCRIBED = (*REQUESTED, Say(1, 0, "subscribed"))


@requires("sub-unsubscribe-push")
async def test_push_to_who_unsubscribes(case: Case) -> None:
    await go_round(case, GRANTED + ASKED, {"pushes"}, account=0, resources=INTERESTED)


@requires("sub-unsubscribe-contact-push")
async def test_push_to_the_contact(case: Case) -> None:
    await go_round(case, GRANTED, {"pushes"}, account=1, resources=INTERESTED)


@requires("sub-unsubscribe-to-interested")
async def test_delivery_to_each_interested_resource(case: Case) -> None:
    aspects: set[Aspect] = {"stanzas", "audience"}
    await go_round(case, GRANTED, aspects, account=1, resources=EVERY_KIND)


@requires("sub-unsubscribe-before-push")
async def test_delivery_before_the_push(case: Case) -> None:
    await go_round(case, GRANTED, {"order"}, account=1, resources=INTERESTED)


@requires("sub-unsubscribe-unavailable")
async def test_unavailable_presence_of_each_resource(case: Case) -> None:
    await go_round(case, GRANTED, {"presence"}, account=0, resources=AVAILABLE)


@requires("sub-stanza-from-bare")
async def test_sender(case: Case) -> None:
    """The bare JID."""
    async with begun(case, *SUBSCRIBED, Say(0, 1, "unsubscribe")) as live:
        told = [e for e in live.elements[OTHER] if e.get("type") == "unsubscribe"]
        case.check(len(told) == 1, "one stanza", "none, or several")
        case.check(told[0].get("from") == case.jid(0), "from = the bare JID", "another from")


@requires("sub-unsubscribe-kept")
async def test_unsubscribing_while_the_contact_is_offline(case: Case) -> None:
    """It is in the roster at the next login; the stanza may be there."""
    async with begun(case, *SUBSCRIBED, Leave(*OTHER), Say(0, 1, "unsubscribe"), Enter(1)) as live:
        case.check(live.rosters[OTHER] == {"A": "none"}, "the item with none", "another item")
        case.check(live.heard[OTHER].count("unsubscribe from A") <= 1, "one at most", "several")


@requires("sub-unsubscribe-unasked")
async def test_nothing_to_give_up(case: Case) -> None:
    """The contact's server ignores it."""
    await go_round(case, NOTHING, {"states", "pushes"}, account=1, resources=INTERESTED)


@pytest.mark.parametrize("listed", [False, True], ids=["unlisted", "listed"])
@pytest.mark.parametrize("online", [True, False], ids=["online", "offline"])
@requires("sub-unsubscribe-withdraws")
async def test_request_is_withdrawn(case: Case, online: bool, listed: bool) -> None:
    """Who logs in later does not get it."""
    before: list[Step] = [*REQUESTED]
    before += [ListItem(1, 0)] if listed else []
    before += [] if online else [Leave(*OTHER)]
    async with begun(case, *before, Say(0, 1, "unsubscribe"), Enter(1, SLOTS[1])) as live:
        later = (1, SLOTS[1])
        case.check("subscribe from A" not in live.heard[later], "no request", "the request")
        expected = {"A": "none"} if listed else {}
        case.check(live.rosters[later] == expected, "the roster as before", "another roster")
