"""Section 10.3: stanzas without `to`."""

from __future__ import annotations

import pytest

from conformance.generate.stanzas import IDS, REQUESTS, UNKNOWN_PAYLOADS
from conformance.player import name_of
from conformance.rfc6120.common import (
    PING,
    QUERY,
    ROSTER_GET,
    UNAVAILABLE,
    after,
    answer,
    came,
    subscription,
    written,
)
from conformance.rfc6120.streams import reached
from conformance.suite import Allowed, Case, requires
from harness.xmpp import namespaces as ns


@pytest.mark.parametrize("payload", [PING, ROSTER_GET, QUERY], ids=["ping", "roster", "unknown"])
@requires("no-to-handled-by-server", "stanza-kind-iq", type_=REQUESTS)
async def test_request_is_the_servers(case: Case, payload: str, type_: str) -> None:
    """Nobody else answers, and nobody else hears of it."""
    other = await case.bound(0, available=True)
    stream = await case.bound(0)
    text = written("iq", "", payload, type=type_)
    found = await answer(case, stream, text, "x")
    ours = (None, case.domain, case.jid())
    case.check(found.get("from") in ours, "an answer of server or account", "somebody else's")
    case.check(not await came(other, "iq"), "nothing at another resource", "an iq there")


@requires("stanza-kind-message", "message-without-to", "no-to-handled-by-server")
async def test_message(case: Case) -> None:
    """It is for the own bare JID, and whoever of the account's resources is available."""
    other = await case.bound(1, available=True)
    stream = await case.bound(0, available=True)
    text = written("message", "", "<body>note to self</body>", type="chat")
    reaction = await after(case, stream, text)
    found = [e for e in reaction.elements if e.tag == ns.MESSAGE]
    case.check(
        [name_of(e) for e in found] == ["message chat"] and found[0].get("id") == "x",
        "the message comes to the account",
        "it does not come",
    )
    case.check(found[0].get("to") in (None, case.jid()), "to = the account, or none", "another to")
    case.check(found[0].get("from") == stream.jid, "from = the full JID", "another from")
    case.check(not await came(other, "message"), "nothing for another account", "it came there")


@requires("stanza-kind-presence", "presence-without-to", "stanza-attribute-from")
async def test_presence_to_a_subscriber(case: Case) -> None:
    """It goes to all who are subscribed and available, and to nobody else."""
    stranger = await case.bound(2, available=True)
    async with subscription(case, 0, 1) as (publisher, subscriber):
        second = await case.bound(1, available=True)
        await reached(second)
        text = written("presence", "", "<show>away</show>", id="away")
        await after(case, publisher, text)
        for stream in (subscriber, second):
            elements = (await reached(stream)).elements
            found = [e.get("from") for e in elements if e.get("id") == "away"]
            case.check(found == [publisher.jid], "the presence, from the full JID", "another, none")
        case.check("away" not in await came(stranger), "nothing for a stranger", "the presence")


@requires("stanza-kind-presence", "presence-without-to")
async def test_presence_to_own_resources(case: Case) -> None:
    other = await case.bound(available=True)
    stream = await case.bound()
    await after(case, stream, written("presence", "", "<show>away</show>", id="hello"))
    elements = (await reached(other)).elements
    found = [e.get("from") for e in elements if e.get("id") == "hello"]
    case.check(found == [stream.jid], "the presence at the other resource", "none")


@requires("stanza-kind-iq", "iq-without-to-understood", identifier=IDS)
async def test_request_that_is_understood(case: Case, identifier: str) -> None:
    """The roster, for the resource that asks."""
    other = await case.bound(0, available=True)
    stream = await case.bound(0)
    text = written("iq", "", ROSTER_GET, id=identifier)
    found = await answer(case, stream, text, identifier)
    case.check(name_of(found) == "iq result", "a result", name_of(found))
    tags = [child.tag for child in found]
    case.check(tags == [f"{{{ns.ROSTER}}}query"], "the roster", "something else")
    case.check(not await came(other, "iq"), "nothing at another resource", "an iq there")


@requires("stanza-extension", "iq-without-to-unknown", type_=REQUESTS, payload=UNKNOWN_PAYLOADS)
async def test_request_that_is_not_understood(case: Case, type_: str, payload: str) -> None:
    stream = await case.bound()
    text = written("iq", "", payload, type=type_)
    case.judge(await after(case, stream, text), UNAVAILABLE)


@pytest.mark.parametrize("type_", ["result", "error"])
@requires("stanza-iq-reply", "iq-without-to-answer-ignored", identifier=IDS)
async def test_answer_to_nothing(case: Case, type_: str, identifier: str) -> None:
    stream = await case.bound()
    inner = f"<error type='cancel'><forbidden xmlns='{ns.STANZAS}'/></error>"
    text = written("iq", "", inner if type_ == "error" else QUERY, type=type_, id=identifier)
    case.judge(await after(case, stream, text), Allowed("no answer", ("ignored",)))
