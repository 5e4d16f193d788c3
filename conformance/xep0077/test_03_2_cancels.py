"""Section 3.2: an account is removed."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from conformance.accounts import (
    answered,
    can_log_in,
    create,
    early,
    fresh,
    login,
    registration,
    remove,
)
from conformance.player import name_of
from conformance.rfc6120.common import PING, after, is_answer, written
from conformance.rfc6120.streams import reached
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import RawStream, Reaction, shown
from conformance.xep0030.common import ask
from harness.xmpp import namespaces as ns

_REMOVE = registration("<remove/>")
_BAD_REQUEST = Allowed("<bad-request/>", ("iq error bad-request",), ("iq error *", "iq result"))


async def _removed(case: Case, stream: RawStream) -> tuple[str, Reaction]:
    """The answer to a removal, and what else comes until the stream ends or is found to live."""
    await stream.send(_REMOVE)
    await stream.send(written("iq", case.domain, PING, id="the-fence"))
    reaction = await stream.react("^iq .*the-fence$")
    answers = [name_of(e) for e in reaction.elements if is_answer(e) and e.get("id") == "reg"]
    if answers == ["iq error not-allowed"]:
        raise case.absent("nobody may remove an account")
    return ", ".join(answers) or "no answer", reaction


@requires("registration-remove")
async def test_remove(case: Case) -> None:
    account = await create(case)
    try:
        outcome, _ = await _removed(case, await login(case, account))
        case.judge(outcome, Allowed("a result", ("iq result",)))
        case.check(not await can_log_in(case, account), "no login any more", "a login")
    finally:
        await remove(case, account)


@requires("registration-remove-ends-sessions")
async def test_sessions_end(case: Case) -> None:
    async with fresh(case) as account:
        other = await login(case, account)
        _, reaction = await _removed(case, await login(case, account))
        await other.send(written("iq", case.domain, PING, id="the-fence"))
        for found in (reaction, await other.react("^iq .*the-fence$")):
            said = [name_of(e) for e in found.elements if e is found.error]
            ending = said[0] if said else found.ending
            strict = ending == "stream error not-authorized"
            case.prefer(strict, "the stream error not-authorized", ending)
            case.saw_close(found.close)


@requires("registration-remove-ends-subscriptions")
async def test_subscriptions_end(case: Case) -> None:
    """The friend of a removed account has no subscription to it, and is told."""
    async with fresh(case) as account:
        jid = f"{account.user}@{case.domain}"
        stream, friend = await login(case, account), await case.bound(available=True)
        try:
            await _befriend(case, stream, friend, jid)
            await _removed(case, stream)
            kinds = {e.get("type") for e in (await reached(friend)).elements if _from(e, jid)}
            told = kinds & {"unsubscribe", "unsubscribed"}
            case.prefer(told, "word that the subscription is over", "no word of it")
            case.prefer(await _subscription(case, friend, jid) == "none", "no subscription", "one")
        finally:
            await _forget(case, friend, jid)


def _from(element: Element, jid: str) -> bool:
    return element.tag == ns.PRESENCE and element.get("from", "").startswith(jid)


async def _befriend(case: Case, stream: RawStream, friend: RawStream, jid: str) -> None:
    """The friend subscribes to this JID, and gets it approved."""
    await stream.send("<presence/>")
    await reached(stream)
    await friend.send(f"<presence to='{jid}' type='subscribe'/>")
    await stream.react("^presence subscribe ")
    await after(case, stream, f"<presence to='{case.jid()}' type='subscribed'/>")
    await reached(friend)
    if await _subscription(case, friend, jid) != "to":
        raise case.unknown("there is no subscription")


async def _subscription(case: Case, stream: RawStream, jid: str) -> str:
    """What one's roster says of a contact; "none" also where it is not there."""
    answer = await ask(case, stream, f"<query xmlns='{ns.ROSTER}'/>")
    for item in answer.iter(f"{{{ns.ROSTER}}}item"):
        if item.get("jid") == jid:
            return item.get("subscription", "none")
    return "none"


async def _forget(case: Case, stream: RawStream, jid: str) -> None:
    item = f"<item jid='{jid}' subscription='remove'/>"
    await ask(case, stream, f"<query xmlns='{ns.ROSTER}'>{item}</query>", type_="set")


@requires("registration-remove-alone")
async def test_remove_in_company(case: Case) -> None:
    async with fresh(case) as account:
        stream = await login(case, account)
        company = f"<username>{account.user}</username>"
        answer = await answered(stream, registration(f"<remove/>{company}"))
        case.judge(name_of(answer), _BAD_REQUEST)
        if answer.get("type") == "error":
            case.check(await can_log_in(case, account), "the account still there", "no account")


@requires("registration-remove-unauthenticated")
async def test_remove_before_login(case: Case) -> None:
    """The stream may be ended as well."""
    stream = await early(case)
    await stream.send(_REMOVE)
    case.judge(
        shown(await stream.next()),
        Allowed(
            "<unexpected-request/>",
            ("iq error unexpected-request",),
            ("iq error *", "stream error not-authorized"),
        ),
    )


@requires("registration-remove-by-address")
async def test_remove_another(case: Case) -> None:
    """Addressed to the account of somebody else."""
    async with fresh(case) as account, fresh(case) as other:
        stream = await login(case, account)
        jid = f"{other.user}@{case.domain}"
        answer = await answered(stream, registration("<remove/>", to=jid))
        case.check(await can_log_in(case, other), "the other account still there", "no account")
        gone = not await can_log_in(case, account)
        refused = answer.get("type") == "error"
        case.check(not (refused and gone), "one's own account after a refusal", "no account")
