"""Section 4.3: probes that a client sends to accounts of its own server."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

import pytest

from conformance.generate.presences import CAPABILITIES
from conformance.rfc6120.common import after
from conformance.rfc6121.presences import (
    STATES,
    available,
    of,
    presence,
    probed,
    relations,
    settle,
    subscribe,
    whole,
    words,
)
from conformance.rfc6121.rosters import approves_in_advance, roster_get
from conformance.suite import Case, requires
from conformance.wire.stream import RawStream

_SAID = (
    f"<show>away</show><status>Out</status><priority>7</priority>{CAPABILITIES}",
    "<show>dnd</show>",
)
_DELAY = "{urn:xmpp:delay}delay"
_ENTITLED = pytest.mark.parametrize("state", ["to", "both"])


def _kinds(came: Sequence[Element]) -> str:
    """What answers a probe, in few words; "nothing" for silence."""
    return ", ".join(element.get("type", "available") for element in came) or "nothing"


@_ENTITLED
@requires("presence-probe", "presence-probe-available", "presence-probe-by-client-processed")
async def test_available_contact(case: Case, state: str) -> None:
    """Each available resource with what it last said to everybody, but for directed presence."""
    async with relations(case, *STATES[state]) as streams:
        contacts = await available(case, 1, *_SAID)
        await after(case, contacts[0], presence("<status>Hidden</status>", to=case.jid(2)))
        came = await probed(streams[0], case.jid(1), *contacts)
        case.prefer(came, "an answer", "nothing")
        for stream, inner in zip(contacts, _SAID, strict=True):
            told = words(came, stream.jid)
            case.check(not came or told == ["available"], "each resource, once", "another number")
            ours = of(came, stream.jid)
            case.check(all(whole(e, inner) for e in ours), "its last presence", "another one")


@requires("presence-probe-unavailable", "presence-probe-by-client")
@_ENTITLED
async def test_unavailable_contact(case: Case, state: str) -> None:
    """Who has a connected resource that is not available, or none."""
    async with relations(case, *STATES[state]) as streams:
        for connected in (True, False):
            if not connected:
                await streams[1].send("</stream:stream>")
                await streams[1].react()
            came = await probed(streams[0], case.jid(1))
            case.check(_kinds(came) in ("unavailable", "nothing"), "unavailable", _kinds(came))
            case.prefer(came, "unavailable presence", "nothing")
            bare = all(element.get("from") == case.jid(1) for element in came)
            case.check(bare, "from = the bare JID", "another from")


@requires("presence-probe-unavailable-since", "presence-probe-id-mirrored")
async def test_since_when_the_contact_is_away(case: Case) -> None:
    async with relations(case, (0, 1)) as streams:
        await after(case, streams[1], "<presence/><presence type='unavailable'/>")
        came = await probed(streams[0], case.jid(1), streams[1])
        if not came:
            case.prefer(False, "an answer", "nothing")
            return
        case.prefer(came[0].find(_DELAY) is not None, "the time in <delay/>", "no time")
        case.prefer(came[0].get("id") == "probe-q7", "the id of the probe", "another id, or none")


@_ENTITLED
@requires(
    "presence-probe",
    "presence-probe-full-jid",
    "presence-probe-full-jid-only",
    "presence-probe-full-jid-plain",
)
async def test_available_resource(case: Case, state: str) -> None:
    """One of two: that one, and the mere fact."""
    async with relations(case, *STATES[state]) as streams:
        contacts = await available(case, 1, *_SAID)
        came = await probed(streams[0], contacts[0].jid, *contacts)
        case.check(_kinds(came) in ("available", "nothing"), "available", _kinds(came))
        case.prefer(came, "available presence", "nothing")
        that = all(element.get("from") == contacts[0].jid for element in came)
        case.check(that, "from = that resource", "another from")
        case.prefer(not any(len(e) for e in came), "nothing in it", "what it last said")


@pytest.mark.parametrize("there", [True, False], ids=["connected", "missing"])
@requires("presence-probe-full-jid-only", "presence-probe-by-client")
async def test_resource_that_is_not_available(case: Case, there: bool) -> None:
    """Nothing about the one that is."""
    async with relations(case, (0, 1)) as streams:
        [other] = await available(case, 1, "")
        to = streams[1].jid if there else f"{case.jid(1)}/nothing-q7"
        came = await probed(streams[0], to, other, streams[1])
        case.check(not words(came, other.jid), "nothing about the other", "the other resource")
        case.check(_kinds(came) in ("unavailable", "nothing"), "unavailable", _kinds(came))


_STRANGERS = ("none", "from", "asked", "denied")


async def _estranged(case: Case, streams: dict[int, RawStream], how: str) -> None:
    """Make account 0 one who is not, not yet or not any more subscribed to account 1."""
    if how == "denied":
        await subscribe(case, streams, 0, 1)
    if how == "asked":
        await after(case, streams[0], presence(to=case.jid(1), type="subscribe"))
    if how == "denied":
        await after(case, streams[1], presence(to=case.jid(0), type="unsubscribed"))
    await settle(*streams.values())


@pytest.mark.parametrize("form", ["bare", "full"])
@pytest.mark.parametrize("how", _STRANGERS)
@requires(
    "presence-probe",
    "presence-hidden-from-probes",
    "presence-probe-refused",
    "presence-probe-refused-bare",
    "presence-probe-id-mirrored",
    "presence-probe-by-client",
)
async def test_stranger(case: Case, how: str, form: str) -> None:
    """The same whether the contact is available or not, and nothing of its resources."""
    said = []
    async with relations(case, *STATES["from" if how == "from" else "none"], others=[0, 1]) as all_:
        await _estranged(case, all_, how)
        for shown in (False, True):
            contacts = await available(case, 1, "") if shown else [all_[1]]
            to = case.jid(1) if form == "bare" else contacts[0].jid
            came = await probed(all_[0], to, *contacts)
            case.check(_kinds(came) in ("unsubscribed", "nothing"), "a refusal", _kinds(came))
            bare = all(element.get("from") == case.jid(1) for element in came)
            case.check(bare, "from = the bare JID", "another from")
            ids = {element.get("id") for element in came}
            case.prefer(ids <= {"probe-q7"}, "the id of the probe", "another id, or none")
            said.append(_kinds(came))
        case.check(said[0] == said[1], "the same answer", "an answer that tells who is online")


@requires("presence-probe-refused", "presence-probe-by-client")
async def test_missing_account(case: Case) -> None:
    stream = await case.bound(available=True)
    to = f"nobody-q7@{case.domain}"
    came = await probed(stream, to)
    case.check(_kinds(came) in ("unsubscribed", "nothing"), "a refusal", _kinds(came))
    case.check(all(e.get("from") == to for e in came), "from = the bare JID", "another from")


@pytest.mark.parametrize("to", ["{domain}", "{own}", "{own}/nothing-q7"])
@requires("presence-probe-by-client")
async def test_probe_to_anybody(case: Case, to: str) -> None:
    stream = await case.bound(available=True)
    address = to.format(domain=case.domain, own=case.jid(0))
    reaction = await after(case, stream, presence(to=address, type="probe", id="probe-q7"))
    case.check(reaction.ending == "fence", "a stream that goes on", reaction.ending)
    ours = [e for e in reaction.elements if e.get("id") == "probe-q7"]
    case.check(not any(e.get("type") == "error" for e in ours), "no error", "an error")


@requires("presence-probe-keeps-preapproval")
async def test_approval_in_advance_survives(case: Case) -> None:
    async with relations(case, others=[0, 1]) as streams:
        user, contact = streams[0], streams[1]
        if not approves_in_advance(contact):
            raise case.absent("approvals in advance are not among the stream features")
        await after(case, user, roster_get() + "<presence/>")
        await after(case, contact, presence(to=case.jid(0), type="subscribed"))
        await probed(user, case.jid(1), contact)
        await user.send(presence(to=case.jid(1), type="subscribe"))
        came = (await settle(user, contact))[0]
        kinds = words(came, case.jid(1))
        case.check("subscribed" in kinds, "the request granted", "a request that waits")
