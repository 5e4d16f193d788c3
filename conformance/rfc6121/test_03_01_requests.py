"""Sections 3.1.1 to 3.1.3: a request on its way to who is to approve it."""

from __future__ import annotations

import pytest

from conformance.generate.text import XML_TEXT
from conformance.rfc6121.subscription_model import Aspect
from conformance.rfc6121.subscription_runs import (
    DESK,
    EVERY_KIND,
    INTERESTED,
    OTHER,
    begun,
    cells_of,
    go_round,
)
from conformance.rfc6121.subscription_steps import (
    SLOTS,
    USUAL,
    Enter,
    Leave,
    ListItem,
    Say,
    Step,
)
from conformance.rfc6121.subscriptions import STATES
from conformance.suite import Case, requires
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

ASKED = (Enter(0), Say(0, 1, "subscribe"))
_DELIVERED = cells_of("in", "subscribe", "none", "none-pending-out", "to")


@requires("sub-request-push")
async def test_push_to_each_interested_resource(case: Case) -> None:
    """In every state; where the item does not change a push may come and need not."""
    cells = cells_of("out", "subscribe", *STATES)
    await go_round(case, cells, {"pushes"}, account=0, resources=INTERESTED)


@requires("sub-request-to-available")
async def test_delivery_to_each_available_resource(case: Case) -> None:
    aspects: set[Aspect] = {"stanzas", "audience"}
    await go_round(case, _DELIVERED, aspects, account=1, resources=EVERY_KIND)


@pytest.mark.parametrize("priority", [-1, -128], ids=["negative", "lowest"])
@requires("sub-request-to-available")
async def test_delivery_whatever_the_priority(case: Case, priority: int) -> None:
    negative = Enter(1, resource=USUAL._replace(priority=priority))
    async with begun(case, negative, *ASKED) as live:
        told = live.heard[OTHER]
        case.check("subscribe from A" in told, "the request", "no request")


@pytest.mark.parametrize("first", ["item", "request"])
@requires("sub-request-and-roster-set")
async def test_roster_set_and_request(case: Case, first: str) -> None:
    """In either order: the item has the name, and shows the request."""
    both: list[Step] = [ListItem(0, 1), Say(0, 1, "subscribe")]
    steps = both if first == "item" else both[::-1]
    async with begun(case, Enter(0), Enter(1), *steps) as live:
        case.check(live.rosters[DESK] == {"B": "none ask"}, "the item with ask", "another item")
        request = f"<iq type='get' id='named'><query xmlns='{ns.ROSTER}'/></iq>"
        await live.streams[DESK].send(request)
        item = (await live.streams[DESK].element("^iq result$"))[0][0]
        case.check(item.get("name") == "Name", "the name that was set", "another name")


@pytest.mark.parametrize("address", ["a@b@{}", "@{}", "with space@{}", "x@"])
@requires("sub-request-address-checked")
async def test_malformed_address(case: Case, address: str) -> None:
    async with begun(case, Enter(0)) as live:
        to = address.format(case.domain)
        await live.streams[DESK].send(f"<presence to='{to}' type='subscribe' id='x'/>")
        await live.settle([DESK])
        pushes = [word for word in live.heard[DESK] if word.startswith("push")]
        case.check(not pushes, "no push", "a push")
        case.check(not live.rosters[DESK], "no item in the roster", "an item in the roster")


@pytest.mark.parametrize("there", [True, False], ids=["connected", "not-connected"])
@requires("sub-request-full-jid")
async def test_request_to_a_full_jid(case: Case, there: bool) -> None:
    """Treated as one to the bare JID."""
    async with begun(case, Enter(0), Enter(1), Enter(1, SLOTS[1])) as live:
        resource = live.streams[OTHER].jid.partition("/")[2] if there else "nothing-q7"
        await live.do(Say(0, 1, "subscribe", resource=resource))
        case.prefer(live.rosters[DESK] == {"B": "none ask"}, "the bare JID in the item", "another")
        for key in (OTHER, (1, SLOTS[1])):
            count = live.heard[key].count("subscribe from A")
            case.prefer(count == 1, "the request once", "no request, or several")


@requires("sub-request-undeliverable")
async def test_request_to_an_unreachable_domain(case: Case) -> None:
    async with begun(case, Enter(0)) as live:
        stream, contact = live.streams[DESK], "somebody@q7.invalid"
        await stream.send(f"<presence to='{contact}' type='subscribe' id='x'/>")
        try:
            await live.settle([DESK])
            errors = [e for e in live.elements[DESK] if e.get("type") == "error"]
            case.check(errors, "presence of type error", "no error")
        finally:
            item = f"<item jid='{contact}' subscription='remove'/>"
            await stream.send(
                f"<presence to='{contact}' type='unsubscribe'/>"
                f"<iq type='set' id='away'><query xmlns='{ns.ROSTER}'>{item}</query></iq>"
            )
            await live.settle([DESK])


