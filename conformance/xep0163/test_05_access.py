"""Sections 4.1, 5 and 6: who may read and subscribe, and what discovery says."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from conformance.player import name_of
from conformance.rfc6120.common import after
from conformance.rfc6120.streams import reached
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import RawStream
from conformance.xep0030.common import ask, features_in, identities_in, info
from conformance.xep0030.common import items as discovered
from conformance.xep0115.client import Client
from conformance.xep0163.common import (
    ERRORS,
    PUBSUB,
    RESULT,
    News,
    create,
    do,
    is_about,
    items,
    need_pep,
    new_node,
    notes,
    owner,
    publish,
    said,
    subscribe,
    unsubscribe,
    words,
)
from harness.xmpp import namespaces as ns

_FEATURES = (
    *("auto-create", "auto-subscribe", "filtered-notifications", "publish", "retrieve-items"),
    *("subscribe", "create-nodes", "access-presence", "access-open", "access-roster"),
    "access-whitelist",
)


def _refused(condition: str) -> Allowed:
    return Allowed(f"<{condition}/>", (f"iq error {condition}",))


def _has(answer: Element, detail: str) -> bool:
    error = answer.find(ns.ERROR)
    return error is not None and error.find(f"{ERRORS}{detail}") is not None


async def _reads(case: Case, stream: RawStream, node: str) -> Element:
    """What somebody gets who asks for the items of the owner's node."""
    return await ask(case, stream, items(node), case.jid())


async def _made(case: Case, stream: RawStream, node: str, **options: str) -> None:
    """A node with this configuration, and an item in it."""
    await do(case, stream, create(node, options))
    await do(case, stream, publish(node, "x", "here"))


@requires("pep-identity")
async def test_identity(case: Case) -> None:
    stream = await case.bound()
    listed = ("pubsub", "pep") in identities_in(await info(case, stream, case.jid()))
    async with new_node(case) as node:
        answer = await ask(case, stream, publish(node, "x"), type_="set")
    works = answer.get("type") == "result"
    if not works and not listed:
        raise case.absent("one's own account has no identity pubsub/pep")
    case.check(listed or not works, "the identity pubsub/pep", "no such identity")


@pytest.mark.parametrize("feature", _FEATURES)
@requires("pep-features")
async def test_feature(case: Case, feature: str) -> None:
    stream = await case.bound()
    await need_pep(case, stream)
    listed = features_in(await info(case, stream, case.jid()))
    case.check(f"{PUBSUB}#{feature}" in listed, f"the feature {feature}", "no such feature")


@requires("pep-auto-subscribe")
async def test_contact_reads(case: Case) -> None:
    async with owner(case, 1) as (stream, friend), new_node(case) as node:
        await do(case, stream, publish(node, "x", "here"))
        answer = await _reads(case, friend, node)
        case.judge(name_of(answer), RESULT)
        case.check(notes(answer) == [("here", "x")], "the item", "something else")


@pytest.mark.parametrize("what", ["items", "subscription"])
@requires("pep-access-presence-default")
async def test_stranger(case: Case, what: str) -> None:
    stream = await case.bound(available=True)
    await need_pep(case, stream)
    async with new_node(case) as node:
        await do(case, stream, publish(node, "x", "here"))
        stranger = await case.bound(1)
        if what == "items":
            answer = await _reads(case, stranger, node)
        else:
            wish = subscribe(node, case.jid(1))
            answer = await ask(case, stranger, wish, case.jid(), type_="set")
        case.check(not notes(answer), "no item", "an item")
        case.judge(name_of(answer), _refused("not-authorized"))
        detail = "presence-subscription-required"
        case.prefer(_has(answer, detail), f"<{detail}/>", f"no <{detail}/>")


@requires("pep-access-open")
async def test_open(case: Case) -> None:
    stream = await case.bound()
    await need_pep(case, stream)
    async with new_node(case) as node:
        await _made(case, stream, node, access_model="open")
        answer = await _reads(case, await case.bound(1), node)
        case.judge(name_of(answer), RESULT)
        case.check(notes(answer) == [("here", "x")], "the item", "something else")


@requires("pep-access-whitelist")
async def test_whitelist(case: Case) -> None:
    async with owner(case, 1) as (stream, friend), new_node(case) as node:
        await _made(case, stream, node, access_model="whitelist")
        answer = await _reads(case, friend, node)
        case.check(not notes(answer), "no item", "an item")
        case.judge(name_of(answer), _refused("not-allowed"))
        case.check(_has(answer, "closed-node"), "<closed-node/>", "no <closed-node/>")
        found = notes(await ask(case, stream, items(node)))
        case.check(found == [("here", "x")], "the item for the owner", "something else")


