"""Sections 4 to 7: pings to the server, to accounts, between clients."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from conformance.generate.stanzas import IDS
from conformance.player import name_of
from conformance.rfc6120.common import (
    FOR_SENDER,
    NO_RESOURCE,
    PING,
    Address,
    after,
    came,
    delivered,
    to_each,
    written,
)
from conformance.rfc6120.streams import reached
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import RawStream
from conformance.xep0030.common import ask, features_in, info
from harness.xmpp import namespaces as ns

_UNAVAILABLE = Allowed("<service-unavailable/>", ("iq error service-unavailable",))


async def _pinged(
    case: Case, stream: RawStream, to: str, identifier: str = "q"
) -> tuple[Element, bool]:
    """The answer to a ping, and whether the server lists the feature."""
    listed = ns.PING in features_in(await info(case, stream, case.domain))
    answer = await ask(case, stream, PING, to, identifier=identifier)
    if answer.get("type") == "error" and not listed:
        case.judge(name_of(answer), Allowed("a stanza error", ("iq error *",)))
        raise case.absent("the server neither lists urn:xmpp:ping nor answers it")
    return answer, listed


@to_each(
    *FOR_SENDER, server="ping-server", without_to="ping-own-account", own_account="ping-own-account"
)
@requires(identifier=IDS)
async def test_ping(case: Case, to: Address, identifier: str) -> None:
    answer, _ = await _pinged(case, await case.bound(), to.of(case), identifier)
    case.judge(name_of(answer), Allowed("a result", ("iq result",)))
    case.check(not len(answer), "an empty result", "a result with a child")
    # For the account of the stream it may be left out (RFC 6120 section 8.1.2.1).
    right = (to.of(case),) if to.pattern == "{domain}" else (None, case.jid())
    if to.pattern:
        case.check(answer.get("from") in right, "from = who was asked", "another from")


@requires("ping-feature")
async def test_feature(case: Case) -> None:
    answer, listed = await _pinged(case, await case.bound(), case.domain)
    answered = answer.get("type") == "result"
    case.check(listed or not answered, "the feature urn:xmpp:ping", "no feature")


@requires("ping-between-clients")
async def test_between_clients(case: Case) -> None:
    asked, asking = await case.pair()
    request = await delivered(case, asking, asked, written("iq", asked.jid, PING), "iq")
    case.check([e.tag for e in request] == [f"{{{ns.PING}}}ping"], "the ping", "something else")
    case.check(not await came(asking, "iq"), "no answer of the server", "an answer of the server")
    await after(case, asked, written("iq", asking.jid, "", type="result"))
    found = [e for e in (await reached(asking)).elements if e.tag == ns.IQ]
    case.check([e.get("from") for e in found] == [asked.jid], "the answer of the client", "another")


@requires("ping-bare-jid-by-server")
async def test_bare_jid(case: Case) -> None:
    receiver = await case.bound(1, available=True)
    answer = await ask(case, await case.bound(), PING, case.jid(1))
    case.judge(name_of(answer), Allowed("a result or an error", ("iq result", "iq error *")))
    case.check(not await came(receiver, "iq"), "nothing delivered", "the ping delivered")


@requires("ping-no-resource")
async def test_no_resource(case: Case) -> None:
    answer = await ask(case, await case.bound(), PING, NO_RESOURCE.of(case))
    case.judge(name_of(answer), _UNAVAILABLE)
    same = answer.get("from") == NO_RESOURCE.of(case)
    case.check(same, "from = the full JID", "another from")
