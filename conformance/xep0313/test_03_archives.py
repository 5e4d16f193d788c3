"""Sections 3, 4.2, 6 and 7: what is kept, under which id, and what a result looks like."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element

import pytest
from hypothesis import example
from hypothesis import strategies as st

from conformance.accounts import fresh, login
from conformance.player import name_of
from conformance.rfc6120.common import after
from conformance.rfc6120.streams import reached
from conformance.suite import Allowed, Case, requires
from conformance.suite.effort import fewer
from conformance.xep0030.common import features_in, info
from conformance.xep0280.common import ENABLE, switch
from conformance.xep0280.common import URI as CARBONS
from conformance.xep0313.common import (
    DELAY,
    EXTENDED,
    FORWARDED,
    HERE,
    STANZA_ID,
    URI,
    Owner,
    Said,
    find,
    owner,
)
from conformance.xep0313.model import Query
from conformance.xep0313.test_04_queries import HISTORIES, HISTORY
from harness.xmpp import jid as jids
from harness.xmpp import namespaces as ns

_CHAT = Said(False, 0, "chat", True, False)
_CLOCKS = timedelta(minutes=5)  # how far the server's clock may be off ours


@requires("mam-feature", "mam-address")
async def test_feature(case: Case) -> None:
    async with fresh(case) as account:
        stream = await login(case, account)
        bare = jids.bare(stream.jid)
        found = features_in(await info(case, stream, bare))
        reply = (await find(case, stream, to=bare)).answer
        if URI not in found and reply.get("type") != "result":
            raise case.absent("the account neither lists urn:xmpp:mam:2 nor has an archive")
        case.check(URI in found, "the feature urn:xmpp:mam:2", "no feature")
        case.judge(name_of(reply), Allowed("a result", ("iq result",)))


@requires("mam-feature-extended")
async def test_extended_feature(case: Case) -> None:
    async with owner(case) as made:
        found = features_in(await info(case, made.stream, made.jid))
        case.check(EXTENDED in found, f"the feature {EXTENDED}", "no feature")


@fewer(3)
@example(messages=HISTORY)
@requires("mam-stored", messages=HISTORIES)
async def test_stored(case: Case, messages: list[Said]) -> None:
    async with owner(case, messages) as made:
        kept = {entry.name for entry in await made.archive()}
        due = {n for n, one in zip(made.names, messages, strict=True) if one.conversation}
        case.prefer(due <= kept, "all messages with a body", "some of them")


@fewer(3)
@example(messages=HISTORY)
@requires("mam-order", messages=HISTORIES)
async def test_order(case: Case, messages: list[Said]) -> None:
    """Also of pages, one after the other."""
    async with owner(case, messages) as made:
        kept = [entry.name for entry in await made.archive()]
        due = [name for name in made.names if name in kept]
        case.check(kept == due, "the order of arrival", "another order, or a message twice")
        paged: list[str] = []
        query = Query(most=2)
        for _ in range(len(made.names)):
            found = await find(case, made.stream, query)
            paged += [entry.name for entry in found.entries]
            if found.said.complete or not found.said.last:
                break
            query = Query(most=2, after=found.said.last)
        case.check(paged == due, "the order of arrival", "another order of pages")


@pytest.mark.parametrize("bare", [False, True], ids=["resource", "account"])
@requires("mam-once")
async def test_once(case: Case, bare: bool) -> None:
    """Several resources get the message, or a carbon of it."""
    async with owner(case) as made:
        others = [await case.bound(0, available=True) for _ in range(2)]
        if CARBONS in features_in(await info(case, made.stream, case.domain)):
            for stream in others:
                await switch(case, stream, ENABLE)
        await made.say([_CHAT._replace(out=out, bare=bare) for out in (True, False)])
        mine = Counter(entry.name for entry in await made.archive())
        query = Query(other=made.jid)
        theirs = Counter(e.name for e in (await find(case, others[0], query)).entries)
        for found in (mine, theirs):
            case.check(not found or max(found.values()) == 1, "each message once", "one twice")


@requires("mam-uid")
async def test_ids(case: Case) -> None:
    async with owner(case, HISTORY) as made:
        uids = [entry.uid for entry in await made.archive()]
        case.check(all(uids), "an id for each result", "a result without id")
        case.check(len(set(uids)) == len(uids), "unique ids", "an id twice")
        again = [entry.uid for entry in await made.archive()]
        case.check(uids == again, "the same ids the second time", "other ids")


def _ids_by(message: Element, owner: str) -> list[str]:
    found = [e for e in message.findall(STANZA_ID) if e.get("by") == owner]
    return [e.get("id", "") for e in found]


async def _arrived(case: Case, made: Owner, inner: str = "") -> tuple[Element, str]:
    """A message of a contact as it arrived, and the id that it has in the archive."""
    to, name = made.stream.jid, "arriving"
    text = f"<message to='{to}' type='chat' id='{name}'><body>x</body>{inner}</message>"
    await after(case, made.contacts[0], text)
    came = (await reached(made.stream)).elements
    (message,) = (e for e in came if e.tag == ns.MESSAGE and e.get("id") == name)
    kept = [entry.uid for entry in await made.archive() if entry.name == name]
    if len(kept) != 1:
        raise case.unknown(f"the archive has the message {len(kept)} times")
    return message, kept[0]


@requires("mam-stanza-id")
async def test_stanza_id(case: Case) -> None:
    async with owner(case) as made:
        message, uid = await _arrived(case, made)
        ids = _ids_by(message, made.jid)
        case.check(ids == [uid], "one <stanza-id/> with the id", "another id, or none")


@requires("mam-stanza-id-spoofed", spoofs=st.lists(st.sampled_from("abc"), min_size=1, max_size=2))
@fewer(5)
async def test_spoofed_id(case: Case, spoofs: list[str]) -> None:
    """Whoever says that the message has an id in the owner's archive is not believed."""
    async with owner(case) as made:
        texts = [f"<stanza-id xmlns='urn:xmpp:sid:0' by='{made.jid}' id='{s}'/>" for s in spoofs]
        message, _ = await _arrived(case, made, "".join(texts))
        left = set(_ids_by(message, made.jid)) & set(spoofs)
        case.check(not left, "no id but that of the archive", "the id that was made up")


