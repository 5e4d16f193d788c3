"""Sections 3.1.5 and 3.1.6: a request is approved."""

from __future__ import annotations

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
)
from conformance.rfc6121.subscription_steps import SLOTS, Enter, Leave, Say
from conformance.suite import Case, requires
from harness.xmpp import namespaces as ns

CELLS = cells_of("out", "subscribed", "none-pending-in", "none-pending-out-in", "to-pending-in")
ASKED = (Enter(0), Enter(1), Say(0, 1, "subscribe"))


@requires("sub-approval-push")
async def test_push_to_who_approves(case: Case) -> None:
    await go_round(case, CELLS, {"pushes"}, account=0, resources=INTERESTED)


@requires("sub-approval-user-push")
async def test_push_to_who_is_approved(case: Case) -> None:
    await go_round(case, CELLS, {"pushes"}, account=1, resources=INTERESTED)


@requires("sub-approval-to-interested")
async def test_delivery_to_each_interested_resource(case: Case) -> None:
    aspects: set[Aspect] = {"stanzas", "audience"}
    await go_round(case, CELLS, aspects, account=1, resources=EVERY_KIND)


@requires("sub-approval-before-push")
async def test_delivery_before_the_push(case: Case) -> None:
    await go_round(case, CELLS, {"order"}, account=1, resources=INTERESTED)


@requires("sub-approval-presence", "sub-approval-presence-delivered")
async def test_presence_of_each_resource_to_each_resource(case: Case) -> None:
    await go_round(case, CELLS, {"presence"}, account=1, resources=AVAILABLE)


@requires("sub-approval-presence")
async def test_presence_behind_the_approval(case: Case) -> None:
    await go_round(case, CELLS, {"presence-order"}, account=1)


@requires("sub-approval-presence")
async def test_presence_is_the_current_one(case: Case) -> None:
    """All of what each available resource sent last, and nothing of one that has gone."""
    presence = "<presence><show>{}</show><status>{}</status><x xmlns='urn:example:x'/></presence>"
    more = [Enter(1, SLOTS[1]), Enter(1, SLOTS[2])]
    async with begun(case, *ASKED, *more) as live:
        for show, status in (("dnd", "earlier"), ("away", "now")):
            await live.streams[OTHER].send(presence.format(show, status))
        await live.streams[1, SLOTS[2]].send("<presence type='unavailable'/>")
        await live.settle([OTHER, (1, SLOTS[2])])
        live.elements.clear()
        await live.do(Say(1, 0, "subscribed"))
        senders = [live.streams[1, slot].jid for slot in SLOTS[:2]]
        told = [e for e in live.elements[DESK] if e.get("type") is None and e.tag == ns.PRESENCE]
        case.check(
            {e.get("from") for e in told} == set(senders),
            "presence of the available resources",
            "presence of others, or none",
        )
        (desk, *_) = [e for e in told if e.get("from") == senders[0]]
        content = [desk.findtext(f"{{{ns.CLIENT}}}{name}") for name in ("show", "status")]
        case.check(content == ["away", "now"], "what was sent last", "other content")
        case.check(desk.find("{urn:example:x}x") is not None, "the extension", "no extension")


@requires("sub-approval-routed", "sub-stanza-from-bare")
async def test_sender(case: Case) -> None:
    """The bare JID."""
    async with begun(case, *ASKED, Say(1, 0, "subscribed")) as live:
        told = [e for e in live.elements[DESK] if e.get("type") == "subscribed"]
        case.check(len(told) == 1, "one approval", "none, or several")
        case.check(told[0].get("from") == case.jid(1), "from = the bare JID", "another from")


@requires("sub-approval-kept")
async def test_approval_for_who_is_offline(case: Case) -> None:
    """It is in the roster at the next login; the stanza may be there."""
    async with begun(case, *ASKED, Leave(*DESK), Say(1, 0, "subscribed"), Enter(0)) as live:
        case.check(live.rosters[DESK] == {"B": "to"}, "the item with to", "another item")
        case.check(live.heard[DESK].count("subscribed from B") <= 1, "one at most", "several")
        case.check("available from B/desk" in live.heard[DESK], "presence", "no presence")


@requires("sub-approval-unasked")
async def test_approval_that_nobody_asked_for(case: Case) -> None:
    """What the server itself answers to who asks again, or does not deliver of ours."""
    cells = cells_of("out", "subscribed", "from", "from-pending-out", "both")
    cells += cells_of("in", "subscribed", "to", "to-pending-in", "both")
    await go_round(case, cells, {"states", "stanzas", "pushes"})
