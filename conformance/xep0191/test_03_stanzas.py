"""Sections 3.3 to 6: what becomes of stanzas between the user and who is blocked."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from conformance.player import name_of
from conformance.rfc6120.common import (
    NOTHING,
    PING,
    after,
    came,
    errors_in,
    forget,
    stored,
    written,
)
from conformance.rfc6120.streams import reached
from conformance.suite import Allowed, Case, requires
from conformance.xep0030.common import ask
from conformance.xep0191.common import UNBLOCK_ALL, blocking, command, user
from harness.xmpp import namespaces as ns

_BLOCKED = "{urn:xmpp:blocking:errors}blocked"
_BODY = "<body>x</body>"
_TO = pytest.mark.parametrize("bare", [False, True], ids=["resource", "account"])
_MESSAGES = pytest.mark.parametrize("type_", ["normal", "chat", "headline"])


async def _sent(case: Case, text: str, *, bare: bool) -> tuple[str, bool]:
    """What a blocked contact hears of its stanzas, and whether one with the id "x" is delivered;
    `text` has {} for the user's address.

    A request to the same address is the fence: its answer takes the same way, and comes behind.
    """
    async with blocking(case, case.jid(1)) as stream:
        contact = await case.bound(1)
        to = case.jid() if bare else stream.jid
        await contact.send(text.replace("{}", to) + written("iq", to, PING, id="same-way"))
        reaction = await contact.react("^iq (result|error.*) same-way$")
        reaction.elements = [e for e in reaction.elements if not _is_push(e)]
        return str(reaction), "x" in await came(stream)


def _is_push(element: Element) -> bool:
    """Whether it tells of a change of one's own roster or blocklist."""
    return element.tag == ns.IQ and element.get("type") == "set"


_KINDS = pytest.mark.parametrize(
    ("kind", "inner", "types"),
    [
        ("message", _BODY, ("normal", "chat", "headline")),
        ("iq", PING, ("get", "set", "result")),
        ("presence", "", (None, "unavailable", "subscribe", "unsubscribe", "probe")),
    ],
    ids=["message", "iq", "presence"],
)


@_TO
@_KINDS
@requires("block-nothing-delivered")
async def test_nothing_of_the_contact(
    case: Case, kind: str, inner: str, types: tuple[str | None, ...], bare: bool
) -> None:
    text = "".join(written(kind, "{}", inner, type=type_) for type_ in types)
    try:
        _, found = await _sent(case, text, bare=bare)
    finally:
        await forget(case, 1, 0)
    case.check(not found, "nothing delivered to the user", "a stanza delivered")


@_TO
@_MESSAGES
@requires("block-inbound-message-error")
async def test_message_of_the_contact(case: Case, type_: str, bare: bool) -> None:
    outcome, _ = await _sent(case, written("message", "{}", _BODY, type=type_), bare=bare)
    words = "<service-unavailable/>"
    case.judge(
        outcome,
        Allowed(words, ("message error service-unavailable",), ("message error *", "ignored")),
    )


@_TO
@pytest.mark.parametrize("type_", ["get", "set"])
@requires("block-inbound-request-error")
async def test_request_of_the_contact(case: Case, type_: str, bare: bool) -> None:
    outcome, _ = await _sent(case, written("iq", "{}", PING, type=type_), bare=bare)
    case.judge(
        outcome,
        Allowed("<service-unavailable/>", ("iq error service-unavailable",), ("iq error *",)),
    )


@_TO
@pytest.mark.parametrize("type_", ["result", "error"])
@requires("block-inbound-answer-dropped")
async def test_answer_of_the_contact(case: Case, type_: str, bare: bool) -> None:
    error = f"<error type='cancel'><forbidden xmlns='{ns.STANZAS}'/></error>"
    inner = PING + (error if type_ == "error" else "")
    outcome, found = await _sent(case, written("iq", "{}", inner, type=type_), bare=bare)
    case.check(not found, "nothing delivered to the user", "the answer delivered")
    case.judge(outcome, NOTHING)


@_TO
@pytest.mark.parametrize("type_", [None, "unavailable", "subscribe", "unsubscribe", "probe"])
@requires("block-inbound-presence-silent")
async def test_presence_of_the_contact(case: Case, type_: str | None, bare: bool) -> None:
    try:
        outcome, _ = await _sent(case, written("presence", "{}", type=type_), bare=bare)
    finally:
        await forget(case, 1, 0)
    case.judge(outcome, NOTHING)


@requires("block-nothing-delivered", "block-persists")
async def test_message_while_the_user_is_offline(case: Case) -> None:
    async with blocking(case, case.jid(1)) as stream:
        await stream.close()
        await after(case, await case.bound(1), written("message", case.jid(), _BODY, type="chat"))
        kept = await stored(case, 0)
        case.check(not kept, "nothing kept for the user", "the message kept")


