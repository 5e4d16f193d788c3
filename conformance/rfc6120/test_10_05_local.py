"""Section 10.5: stanzas to the server, to accounts and to resources."""

from __future__ import annotations

import pytest

from conformance.generate.stanzas import REQUESTS, UNKNOWN_PAYLOADS
from conformance.generate.text import CUTS
from conformance.player import name_of
from conformance.rfc6120.common import (
    AT_SERVER,
    EVERY_KIND,
    NO_RESOURCE,
    NO_USER,
    NOTHING,
    OTHER_ACCOUNT,
    PING,
    QUERY,
    SERVER,
    Address,
    after,
    answer,
    came,
    delivered,
    stored,
    to_each,
    written,
)
from conformance.rfc6120.streams import reached
from conformance.suite import Allowed, Case, requires
from harness.xmpp import namespaces as ns

_PAYLOADS = pytest.mark.parametrize("payload", [PING, QUERY], ids=["known", "unknown"])
_TO_SERVER = to_each(SERVER, AT_SERVER, server="domain-stanza", at_server="domain-resource-stanza")
_DISCO = "<query xmlns='http://jabber.org/protocol/disco#info'/>"


@_TO_SERVER
@pytest.mark.parametrize("payload", [PING, _DISCO, QUERY], ids=["ping", "features", "unknown"])
@requires("stanza-kind-iq", "stanza-iq-reply", type_=REQUESTS)
async def test_request_to_the_server(case: Case, to: Address, payload: str, type_: str) -> None:
    """Handled, or answered by an error."""
    stream = await case.bound()
    reaction = await after(case, stream, written("iq", to.of(case), payload, type=type_))
    case.judge(reaction, Allowed("one answer", ("iq result", "iq error *")))
    sender = reaction.elements[0].get("from")
    case.check(sender == to.of(case), "from = the address asked", "another from")


@pytest.mark.parametrize("kind", ["message", "presence"])
@_TO_SERVER
@requires("stanza-attribute-to")
async def test_stanza_to_the_server(case: Case, to: Address, kind: str) -> None:
    stream = await case.bound()
    text = written(kind, to.of(case))
    case.judge(
        await after(case, stream, text), Allowed("nothing, or an error", ("ignored", f"{kind} *"))
    )


@pytest.mark.parametrize("type_", ["normal", "chat", "groupchat", "headline"])
@requires("stanza-kind-message", "no-such-user-message")
async def test_message_to_nobody(case: Case, type_: str) -> None:
    stream = await case.bound()
    text = written("message", NO_USER.of(case), "<body>x</body>", type=type_)
    case.judge(
        await after(case, stream, text),
        Allowed(
            "nothing, or <service-unavailable/>", ("ignored", "message error service-unavailable")
        ),
    )


@pytest.mark.parametrize("type_", [None, "unavailable", "subscribe", "unsubscribe", "probe"])
@requires("stanza-kind-presence", "no-such-user-presence")
async def test_presence_to_nobody(case: Case, type_: str | None) -> None:
    """Where RFC 6121 has an answer to subscriptions and probes, that is allowed."""
    stream = await case.bound()
    asks = type_ in ("subscribe", "probe")
    also = ("presence unsubscribed",) if asks else ()
    try:
        reaction = await after(case, stream, written("presence", NO_USER.of(case), type=type_))
        reaction.elements = [e for e in reaction.elements if e.tag == ns.PRESENCE]  # no pushes
    finally:
        await after(case, stream, _removal(NO_USER.of(case)))
    case.judge(reaction, Allowed("nothing", ("ignored", *also), ("presence *",)))


def _removal(jid: str) -> str:
    item = f"<item jid='{jid}' subscription='remove'/>"
    return f"<iq type='set' id='remove'><query xmlns='{ns.ROSTER}'>{item}</query></iq>"


@requires("stanza-kind-iq", "no-such-user-iq", type_=REQUESTS, payload=UNKNOWN_PAYLOADS)
async def test_request_to_nobody(case: Case, type_: str, payload: str) -> None:
    await refused(case, written("iq", NO_USER.of(case), payload, type=type_))


@pytest.mark.parametrize("payload", [PING, _DISCO], ids=["ping", "features"])
@requires("stanza-kind-iq", "no-such-user-iq")
async def test_known_request_to_nobody(case: Case, payload: str) -> None:
    await refused(case, written("iq", NO_USER.of(case), payload))


async def refused(case: Case, text: str) -> None:
    """Check that the request is unavailable."""
    stream = await case.bound()
    case.judge(
        await after(case, stream, text),
        Allowed("<service-unavailable/>", ("iq error service-unavailable",)),
    )