@requires("mam-stanza-id-owner")
async def test_id_of_the_sender(case: Case) -> None:
    """The recipient learns nothing of the sender's archive."""
    async with owner(case) as made:
        contact = made.contacts[0]
        text = f"<message to='{contact.jid}' type='chat' id='m'><body>x</body></message>"
        await after(case, made.stream, text)
        (message,) = (e for e in (await reached(contact)).elements if e.get("id") == "m")
        told = _ids_by(message, made.jid)
        case.check(not told, "no id of the sender's archive", "the id of the sender's archive")


@requires("mam-stanza-id-carbon")
async def test_id_in_a_carbon(case: Case) -> None:
    async with owner(case) as made:
        if CARBONS not in features_in(await info(case, made.stream, case.domain)):
            case.not_applicable("the server has no carbons")
        contact, other = made.contacts[0], await case.bound(0, available=True)
        await switch(case, other, ENABLE)
        await after(
            case, contact, f"<message to='{made.jid}' type='chat' id='m'><body>x</body></message>"
        )
        carbons = [
            e for e in (await reached(other)).elements if e.find(f".//{FORWARDED}") is not None
        ]
        kept = (await find(case, other, Query(other=made.jid))).entries
        ids = [i for e in carbons for m in e.iter(ns.MESSAGE) for i in _ids_by(m, case.jid(0))]
        case.prefer(ids == [e.uid for e in kept], "the id in the copy", "no such id")


@requires("mam-result-queryid")
async def test_queryid(case: Case) -> None:
    async with owner(case, HISTORY[:3]) as made:
        for name in ("q7", ""):
            found = await find(case, made.stream, queryid=name)
            said = {m.find(f"{HERE}result").get("queryid", "") for m in found.results}  # type: ignore[union-attr]
            case.check(said <= {name}, "the queryid of the query", "another one")


@requires("mam-result-content")
async def test_result(case: Case) -> None:
    """The message with its addresses, type, id and body."""
    async with owner(case, HISTORY) as made:
        for message in (await find(case, made.stream)).results:
            inner = message.find(f"{HERE}result/{FORWARDED}/{ns.MESSAGE}")
            case.check(inner is not None, "a forwarded message", "none")
            assert inner is not None
            one = HISTORY[made.names.index(inner.get("id", ""))]
            receiver = made.contacts[one.contact].jid if one.out else made.stream.jid
            sender = made.stream.jid if one.out else made.contacts[one.contact].jid
            to = jids.bare(receiver) if one.bare else receiver
            due = (sender, to, one.type, inner.get("id"))
            told = (
                inner.get("from"),
                inner.get("to"),
                inner.get("type", "normal"),
                inner.get("id"),
            )
            case.check(told == due, "the attributes of the message", "other attributes")
            same = inner.findtext(ns.BODY) == inner.get("id")
            case.check(same, "the body of the message", "another body")


@requires("mam-result-delay")
async def test_delay(case: Case) -> None:
    async with owner(case, HISTORY[:3]) as made:
        for message in (await find(case, made.stream)).results:
            delay = message.find(f"{HERE}result/{FORWARDED}/{DELAY}")
            case.prefer(delay is not None, "<delay/>", "no <delay/>")
            if delay is not None:
                when = datetime.fromisoformat(delay.get("stamp", ""))
                near = abs(datetime.now(UTC) - when) < _CLOCKS
                case.check(near, "the time of arrival", "another time")