_OUTBOUND = pytest.mark.parametrize(
    ("kind", "inner", "type_"),
    [
        ("message", _BODY, "chat"),
        ("message", _BODY, "headline"),
        ("iq", PING, "get"),
        ("presence", "", None),
    ],
    ids=["chat", "headline", "request", "presence"],
)
_WHAT = pytest.mark.parametrize(
    "what",
    [
        pytest.param("delivered", marks=pytest.mark.requires("block-outbound-refused")),
        pytest.param("error", marks=pytest.mark.requires("block-outbound-error")),
    ],
)


@_TO
@_OUTBOUND
@_WHAT
@requires()
async def test_stanza_of_the_user(
    case: Case, kind: str, inner: str, type_: str | None, bare: bool, what: str
) -> None:
    await _refused(case, kind, inner, type_, what, bare=bare)


@_WHAT
@requires()
async def test_subscription_of_the_user(case: Case, what: str) -> None:
    try:
        await _refused(case, "presence", "", "subscribe", what, bare=True)
    finally:
        await forget(case, 0, 1)


async def _refused(
    case: Case, kind: str, inner: str, type_: str | None, what: str, *, bare: bool
) -> None:
    async with blocking(case, case.jid(1)) as stream:
        contact = await case.bound(1, available=True)
        to = case.jid(1) if bare else contact.jid
        reaction = await after(case, stream, written(kind, to, inner, type=type_))
        if what == "delivered":
            found = "x" in await came(contact)
            case.check(not found, "nothing delivered to the contact", "the stanza delivered")
            return
        reaction.elements = [e for e in reaction.elements if not _is_push(e)]
        case.judge(reaction, Allowed("<not-acceptable/>", (f"{kind} error not-acceptable",)))
        (error,) = errors_in(reaction.elements[0])
        case.check(error.find(_BLOCKED) is not None, "<blocked/> in the error", "no <blocked/>")


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(command("unblock", ["{}"]), id="one"),
        pytest.param(UNBLOCK_ALL, id="all", marks=pytest.mark.requires("unblock-all")),
    ],
)
@requires("unblock-delivers")
async def test_after_unblocking(case: Case, payload: str) -> None:
    async with blocking(case, case.jid(1)) as stream:
        await ask(case, stream, payload.format(case.jid(1)), type_="set")
        contact = await case.bound(1)
        text = written("message", stream.jid, _BODY, type="headline")
        case.judge(await after(case, contact, text), NOTHING)
        found = "x" in await came(stream)
        case.check(found, "the message delivered", "nothing delivered")


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ("account", "message"),
        ("account", "presence"),
        ("account", "iq"),
        ("resource", "message"),
        ("domain", "message"),
    ],
)
@requires("block-never-own-resources")
async def test_ones_own_resources(case: Case, entry: str, kind: str) -> None:
    """Whether or not the server lets a user block such a JID."""
    async with user(case) as stream:
        other = await case.bound(available=True)
        jids = {"account": case.jid(), "resource": other.jid, "domain": case.domain}
        await ask(case, stream, command("block", [jids[entry]]), type_="set")
        text = written(kind, other.jid)
        await stream.send(text)
        found = "x" in [e.get("id") for e in (await reached(other)).elements]
        if not found:  # on its way through two sessions of the server
            await reached(stream)
            found = "x" in await came(other)
        case.check(found, f"the {kind} delivered", "nothing delivered")


@pytest.mark.parametrize(
    ("entry", "same", "others"),
    [("resource", True, False), ("account", True, True), ("domain", True, True)],
    ids=["resource", "account", "domain"],
)
@requires("block-jid-matching")
async def test_matching(case: Case, entry: str, same: bool, others: bool) -> None:
    """Whether a message of the resource that is named, and of another one, is kept away."""
    async with user(case) as stream:
        named, another = await case.bound(1), await case.bound(1)
        jids = {"resource": named.jid, "account": case.jid(1), "domain": case.domain}
        answer = await ask(case, stream, command("block", [jids[entry]]), type_="set")
        if answer.get("type") == "error":
            case.prefer(False, "a block of any JID", f"{entry}: {name_of(answer)}")
            return
        for sender, blocked in ((named, same), (another, others)):
            text = written("message", stream.jid, _BODY, type="headline")
            await after(case, sender, text)
            found = "x" in await came(stream)
            words = "kept away" if blocked else "delivered"
            case.prefer(found != blocked, f"{entry}: {words}", f"{entry}: not {words}")
