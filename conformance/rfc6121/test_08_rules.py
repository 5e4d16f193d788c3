"""Section 8 beyond the table: no address, other domains, contacts, answers, what is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import strategies as st

from conformance.generate.resources import walks
from conformance.player import describe
from conformance.rfc6120.common import (
    EVERY_KIND,
    NO_DOMAIN,
    NOTHING,
    PING,
    QUERY,
    ROSTER_GET,
    after,
    answer,
    delivered,
    stored,
    subscription,
    written,
)
from conformance.rfc6120.streams import messages, reached
from conformance.rfc6120.test_08_03_errors import RESOLVE_S
from conformance.rfc6121.delivery import CELLS, KINDS, allowed, outcome
from conformance.rfc6121.recipient import Recipient, presence, removal
from conformance.rfc6121.stanzas import copies_of, is_reaction, made
from conformance.suite import Allowed, Case, requires
from conformance.suite.effort import fewer
from conformance.wire.stream import RawStream, shown
from harness.xmpp import jid as jids
from harness.xmpp import namespaces as ns

RECIPIENT = 3  # the account
_FEW = fewer(3)
_PRESENT = st.sampled_from(["negative", "one", "many"])
_DISCO = "<query xmlns='http://jabber.org/protocol/disco#info'/>"
_VERSION = f"<query xmlns='{ns.VERSION}'/>"
_KNOWN = {"ping": PING, "features": _DISCO, "roster": ROSTER_GET, "version": _VERSION}


@fewer(10)
@pytest.mark.parametrize("who", ["connected", "negative", "one", "many"])
@pytest.mark.parametrize("type_", KINDS["message"])
@requires("delivery-without-to", data=st.data())
async def test_message_without_to(case: Case, type_: str, who: str, data: st.DataObject) -> None:
    """Treated as one to the sender's own account, by a resource that is not available."""
    walk = data.draw(walks(who))
    own = Recipient(case, 0)
    await own.connect(walk.interested)
    sender = await case.bound(0)
    cell = CELLS["message"][f"{who}-bare-{type_}"]
    for number, priorities in enumerate(walk.turns):
        await own.take(priorities)
        reaction = await after(case, sender, made("message", type_, "", f"x{number}"))
        wanted = copies_of("message", type_, sender, f"x{number}")
        got = await own.copies(wanted)
        kept = await own.awake(wanted)
        seen = outcome("message", priorities, None, got, str(reaction), kept)
        case.judge(seen, allowed(cell, priorities))


@EVERY_KIND
@requires("delivery-remote-domain")
async def test_remote_domain(case: Case, kind: str) -> None:
    """An error for every type, since nobody can be reached there; but an answer is not answered."""
    sender = await case.bound(0)
    for type_ in KINDS[kind]:
        seen = await _answered(case, sender, kind, type_, NO_DOMAIN.of(case))
        if type_ in ("error", "result"):
            case.judge(seen, NOTHING)
            continue
        if seen == "ignored" and kind != "presence":
            seen = shown(await sender.next(RESOLVE_S))
        case.judge(
            seen,
            Allowed(
                "<remote-server-not-found/>",
                (f"{kind} error remote-server-not-found",),
                (f"{kind} error *", *(() if kind == "iq" else ("ignored", "nothing"))),
            ),
        )


@EVERY_KIND
@requires("delivery-local-domain")
async def test_resource_of_the_domain(case: Case, kind: str) -> None:
    """As to the domain itself."""
    sender = await case.bound(0)
    for type_ in KINDS[kind]:
        seen = await _answered(case, sender, kind, type_, f"{case.domain}/q7")
        case.judge(outcome(kind, (), None, {}, seen, 0), allowed(CELLS[kind][f"domain-{type_}"]))


async def _answered(case: Case, sender: RawStream, kind: str, type_: str, to: str) -> str:
    """What the sender of such a stanza gets; nothing of it stays in the roster."""
    try:
        reaction = await after(case, sender, made(kind, type_, to, "x"))
    finally:
        await after(case, sender, removal(jids.bare(to)))
    reaction.elements = [element for element in reaction.elements if is_reaction(element, kind)]
    return str(reaction)


@asynccontextmanager
async def seen_by(case: Case, how: str) -> AsyncIterator[tuple[RawStream, RawStream]]:
    """A resource that shows its presence to a sender, and that sender: by a subscription, or by
    directed presence."""
    if how == "subscription":
        async with subscription(case, RECIPIENT, 0) as streams:
            yield streams
        return
    receiver, sender = await case.bound(RECIPIENT, available=True), await case.bound(0)
    await after(case, receiver, f"<presence to='{sender.jid}'/>")
    await reached(sender)
    yield receiver, sender


_SHOWN = pytest.mark.parametrize("how", ["subscription", "directed"])


