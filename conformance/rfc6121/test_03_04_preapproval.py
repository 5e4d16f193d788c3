"""Section 3.4: a request is approved before it is made."""

from __future__ import annotations

import pytest

from conformance.rfc6121.subscription_model import Aspect
from conformance.rfc6121.subscription_runs import (
    DESK,
    EVERY_KIND,
    INTERESTED,
    OTHER,
    begun,
    cells_of,
    go_round,
    live_through,
    rules_of,
)
from conformance.rfc6121.subscription_steps import (
    SLOTS,
    UNAVAILABLE,
    Enter,
    Leave,
    ListItem,
    Say,
    Step,
)
from conformance.suite import Case, requires

LOGINS: tuple[Step, ...] = (Enter(0), Enter(1))
APPROVAL = Say(1, 0, "subscribed")
REQUEST = Say(0, 1, "subscribe")
APPROVED = (*LOGINS, APPROVAL)
STRANGE = ("none", "none-pending-out", "to")  # states in which an approval comes in advance


async def offered(case: Case) -> None:
    """Raises Absent where approval in advance is not offered."""
    if not (await rules_of(case)).preapproval:
        raise case.absent("approval in advance is not offered")


@requires("preapproval-feature")
async def test_feature(case: Case) -> None:
    """What the stream features say is so: the request comes, or it is answered."""
    rules = await rules_of(case)
    async with begun(case, *LOGINS) as live:
        live.polite = False
        await live.do(APPROVAL)
        await live.do(REQUEST)
        effect = "subscribe from A" not in live.heard[OTHER]
        case.check(effect == rules.preapproval, "what the features say", "an unannounced effect")


@requires("preapproval-of-subscriber")
async def test_approval_of_a_subscriber(case: Case) -> None:
    aspects: set[Aspect] = {"states", "stanzas", "pushes", "leaks"}
    cells = cells_of("out", "subscribed", "from", "from-pending-out", "both")
    await go_round(case, cells, aspects, resources=INTERESTED)


@requires("preapproval-of-request")
async def test_approval_of_a_request(case: Case) -> None:
    aspects: set[Aspect] = {"states", "stanzas", "pushes", "approvals"}
    cells = cells_of("out", "subscribed", "none-pending-in", "none-pending-out-in", "to-pending-in")
    await go_round(case, cells, aspects, resources=INTERESTED)


@pytest.mark.parametrize("state", STRANGE)
@requires("preapproval-noted")
async def test_approval_of_a_contact(case: Case, state: str) -> None:
    """Of one in the roster."""
    await offered(case)
    ways: dict[str, list[Step]] = {
        "none": [ListItem(1, 0)],
        "none-pending-out": [Say(1, 0, "subscribe")],
        "to": [Say(1, 0, "subscribe"), Say(0, 1, "subscribed")],
    }
    steps = [*LOGINS, Enter(1, SLOTS[1], UNAVAILABLE), *ways[state], APPROVAL]
    await live_through(case, steps, aspects={"approvals", "pushes"}, judged={len(steps) - 1})


@requires("preapproval-new-item")
async def test_approval_of_a_stranger(case: Case) -> None:
    await offered(case)
    steps = [*LOGINS, Enter(1, SLOTS[1], UNAVAILABLE), APPROVAL]
    aspects: set[Aspect] = {"approvals", "pushes", "states"}
    await live_through(case, steps, aspects=aspects, judged={len(steps) - 1})


@requires("preapproval-not-routed")
async def test_approval_is_not_delivered(case: Case) -> None:
    """Nor is presence: who is approved learns nothing."""
    await offered(case)
    aspects: set[Aspect] = {"stanzas", "audience", "presence", "leaks"}
    cells = cells_of("out", "subscribed", *STRANGE)
    await go_round(case, cells, aspects, account=1, resources=EVERY_KIND)


@pytest.mark.parametrize("online", [True, False], ids=["online", "offline"])
@requires("preapproval-answers")
async def test_request_is_answered(case: Case, online: bool) -> None:
    """And the contact does not hear of it, but for the roster push."""
    await offered(case)
    gone: list[Step] = [] if online else [Leave(*OTHER)]
    async with begun(case, *APPROVED, *gone) as live:
        aspects: set[Aspect] = {"states", "stanzas", "pushes", "order", "presence"}
        live.judge(await live.do(REQUEST), aspects)
        told = [e for e in live.elements[DESK] if e.get("type") == "subscribed"]
        case.check(len(told) == 1, "one approval", "none, or several")
        case.check(told[0].get("from") == case.jid(1), "from = the bare JID", "another from")
        if not online:
            await live.do(Enter(1))
            case.check("subscribe from A" not in live.heard[OTHER], "no request", "the request")
            case.check(live.rosters[OTHER]["A"].startswith("from"), "from", "another item")


@requires("preapproval-kept")
async def test_approval_after_its_use(case: Case) -> None:
    """Either the next request has to be approved, or the item shows the approval all the time."""
    await offered(case)
    again = [REQUEST, Say(0, 1, "unsubscribe"), REQUEST, Say(1, 0, "unsubscribed"), REQUEST]
    aspects: set[Aspect] = {"approvals", "states", "stanzas"}
    await live_through(case, [*APPROVED, *again], aspects=aspects)