@pytest.mark.parametrize("type_", ["normal", "chat", "headline"])
@requires("stanza-kind-message", "user-message-delivered")
async def test_message_to_an_account(case: Case, type_: str) -> None:
    text = written("message", case.jid(1), "<body>x</body>", type=type_)
    receiver = await case.bound(1, available=True)
    sender = await case.bound(0)
    await after(case, sender, text)
    found = await came(receiver, "message")
    case.check(found.count("x") <= 1, "the message once", "the message more than once")
    case.prefer(found == ["x"], "the message", "no message")


@pytest.mark.parametrize("type_", ["normal", "chat"])
@requires("stanza-kind-message", "user-message-offline")
async def test_message_to_an_account_that_is_offline(case: Case, type_: str) -> None:
    """Kept until the next login, or refused."""
    await stored(case, 4)
    sender = await case.bound(0)
    text = written("message", case.jid(4), "<body>x</body>", type=type_)
    reaction = await after(case, sender, text)
    kept = [element.get("id") for element in await stored(case, 4)]
    case.judge(
        "kept" if kept == ["x"] and str(reaction) == "ignored" else f"{reaction}; {len(kept)} kept",
        Allowed(
            "kept, or <service-unavailable/>",
            ("kept", "message error service-unavailable; 0 kept"),
        ),
    )
    case.check(not await stored(case, 4), "delivered once", "delivered again at another login")


@requires("stanza-kind-presence", "user-presence-delivered")
async def test_presence_to_an_account(case: Case) -> None:
    """To every resource that is available, and to those alone."""
    available = [await case.bound(1, available=True) for _ in range(2)]
    connected = await case.bound(1)
    sender = await case.bound(0)
    case.judge(await after(case, sender, written("presence", case.jid(1))), NOTHING)
    for stream in available:
        found = await came(stream, "presence")
        case.prefer(found.count("x") == 1, "the presence", "no presence, or several")
    found = await came(connected, "presence")
    case.prefer("x" not in found, "nothing at a resource without presence", "the presence")


@requires("stanza-kind-presence", "user-presence-delivered")
async def test_presence_to_an_account_that_is_offline(case: Case) -> None:
    sender = await case.bound(0)
    case.judge(
        await after(case, sender, written("presence", case.jid(4))),
        Allowed("nothing", ("ignored",), ("presence *",)),
    )


@pytest.mark.parametrize("online", [False, True], ids=["offline", "online"])
@_PAYLOADS
@requires("stanza-kind-iq", "user-iq-handled-by-server", type_=REQUESTS)
async def test_request_to_an_account(case: Case, online: bool, payload: str, type_: str) -> None:
    """The server answers for the account, and no resource gets it."""
    receiver = await case.bound(1, available=True) if online else None
    sender = await case.bound(0)
    text = written("iq", OTHER_ACCOUNT.of(case), payload, type=type_)
    found = await answer(case, sender, text, "x")
    case.check(found.get("from") == case.jid(1), "from = the account", "another from")
    if receiver is not None:
        case.check(not await came(receiver, "iq"), "nothing delivered", "the request delivered")


@pytest.mark.parametrize("type_", ["chat", "normal"])
@requires("stanza-kind-message", "full-jid-no-match")
async def test_message_to_no_resource(case: Case, type_: str) -> None:
    """Treated as one to the account; of type "normal" it may be refused or ignored (RFC 6121
    section 8.5.3.2.1)."""
    receiver = await case.bound(1, available=True)
    sender = await case.bound(0)
    text = written("message", NO_RESOURCE.of(case), "<body>x</body>", type=type_)
    reaction = await after(case, sender, text)
    outcome = "delivered" if await came(receiver, "message") == ["x"] else str(reaction)
    other = ("ignored", "message error service-unavailable")
    strict, lenient = (("delivered",), other) if type_ == "chat" else (("delivered", *other), ())
    case.judge(outcome, Allowed("delivered to an available resource", strict, lenient))


@EVERY_KIND
@requires("stanza-attribute-to", "full-jid-match", cuts=CUTS)
async def test_stanza_to_a_resource(case: Case, kind: str, cuts: list[float]) -> None:
    """It and no other resource gets it."""
    other = await case.bound(1, available=True)
    receiver, sender = await case.pair()
    await delivered(case, sender, receiver, written(kind, receiver.jid), kind, cuts)
    case.check("x" not in await came(other, kind), "nothing at another resource", "it came there")


@pytest.mark.parametrize("kind", ["message", "presence"])
@requires("stanza-attribute-to", "full-jid-match")
async def test_stanza_to_a_resource_without_presence(case: Case, kind: str) -> None:
    """A request is kept from strangers (RFC 6121 section 8.5.3.1)."""
    receiver, sender = await case.bound(1), await case.bound(0)
    case.judge(await after(case, sender, written(kind, receiver.jid)), NOTHING)
    found = [e for e in (await reached(receiver)).elements if e.get("id") == "x"]
    case.check([name_of(e).split()[0] for e in found] == [kind], f"the {kind}", f"no {kind}")