@_SHOWN
@pytest.mark.parametrize("type_", ["normal", "groupchat", "headline"])
@requires("delivery-error-for-contacts")
async def test_missing_resource_of_a_contact(case: Case, how: str, type_: str) -> None:
    """Who may know the presence of the account may know that the resource is not there."""
    async with seen_by(case, how) as (receiver, sender):
        text = made("message", type_, f"{case.jid(RECIPIENT)}/no-q7", "x")
        reaction = await after(case, sender, text)
        wanted = copies_of("message", type_, sender, "x")
        came = [element for element in (await reached(receiver)).elements if wanted(element)]
    seen = outcome("message", (0,), None, {0: len(came)} if came else {}, str(reaction), 0)
    as_bare = () if type_ == "groupchat" else ("delivered to all non-negative",)
    case.judge(
        seen,
        Allowed(
            "a stanza error",
            ("message error service-unavailable",),
            ("message error *", "nothing", *as_bare),
        ),
    )


@_FEW
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=pytest.mark.requires(f"delivery-bare-{kind}-to"))
        for kind in ("message", "presence")
    ],
)
@requires(who=st.sampled_from(["one", "many"]), data=st.data())
async def test_address_that_is_kept(case: Case, kind: str, who: str, data: st.DataObject) -> None:
    """A bare JID stays one, whoever gets the stanza."""
    walk = data.draw(walks(who))
    recipient = Recipient(case, RECIPIENT)
    await recipient.connect(walk.interested)
    await recipient.take(walk.turns[0])
    sender = await case.bound(0)
    for type_ in {"message": ["chat", "normal", "headline"], "presence": KINDS[kind][:2]}[kind]:
        await after(case, sender, made(kind, type_, recipient.jid, f"x-{type_}"))
        await recipient.copies(copies_of(kind, type_, sender, f"x-{type_}"))
        found = {element.get("to") for element in recipient.arrived}
        case.check(found == {recipient.jid}, "the bare JID in 'to'", "another 'to', or nothing")


@_FEW
@pytest.mark.parametrize("payload", _KNOWN)
@requires("delivery-bare-iq", who=_PRESENT, data=st.data())
async def test_request_that_the_server_knows(
    case: Case, payload: str, who: str, data: st.DataObject
) -> None:
    """Answered for the account, and kept from its resources."""
    walk = data.draw(walks(who))
    recipient = Recipient(case, RECIPIENT)
    await recipient.connect(walk.interested)
    await recipient.take(walk.turns[0])
    sender = await case.bound(0)
    text = written("iq", recipient.jid, _KNOWN[payload])
    found = await answer(case, sender, text, "x")
    case.judge(describe([found], "fence"), Allowed("an answer", ("iq result", "iq error *")))
    case.check(found.get("from") == recipient.jid, "from = the account", "another from")
    got = await recipient.copies(lambda e: e.tag == ns.IQ and e.get("from") == sender.jid)
    case.check(not got, "nothing delivered", "the request delivered")


@_SHOWN
@pytest.mark.parametrize("type_", ["get", "set"])
@requires("delivery-match-request-of-contact")
async def test_request_of_who_sees_the_presence(case: Case, how: str, type_: str) -> None:
    async with seen_by(case, how) as (receiver, sender):
        await reached(receiver)
        text = written("iq", receiver.jid, QUERY, type=type_)
        found = await delivered(case, sender, receiver, text, "iq")
    case.check(found.get("id") == "x", "the request", "another iq")


@pytest.mark.parametrize("type_", ["get", "set"])
@requires("delivery-match-request")
async def test_request_of_whom_one_sees(case: Case, type_: str) -> None:
    """A subscription in the other direction shows the sender nothing of the recipient."""
    async with subscription(case, 0, RECIPIENT) as (sender, receiver):
        reaction = await after(case, sender, written("iq", receiver.jid, QUERY, type=type_))
        came = [e for e in (await reached(receiver)).elements if e.get("id") == "x"]
    reaction.elements = [element for element in reaction.elements if is_reaction(element, "iq")]
    case.judge(
        "delivered" if came else str(reaction),
        Allowed(
            "<service-unavailable/>",
            ("iq error service-unavailable",),
            ("iq error *", "delivered"),
        ),
    )


@_FEW
@requires(
    "delivery-kept-until-available",
    "delivery-negative-never",
    types=st.lists(st.sampled_from(["normal", "chat"]), min_size=1, max_size=6),
)
async def test_kept_messages(case: Case, types: list[str]) -> None:
    """Not for a resource of negative priority; for the next other one, in their order, once."""
    await stored(case, RECIPIENT)
    sender = await case.bound(0)
    ids = [f"x{number}" for number in range(len(types))]
    text = "".join(
        made("message", type_, case.jid(RECIPIENT), identifier)
        for type_, identifier in zip(types, ids, strict=True)
    )
    if str(await after(case, sender, text)) != "ignored":
        raise case.absent("the server refuses messages to who is offline")
    low = await case.bound(RECIPIENT)
    await low.send(presence(-1))
    early = await messages(low)
    next_one = await case.bound(RECIPIENT)
    await next_one.send(presence(0))
    found = await messages(next_one)
    early += await messages(low)
    again = await stored(case, RECIPIENT)
    case.check(not early, "nothing for a negative priority", "messages for a negative priority")
    case.check(found == ids, "the messages in the order sent", "another order, or a loss")
    case.check(not again, "each message once", "a message again at another login")
