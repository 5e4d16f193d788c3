"""Sections 8.1.1 and 8.1.2: `to` and `from`."""

from __future__ import annotations

from typing import NamedTuple
from xml.etree.ElementTree import Element

import pytest
from hypothesis import strategies as st

from conformance.generate.stanzas import IDS
from conformance.generate.text import CUTS
from conformance.rfc6120.common import (
    AT_SERVER,
    EVERY_KIND,
    FOR_SENDER,
    NO_TO,
    NO_USER,
    OTHER_ACCOUNT,
    OWN_ACCOUNT,
    PING,
    QUERY,
    ROSTER_GET,
    SERVER,
    Address,
    after,
    answer,
    delivered,
    forget,
    to_each,
    written,
)
from conformance.rfc6120.outcomes import ANY_STREAM_ERROR
from conformance.rfc6120.streams import reached
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import RawStream
from harness.xmpp import namespaces as ns

_PAYLOADS = {"ping": PING, "roster": ROSTER_GET, "unknown": QUERY}
_EVERY_PAYLOAD = pytest.mark.parametrize("payload", _PAYLOADS)
_CLAIMS = {
    "another-resource": "{own}/elsewhere",
    "another-account": "{third}/r",
    "another-bare-jid": "{third}",
    "another-domain": "somebody@elsewhere.example/r",
    "server": "{domain}",
    "no-jid": "@@",
    "empty": "",
}


@EVERY_KIND
@requires("stanza-attribute-to", "stanza-to-unmodified", identifier=IDS, cuts=CUTS)
async def test_to_full_jid(case: Case, kind: str, identifier: str, cuts: list[float]) -> None:
    receiver, sender = await case.pair()
    text = written(kind, receiver.jid, id=identifier)
    found = await delivered(case, sender, receiver, text, kind, cuts)
    case.check(found.get("to") == receiver.jid, "to unchanged", "another to")


@pytest.mark.parametrize("kind", ["message", "presence"])
@requires("stanza-attribute-to", "stanza-to-unmodified")
async def test_to_bare_jid(case: Case, kind: str) -> None:
    """A request to a bare JID is not delivered (section 10.5.3.2)."""
    receiver = await case.bound(1, available=True)
    sender = await case.bound(0)
    found = await delivered(case, sender, receiver, written(kind, case.jid(1)), kind)
    case.check(found.get("to") == case.jid(1), "to unchanged", "another to")


@to_each(*FOR_SENDER, AT_SERVER, OTHER_ACCOUNT, NO_USER)
@_EVERY_PAYLOAD
@requires("stanza-to-generated")
async def test_to_of_what_the_server_makes(case: Case, to: Address, payload: str) -> None:
    stream = await case.bound()
    text = written("iq", to.of(case), _PAYLOADS[payload])
    found = await answer(case, stream, text, "x")
    case.check(found.get("to") in (None, stream.jid), "to = the full JID, or none", "another to")


_RECIPIENTS = ["first", "second", "account", "other"]


@requires(
    "stanza-to-addressee-only",
    "stanza-attribute-to",
    "full-jid-match",
    names=st.permutations(_RECIPIENTS),
)
async def test_nobody_else_gets_it(case: Case, names: list[str]) -> None:
    """Messages to two resources of an account, to the account, and to another account."""
    first, second = [await case.bound(1, available=True) for _ in range(2)]
    other = await case.bound(2, available=True)
    sender = await case.bound(0)
    jids = {"first": first.jid, "second": second.jid, "account": case.jid(1), "other": other.jid}
    text = "".join(written("message", jids[name], id=name) for name in names)
    case.judge(await after(case, sender, text), Allowed("nothing", ("ignored",)))
    for stream, own in ((first, "first"), (second, "second"), (other, "other")):
        found = [e for e in (await reached(stream)).elements if e.tag == ns.MESSAGE]
        ids = [e.get("id") for e in found]
        case.check(ids.count(own) == 1, "what is for the full JID, once", "another number of it")
        case.check(
            set(ids) <= {own} | ({"account"} if stream is not other else set()),
            "what is for this resource or its account",
            "what is for somebody else",
        )


@EVERY_KIND
@requires(
    "stanza-attribute-from",
    "stanza-attribute-from-stamp",
    "stanza-from-added",
    "stanza-from-never-missing",
    cuts=CUTS,
)
async def test_from_is_added(case: Case, kind: str, cuts: list[float]) -> None:
    receiver, sender = await case.pair()
    found = await delivered(case, sender, receiver, written(kind, receiver.jid), kind, cuts)
    observed = "another from" if found.get("from") else "no from"
    case.check(found.get("from") == sender.jid, "from = the sender's full JID", observed)