@pytest.mark.parametrize("online", [True, False], ids=["online", "offline"])
@pytest.mark.parametrize("known", [True, False], ids=["listed", "unlisted"])
@requires("sub-request-needs-approval", "sub-request-receipt")
async def test_nothing_but_a_receipt_comes_back(case: Case, known: bool, online: bool) -> None:
    """Whether or not the contact has the user in the roster."""
    before: list[Step] = [Enter(1)]
    before += [ListItem(1, 0)] if known else []
    before += [] if online else [Leave(*OTHER)]
    async with begun(case, *before, *ASKED) as live:
        case.check(live.rosters[DESK] == {"B": "none ask"}, "the item with ask", "another item")
        told = [word for word in live.heard[DESK] if word.endswith("B") or "B/" in word]
        unexpected = set(told) - {"unavailable from B"}
        case.check(not unexpected, "nothing but bare unavailable presence", "other presence")


@requires("sub-request-kept-whole", status=XML_TEXT, name=XML_TEXT)
async def test_content_of_a_request(case: Case, status: str, name: str) -> None:
    """What it holds arrives at the next login, foreign elements and the id among it."""
    said, called = (stanza.escape(text).decode() for text in (status, name))
    inner = f"<status>{said}</status><nick xmlns='http://jabber.org/protocol/nick'>{called}</nick>"
    async with begun(case, Enter(0), Say(0, 1, "subscribe", inner=inner), Enter(1)) as live:
        told = [e for e in live.elements[OTHER] if e.get("type") == "subscribe"]
        case.check(len(told) == 1, "the request", "no request")
        found = told[0].findtext(f"{{{ns.CLIENT}}}status")
        case.check(found == status, "the status that was sent", "another status")
        found = told[0].findtext("{http://jabber.org/protocol/nick}nick")
        case.check(found == name, "the foreign element that was sent", "another, or none")


@pytest.mark.parametrize("times", [2, 5])
@requires("sub-request-delivered-once")
async def test_one_of_several_requests_is_delivered(case: Case, times: int) -> None:
    again = [Say(0, 1, "subscribe")] * times
    async with begun(case, Enter(0), *again, Enter(1)) as live:
        count = live.heard[OTHER].count("subscribe from A")
        case.check(count == 1, "one request", f"{'several requests' if count else 'no request'}")


@pytest.mark.parametrize("priority", [0, -1], ids=["usual", "negative"])
@pytest.mark.parametrize("other", [False, True], ids=["alone", "second"])
@requires("sub-request-redelivered")
async def test_request_at_each_login_until_denied(case: Case, other: bool, priority: int) -> None:
    """To each resource that becomes available, be it the first or another one."""
    key = (1, SLOTS[1])
    login = Enter(*key, USUAL._replace(priority=priority))
    before: list[Step] = [Enter(1)] if other else []
    async with begun(case, *before, *ASKED) as live:
        for _ in range(2):
            await live.do(login)
            case.check("subscribe from A" in live.heard[key], "the request", "no request")
            await live.do(Leave(*key))
        await live.do(Enter(1, SLOTS[2]))
        await live.do(Say(1, 0, "unsubscribed"))
        await live.do(login)
        case.check("subscribe from A" not in live.heard[key], "no request", "the denied request")


@requires("sub-request-redelivered")
async def test_request_at_each_login_until_approved(case: Case) -> None:
    async with begun(case, *ASKED, Enter(1), Say(1, 0, "subscribed"), Enter(1, SLOTS[1])) as live:
        told = live.heard[1, SLOTS[1]]
        case.check("subscribe from A" not in told, "no request", "the approved request")


@pytest.mark.parametrize("online", [True, False], ids=["online", "offline"])
@requires("sub-request-no-item")
async def test_request_adds_no_item(case: Case, online: bool) -> None:
    """Neither while it waits nor when it is denied."""
    steps: list[Step] = [Enter(1), *ASKED] if online else [*ASKED, Enter(1)]
    async with begun(case, *steps) as live:
        for step in (None, Say(1, 0, "unsubscribed"), Enter(1, SLOTS[1])):
            if step:
                await live.do(step)
            pushes = [word for word in live.heard[OTHER] if word.startswith("push")]
            case.check(not pushes or pushes == ["push A remove"], "no push", "a push")
            case.check(not live.rosters[OTHER], "no item", "an item in the roster")