@pytest.mark.parametrize("inside", [False, True], ids=["outside", "inside"])
@requires("pep-access-roster")
async def test_roster_group(case: Case, inside: bool) -> None:
    async with owner(case, 1) as (stream, friend), new_node(case) as node:
        group = "<group>Friends</group>" if inside else "<group>Others</group>"
        item = f"<item jid='{case.jid(1)}'>{group}</item>"
        await do(case, stream, f"<query xmlns='{ns.ROSTER}'>{item}</query>")
        options = {"access_model": "roster", "roster_groups_allowed": "Friends"}
        await _made(case, stream, node, **options)
        answer = await _reads(case, friend, node)
        if inside:
            case.judge(name_of(answer), RESULT)
            case.check(notes(answer) == [("here", "x")], "the item", "something else")
        else:
            case.check(not notes(answer), "no item", "an item")
            case.judge(name_of(answer), _refused("not-authorized"))
            detail = "not-in-roster-group"
            case.prefer(_has(answer, detail), f"<{detail}/>", f"no <{detail}/>")


@requires("pep-access-recalculated")
async def test_subscription_is_lost(case: Case) -> None:
    async with owner(case, 1) as (stream, friend), new_node(case) as node:
        await do(case, stream, publish(node, "x", "here"))
        case.judge(name_of(await _reads(case, friend, node)), RESULT)
        await after(case, stream, f"<presence to='{case.jid(1)}' type='unsubscribed'/>")
        await reached(friend)
        answer = await _reads(case, friend, node)
        case.check(not notes(answer), "no item", "an item")
        case.judge(name_of(answer), Allowed("a stanza error", ("iq error *",)))


@pytest.mark.parametrize(
    "what",
    [
        pytest.param("told", marks=pytest.mark.requires("pep-subscribe")),
        pytest.param("replyto", marks=pytest.mark.requires("pep-notify-no-replyto")),
    ],
)
@requires()
async def test_subscribe(case: Case, what: str) -> None:
    """A stranger subscribes to an open node, and takes it back."""
    async with owner(case, 1) as (stream, _), new_node(case) as node:
        await do(case, stream, create(node, {"access_model": "open"}))
        stranger = Client(case, await case.bound(2, available=True), [])
        answer = await do(case, stranger.stream, subscribe(node, case.jid(2)), case.jid())
        states = [e.get("subscription") for e in answer.iter(f"{{{PUBSUB}}}subscription")]
        case.check(states == ["subscribed"], "a subscription", "none in the result")
        await do(case, stream, publish(node, "x", "here"))
        message = await stranger.wait(lambda e: is_about(e, node))
        case.check(message is not None, "a notification", "no notification")
        assert message is not None
        if what == "replyto":
            named = any(stream.jid in e.attrib.values() for e in message.iter())
            case.check(not named, "no word of the resource", "the resource that published")
            return
        await do(case, stranger.stream, unsubscribe(node, case.jid(2)), case.jid())
        witness = Client(case, await case.bound(1), [f"{node}+notify"])
        await witness.announce()
        for text in ("one", "two"):
            await do(case, stream, publish(node, text, text))
        if not await witness.wait(lambda e: News("item", "two", "two") in said([e], node)):
            raise case.unknown("who may hear of it does not")
        found = said(await stranger.settle(), node)
        case.check(not found, "nothing any more", words(found))


@pytest.mark.parametrize("who", ["owner", "contact", "stranger"])
@requires("pep-nodes-listed")
async def test_nodes(case: Case, who: str) -> None:
    """A node for friends, and one for the owner alone."""
    async with (
        owner(case, 1) as (stream, friend),
        new_node(case) as shared,
        new_node(case) as own,
    ):
        await do(case, stream, publish(shared, "x"))
        await _made(case, stream, own, access_model="whitelist")
        asker = {"owner": stream, "contact": friend}.get(who) or await case.bound(2)
        wanted = {"owner": {shared, own}, "contact": {shared}}.get(who, set())
        found = {e.get("node") for e in await discovered(case, asker, case.jid())}
        missing, surplus = wanted - found, (found & {shared, own}) - wanted
        case.check(not surplus, "no node that one may not read", "a node that one may not read")
        case.check(not missing, "every node that one may read", "not every node")


@requires("pep-nodes-listed")
async def test_information_on_a_node(case: Case) -> None:
    async with owner(case, 1) as (stream, friend), new_node(case) as node:
        await do(case, stream, publish(node, "x"))
        identities = identities_in(await info(case, friend, case.jid(), node))
        case.check(("pubsub", "leaf") in identities, "the identity pubsub/leaf", "no such identity")