@pytest.mark.parametrize("kind", ["result", "error"])
@requires("stanza-from-never-missing", "stanza-attribute-from-stamp")
async def test_from_of_an_answer(case: Case, kind: str) -> None:
    """Of another client, to a request that was delivered to it."""
    asked, asking = await case.pair()
    await delivered(case, asking, asked, written("iq", asked.jid), "iq")
    error = f"<error type='cancel'><forbidden xmlns='{ns.STANZAS}'/></error>"
    text = f"<iq type='{kind}' id='x' to='{asking.jid}'>{error if kind == 'error' else ''}</iq>"
    found = await delivered(case, asked, asking, text, "iq")
    case.check(found.get("from") == asked.jid, "from = the full JID", "another from")


@EVERY_KIND
@pytest.mark.parametrize("claim", _CLAIMS)
@requires("stanza-attribute-from-stamp", "stanza-from-overridden")
async def test_false_from(case: Case, kind: str, claim: str) -> None:
    """The receiver sees the truth or nothing, or the stream ends."""
    receiver, sender = await case.pair()
    false = _CLAIMS[claim].format(own=case.jid(0), third=case.jid(2), domain=case.domain)
    reaction = await after(case, sender, written(kind, receiver.jid, **{"from": false}))
    found = [e for e in (await reached(receiver)).elements if e.get("id") == "x"]
    case.check(
        {e.get("from") for e in found} <= {sender.jid}, "the true from", "the false from delivered"
    )
    outcome = "delivered" if found and str(reaction) == "ignored" else str(reaction)
    case.saw_close(reaction.close)
    case.judge(
        outcome,
        Allowed(
            "the true from, or <invalid-from/>",
            ("delivered", "stream error invalid-from"),
            (*ANY_STREAM_ERROR, f"{kind} error *", "ignored"),
        ),
    )


@EVERY_KIND
@pytest.mark.parametrize("form", ["full", "bare"])
@requires("stanza-from-own-accepted", "stanza-attribute-from-stamp", cuts=CUTS)
async def test_own_from(case: Case, kind: str, form: str, cuts: list[float]) -> None:
    receiver, sender = await case.pair()
    own = {"full": sender.jid, "bare": case.jid(0)}[form]
    text = written(kind, receiver.jid, **{"from": own})
    case.judge(await after(case, sender, text, cuts), Allowed("no fault", ("ignored",)))
    found = [e.get("from") for e in (await reached(receiver)).elements if e.get("id") == "x"]
    case.check(found == [sender.jid], "delivered from the full JID", "another from, or lost")


class Step(NamedTuple):
    """A stanza about a subscription: who sends it, and its type."""

    sender: int
    type: str


_STEPS = [Step(0, "subscribe"), Step(1, "unsubscribed"), Step(0, "subscribe")]
_STEPS += [Step(1, "subscribed"), Step(0, "unsubscribe")]


@requires("stanza-from-subscription-bare", "stanza-attribute-from-stamp")
async def test_from_of_subscriptions(case: Case) -> None:
    """A refusal, a consent, and the end of it, to somebody who has asked for the roster."""
    streams = [await case.bound(account, available=True) for account in (0, 1)]
    for stream in streams:
        await after(case, stream, f"<iq type='get' id='roster'>{ROSTER_GET}</iq>")
    try:
        for step in _STEPS:
            await _send(case, streams, step)
    finally:
        await forget(case, 0, 1)


async def _send(case: Case, streams: list[RawStream], step: Step) -> None:
    to = case.jid(1 - step.sender)
    await after(case, streams[step.sender], f"<presence to='{to}' type='{step.type}'/>")
    elements = (await reached(streams[1 - step.sender])).elements
    found = [e for e in elements if e.tag == ns.PRESENCE and e.get("type") == step.type]
    case.check(len(found) == 1, f"{step.type} delivered once", "lost, or more than once")
    case.check(found[0].get("from") == case.jid(step.sender), "from = the bare JID", "another from")


@to_each(SERVER)
@_EVERY_PAYLOAD
@requires("stanza-attribute-from", "stanza-from-server")
async def test_from_of_the_server(case: Case, to: Address, payload: str) -> None:
    found = await _answered(case, to, payload)
    case.check(found.get("from") == case.domain, "from = the domain", _wrong(found))


@to_each(NO_TO, OWN_ACCOUNT)
@_EVERY_PAYLOAD
@requires("stanza-attribute-from", "stanza-from-account")
async def test_from_of_the_account(case: Case, to: Address, payload: str) -> None:
    found = await _answered(case, to, payload)
    case.check(found.get("from") in (None, case.jid()), "no from, or the bare JID", _wrong(found))


async def _answered(case: Case, to: Address, payload: str) -> Element:
    stream = await case.bound()
    return await answer(case, stream, written("iq", to.of(case), _PAYLOADS[payload]), "x")


def _wrong(found: Element) -> str:
    sender = found.get("from")
    if sender is None:
        return "no from"
    return "a full JID" if "@" in sender and "/" in sender else "another from"
