"""Section 5.2.2: the types of messages, as far as section 8 has not more to say of them."""

from __future__ import annotations

import pytest

from conformance.generate.text import NAMES
from conformance.rfc6120.common import after, came, delivered
from conformance.rfc6120.streams import reached
from conformance.rfc6121.presences import available
from conformance.suite import Allowed, Case, requires
from conformance.suite.effort import fewer
from harness.xmpp import namespaces as ns

TYPES = ("normal", "chat", "groupchat", "headline", "error", "")
_ERROR = f"<error type='cancel'><gone xmlns='{ns.STANZAS}'/></error>"
_BODY = "<body>x</body>"


def message(to: str, type_: str, inner: str = _BODY, identifier: str = "m") -> str:
    """A message of this type, "" for none."""
    attribute = f" type='{type_}'" if type_ else ""
    return f"<message to='{to}'{attribute} id='{identifier}'>{inner}</message>"


@pytest.mark.parametrize("form", ["full", "bare"])
@pytest.mark.parametrize("type_", [pytest.param(name, id=name or "none") for name in TYPES])
@requires("message-type-support", "message-type-kept")
async def test_type_is_kept(case: Case, type_: str, form: str) -> None:
    """Normal is the default: whether it is written or not means the same."""
    if form == "bare" and type_ in ("groupchat", "error"):
        case.not_applicable("this is not delivered to a bare JID")
    receiver, sender = await case.pair()
    to = receiver.jid if form == "full" else case.jid(1)
    text = message(to, type_, _ERROR if type_ == "error" else _BODY)
    found = await delivered(case, sender, receiver, text, "message")
    kept = found.get("type", "normal") == (type_ or "normal")
    case.check(kept, "the type that was sent", "another type")


@fewer(2)
@requires("message-type-support", "message-type-unknown", name=NAMES)
async def test_unknown_type(case: Case, name: str) -> None:
    """Delivered to the account like a normal one."""
    type_ = f"x-{name}"
    [receiver], sender = await available(case, 1, ""), await case.bound(0)
    reaction = await after(case, sender, message(case.jid(1), type_))
    case.judge(reaction, Allowed("nothing", ("ignored",)))
    found = [e for e in (await reached(receiver)).elements if e.get("id") == "m"]
    case.check(len(found) == 1, "the message, once", "none, or more")
    case.check(found[0].get("type") in (type_, None, "normal"), "its type, or normal", "another")


@requires("message-type-unknown")
async def test_no_type(case: Case) -> None:
    """To an account with one resource that is available and one below 0."""
    high, low = await available(case, 1, "", "<priority>-1</priority>")
    sender = await case.bound(0)
    await after(case, sender, message(case.jid(1), ""))
    case.check(await came(high, "message") == ["m"], "the message, once", "none, or more")
    case.check(not await came(low, "message"), "nothing below 0", "the message")


_HIGH = ("", "<priority>5</priority>", "<priority>127</priority>")


@requires("message-headline-bare", "message-headline-all", "message-type-support")
async def test_headline_to_the_account(case: Case) -> None:
    """All that are not below 0."""
    resources = await available(case, 1, *_HIGH, "<priority>-1</priority>", "<show>dnd</show>")
    connected, sender = await case.bound(1), await case.bound(0)
    await after(case, sender, message(case.jid(1), "headline"))
    *high, low, busy = [await came(stream, "message") for stream in resources]
    told = [*high, busy]
    case.check(all(ids in ([], ["m"]) for ids in told), "once at most", "more than once")
    case.check(any(told), "one resource at least", "none")
    case.prefer(all(told), "every one that is not below 0", "not every one")
    case.check(not low, "nothing below 0", "the message")
    case.check(not await came(connected, "message"), "nothing where unavailable", "the message")


@pytest.mark.parametrize("there", [True, False], ids=["there", "missing"])
@requires("message-headline-full", "message-type-support")
async def test_headline_to_a_resource(case: Case, there: bool) -> None:
    """That one alone, also below 0; where it is missing, none."""
    low, other = await available(case, 1, "<priority>-1</priority>", "")
    sender = await case.bound(0)
    to = low.jid if there else f"{case.jid(1)}/nothing-q7"
    reaction = await after(case, sender, message(to, "headline"))
    refused = () if there else ("message error *",)
    case.judge(reaction, Allowed("nothing, or an error", ("ignored", *refused)))
    case.check(not await came(other, "message"), "nothing at the other", "the message")
    found = await came(low, "message")
    case.check(found == ["m"] * there, "the message at that resource", "none, or one too many")
