"""Sections 3 to 6: clients that are active, and some that are not."""

from __future__ import annotations

from xml.etree.ElementTree import tostring

import pytest
from hypothesis import strategies as st

from conformance.contacts import friends
from conformance.rfc6120.common import NOTHING, PING, after, answer, written
from conformance.rfc6120.streams import reached
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import RawStream, Reaction
from harness.xmpp import namespaces as ns

_URI = "urn:xmpp:csi:0"
_STATES = st.lists(st.sampled_from(["active", "inactive"]), min_size=1, max_size=6)
_STATUS = "<presence><status>{}</status></presence>"
_BODY = "<body>x</body>"


def _state(name: str) -> str:
    return f"<{name} xmlns='{_URI}'/>"


def _offers(stream: RawStream) -> bool:
    return stream.features is not None and stream.features.find(f"{{{_URI}}}csi") is not None


async def _need(case: Case) -> None:
    if not _offers(await case.bound()):
        raise case.absent("client states are not among the stream features")


def _statuses(case: Case, reaction: Reaction, account: int) -> list[str]:
    """What has come of the presence of an account: its status, or its type."""
    found = [e for e in reaction.elements if e.tag == ns.PRESENCE]
    own = [e for e in found if e.get("from", "").startswith(case.jid(account))]
    return [e.findtext(f"{{{ns.CLIENT}}}status") or e.get("type") or "available" for e in own]


@requires("csi-offered")
async def test_offered(case: Case) -> None:
    stream = await case.bound()
    reaction = await after(case, stream, _state("active"))
    if not _offers(stream):
        case.check(str(reaction) != "ignored", "the element refused", "it is taken, not offered")
        raise case.absent("client states are not among the stream features")
    case.judge(reaction, NOTHING)


@requires("csi-offered-after-login")
async def test_not_before_login(case: Case) -> None:
    await _need(case)
    early = _offers(await case.secured())
    case.check(not early, "no client states before login", "client states before login")


@requires("csi-no-reply", states=_STATES)
async def test_no_reply(case: Case, states: list[str]) -> None:
    await _need(case)
    stream = await case.bound(available=True)
    case.judge(await after(case, stream, "".join(map(_state, states))), NOTHING)


@pytest.mark.parametrize("new", [False, True], ids=["first", "second"])
@requires("csi-starts-active")
async def test_new_stream(case: Case, new: bool) -> None:
    """Also when the stream before it ended inactive."""
    await _need(case)
    async with friends(case) as (stream, contact):
        if new:
            await after(case, stream, _state("inactive"))
            await stream.close()
            stream = await case.bound(available=True)
        await after(case, contact, _STATUS.format("new"))
        found = _statuses(case, await after(case, stream, ""), 1)
        case.check("new" in found, "the contact's presence", "no presence")


@requires("csi-nothing-lost", "csi-in-order", count=st.integers(1, 5))
async def test_messages(case: Case, count: int) -> None:
    """Chat messages to the account and to the resource."""
    await _need(case)
    stream = await case.bound(available=True)
    await after(case, stream, _state("inactive"))
    contact = await case.bound(1)
    sent = [f"x{number}" for number in range(count)]
    for number, name in enumerate(sent):
        to = stream.jid if number % 2 else case.jid()
        await contact.send(written("message", to, _BODY, id=name, type="chat"))
    await after(case, contact, "")
    reaction = await after(case, stream, _state("active"))
    found = [e.get("id") for e in reaction.elements if e.tag == ns.MESSAGE]
    case.check(found == sent, "the messages, in order", _difference(found, sent))


def _difference(found: list[str | None], sent: list[str]) -> str:
    if sorted(map(str, found)) == sorted(sent):
        return "another order"
    return "fewer messages" if len(found) < len(sent) else "more messages"


@requires("csi-nothing-lost")
async def test_requests(case: Case) -> None:
    await _need(case)
    stream = await case.bound(available=True)
    await after(case, stream, _state("inactive"))
    found = await answer(case, stream, written("iq", case.domain, PING), "x")
    case.check(found.get("id") == "x", "the answer", "no answer")


@requires("csi-latest-presence", "csi-in-order", states=st.lists(st.integers(0, 9), max_size=4))
async def test_presence_meanwhile(case: Case, states: list[int]) -> None:
    await _need(case)
    async with friends(case) as (stream, contact):
        before = await after(case, stream, _state("inactive"))
        for state in [*states, 10]:
            await contact.send(_STATUS.format(f"s{state}"))
        await after(case, contact, "")
        reaction = await after(case, stream, _state("active"))
        found = _statuses(case, before, 1) + _statuses(case, reaction, 1)
        case.prefer(found[-1:] == ["s10"], "the contact's last presence", "another, or none")


@requires("csi-apart-from-presence", "csi-not-revealed", states=_STATES)
async def test_contacts_do_not_notice(case: Case, states: list[str]) -> None:
    await _need(case)
    async with friends(case) as (stream, contact):
        await after(case, stream, "".join(map(_state, states)))
        case.judge(await after(case, contact, ""), Allowed("nothing", ("ignored",)))
        await after(case, stream, _STATUS.format("later"))
        found = [e for e in (await reached(contact)).elements if e.tag == ns.PRESENCE]
        said = [e for e in found if _URI in tostring(e, encoding="unicode")]
        case.check(len(found) == 1, "the presence", "no presence, or several")
        case.check(not said, "no word of the state", "the state in the presence")


@requires("csi-apart-from-presence")
async def test_available_while_inactive(case: Case) -> None:
    """A contact's probe finds the client, and a message to the bare JID comes to it."""
    await _need(case)
    async with friends(case) as (stream, contact):
        await after(case, stream, _state("inactive"))
        await after(case, contact, f"<presence to='{case.jid()}' type='probe'/>")
        found = _statuses(case, await reached(contact), 0)
        case.check("unavailable" not in found, "no unavailable presence", "unavailable presence")
        await after(case, contact, written("message", case.jid(), _BODY, type="chat"))
        reaction = await after(case, stream, _state("active"))
        found = [e.get("id", "") for e in reaction.elements if e.tag == ns.MESSAGE]
        case.check(found == ["x"], "the message", "no message, or several")


@requires("csi-apart-from-presence")
async def test_presence_does_not_change_the_state(case: Case) -> None:
    """A client that is inactive and sends presence, or gets unavailable and available, is heard."""
    await _need(case)
    async with friends(case) as (stream, contact):
        await after(case, stream, _state("inactive"))
        await after(case, stream, _STATUS.format("away") + "<presence type='unavailable'/>")
        await after(case, stream, _STATUS.format("back"))
        found = _statuses(case, await reached(contact), 0)
        case.check(found == ["away", "unavailable", "back"], "each presence", ", ".join(found))
