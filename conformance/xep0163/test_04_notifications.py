"""Section 4: who is told, and who is not."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from conformance.contacts import subscribe as subscribe_presence
from conformance.rfc6120.common import after, forget
from conformance.suite import Case, requires
from conformance.wire.stream import RawStream
from conformance.xep0030.common import features_in, info
from conformance.xep0115.client import Client
from conformance.xep0163.common import (
    News,
    delete,
    do,
    is_about,
    need_pep,
    new_node,
    owner,
    publish,
    retract,
    said,
    words,
)
from conformance.xep0191.common import URI as BLOCKING
from conformance.xep0191.common import block, unblock_all

_ACCOUNT = pytest.mark.parametrize("account", [0, 1], ids=["owner", "contact"])
_ADDRESS = "{http://jabber.org/protocol/address}address"


async def _client(case: Case, account: int, node: str = "") -> Client:
    """A resource that wants this node, or none; the server knows."""
    client = Client(case, await case.bound(account), [f"{node}+notify"] if node else [])
    await client.announce()
    return client


async def _told(case: Case, client: Client, node: str, news: News | None = None) -> Element:
    """The next notification about the node, or the next one that says this."""

    def fits(element: Element) -> bool:
        return is_about(element, node) if news is None else news in said([element], node)

    found = await client.wait(fits)
    case.check(found is not None, "a notification", "no notification")
    assert found is not None
    return found


async def _publish_twice(case: Case, stream: RawStream, node: str, witness: Client) -> None:
    """Two publications; the witness has heard of the second one, so that nobody else will hear of
    the first one any more."""
    for text in ("one", "two"):
        await do(case, stream, publish(node, text, text))
    if not await witness.wait(lambda e: News("item", "two", "two") in said([e], node)):
        raise case.unknown("who may hear of it does not")


async def _quiet(case: Case, client: Client, node: str) -> None:
    found = said(await client.settle(), node)
    case.check(not found, "no notification", words(found))


@requires("pep-notify-contacts")
async def test_contact(case: Case) -> None:
    """Each resource once."""
    async with owner(case, 1, 2) as (stream, *_), new_node(case) as node:
        clients = [await _client(case, 1, node) for _ in range(2)]
        witness = await _client(case, 2, node)
        await _publish_twice(case, stream, node, witness)
        for client in clients:
            found = said(await client.settle(), node)
            wanted = [News("item", "one", "one"), News("item", "two", "two")]
            case.check(found == wanted, "each item once, with its payload", words(found))


@pytest.mark.parametrize(
    "what",
    [
        pytest.param("from", marks=pytest.mark.requires("pep-notify-from")),
        pytest.param("to", marks=pytest.mark.requires("pep-notify-to")),
        pytest.param("replyto", marks=pytest.mark.requires("pep-notify-replyto")),
    ],
)
@requires()
async def test_addresses(case: Case, what: str) -> None:
    async with owner(case, 1) as (stream, _), new_node(case) as node:
        client = await _client(case, 1, node)
        await do(case, stream, publish(node, "x"))
        message = await _told(case, client, node)
        if what == "from":
            case.check(message.get("from") == case.jid(), "from = the owner", "another from")
        elif what == "to":
            others = [e for e in await client.settle() if is_about(e, node)]
            found = {e.get("to") for e in (message, *others)}
            case.prefer(found == {client.stream.jid}, "to = the full JID", "another to")
        else:
            named = [e.get("jid") for e in message.iter(_ADDRESS) if e.get("type") == "replyto"]
            case.prefer(named == [stream.jid], "the resource that published", "no such address")


@requires("pep-notify-owner")
async def test_owner(case: Case) -> None:
    """The resource that publishes, and another one."""
    stream = await case.bound()
    await need_pep(case, stream)
    await stream.close()
    async with new_node(case) as node:
        clients = [await _client(case, 0, node) for _ in range(2)]
        await clients[0].stream.send(
            f"<iq type='set' id='publish'>{publish(node, 'x', 'here')}</iq>"
        )
        for client in clients:
            await _told(case, client, node, News("item", "here", "x"))


@_ACCOUNT
@requires("pep-notify-filtered")
async def test_filtered(case: Case, account: int) -> None:
    """A resource that wants another node, while another resource of the account wants this one."""
    async with owner(case, 1, 2) as (stream, *_), new_node(case) as node:
        quiet = await _client(case, account, f"{node}-other")
        await _client(case, account, node)
        await _publish_twice(case, stream, node, await _client(case, 2, node))
        await _quiet(case, quiet, node)


@requires("pep-notify-filtered")
async def test_without_capabilities(case: Case) -> None:
    async with owner(case, 1, 2) as (stream, friend, _), new_node(case) as node:
        await _publish_twice(case, stream, node, await _client(case, 2, node))
        await _quiet(case, Client(case, friend, []), node)


@requires("pep-notify-no-strangers")
async def test_stranger(case: Case) -> None:
    async with owner(case, 1) as (stream, _), new_node(case) as node:
        stranger = await _client(case, 2, node)
        await stranger.announce(case.jid())
        await _publish_twice(case, stream, node, await _client(case, 1, node))
        await _quiet(case, stranger, node)


@requires("pep-notify-not-blocked")
async def test_blocked(case: Case) -> None:
    async with owner(case, 1, 2) as (stream, *_), new_node(case) as node:
        if BLOCKING not in features_in(await info(case, stream, case.domain)):
            case.not_applicable("nobody can be blocked")
        blocked, witness = await _client(case, 1, node), await _client(case, 2, node)
        try:
            await block(case, stream, case.jid(1))
            await _publish_twice(case, stream, node, witness)
            await _quiet(case, blocked, node)
        finally:
            await unblock_all(case)


@_ACCOUNT
@pytest.mark.parametrize("known", [False, True], ids=["new-hash", "known-hash"])
@requires("pep-last-item")
async def test_last_item(case: Case, account: int, known: bool) -> None:
    """The server may know the hash of the capabilities already, from somebody else."""
    async with owner(case, 1) as (stream, _), new_node(case) as node:
        if known:
            await _client(case, 2, node)
        for text in ("one", "two"):
            await do(case, stream, publish(node, text, text))
        client = Client(case, await case.bound(account), [f"{node}+notify"])
        wanted = News("item", "two", "two")
        if wanted not in said(await client.announce(), node):
            await _told(case, client, node, wanted)


@_ACCOUNT
@requires("pep-last-item-once")
async def test_last_item_once(case: Case, account: int) -> None:
    """What comes behind the second presence is the next publication alone."""
    async with owner(case, 1) as (stream, _), new_node(case) as node:
        await do(case, stream, publish(node, "x", "here"))
        client = await _client(case, account, node)
        await do(case, stream, publish(node, "y", "between"))
        await _told(case, client, node, News("item", "between", "y"))
        await client.settle()
        found = said(await client.announce(), node)
        case.check(not found, "nothing again", words(found))


@requires("pep-item-replaced")
async def test_told_again(case: Case) -> None:
    async with owner(case, 1) as (stream, _), new_node(case) as node:
        client = await _client(case, 1, node)
        for text in ("one", "two"):
            await do(case, stream, publish(node, text, "same"))
            await _told(case, client, node, News("item", "same", text))


@requires("pep-retract")
async def test_told_of_retraction(case: Case) -> None:
    async with owner(case, 1) as (stream, _), new_node(case) as node:
        client = await _client(case, 1, node)
        await do(case, stream, publish(node, "x", "here"))
        await _told(case, client, node)
        await do(case, stream, retract(node, "here"))
        await _told(case, client, node, News("retract", "here", ""))


@requires("pep-node-deleted")
async def test_told_of_deletion(case: Case) -> None:
    async with owner(case, 1) as (stream, _), new_node(case) as node:
        client = await _client(case, 1, node)
        await do(case, stream, publish(node, "x", "here"))
        await _told(case, client, node)
        await do(case, stream, delete(node))
        await _told(case, client, node, News("delete", "", ""))


@requires("pep-access-recalculated")
async def test_subscription_is_lost(case: Case) -> None:
    async with owner(case, 1, 2) as (stream, *_), new_node(case) as node:
        client, witness = await _client(case, 1, node), await _client(case, 2, node)
        await do(case, stream, publish(node, "x", "before"))
        await _told(case, client, node)
        await after(case, stream, f"<presence to='{case.jid(1)}' type='unsubscribed'/>")
        await client.settle()
        await _publish_twice(case, stream, node, witness)
        await _quiet(case, client, node)


@requires("pep-auto-subscribe", "pep-notify-contacts")
async def test_subscription_is_won(case: Case) -> None:
    """Who becomes a contact is told from then on."""
    async with owner(case, 1) as (stream, _), new_node(case) as node:
        client = Client(case, await case.bound(2, available=True), [f"{node}+notify"])
        try:
            await subscribe_presence(case, client.stream, 2, stream, 0)
            await subscribe_presence(case, stream, 0, client.stream, 2)
            await client.announce()
            await do(case, stream, publish(node, "x", "here"))
            await _told(case, client, node, News("item", "here", "x"))
        finally:
            await forget(case, 0, 2)
