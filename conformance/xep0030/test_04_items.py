"""Section 4: what is listed; section 8: what strangers must not learn."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from hypothesis import strategies as st

from conformance.generate.text import NAMES
from conformance.player import name_of
from conformance.rfc6120.common import NO_USER, subscription
from conformance.suite import Allowed, Case, requires
from conformance.xep0030.common import ITEM, ask, discovery
from harness.xmpp import namespaces as ns

_NODES = st.just("") | st.builds("urn:example:node:{}".format, NAMES)


@pytest.mark.parametrize("own", [False, True], ids=["server", "account"])
@requires("disco-items-result", "disco-item-empty", "disco-item-node-not-empty")
async def test_list(case: Case, own: bool) -> None:
    stream = await case.bound(available=True)
    to = case.jid() if own else case.domain
    answer = await ask(case, stream, discovery(ns.DISCO_ITEMS), to)
    case.judge(name_of(answer), Allowed("a list, or an error", ("iq result", "iq error *")))
    if answer.get("type") == "result":
        _check(case, answer)


def _check(case: Case, answer: Element) -> None:
    tags = [child.tag for child in answer]
    case.check(tags == [f"{{{ns.DISCO_ITEMS}}}query"], "one <query/>", f"{len(tags)} children")
    listed = [child for child in answer[0] if child.tag == ITEM]
    case.check(len(listed) == len(answer[0]), "nothing but items", "something else")
    case.check(all(e.get("jid") for e in listed), "items with a jid", "one without")
    case.check(all(e.get("node") != "" for e in listed), "no empty node", "an empty node")
    text = [(e.text or "").strip() for e in listed]
    case.check(not any(text), "items without text", "one with text")
    case.prefer(not any(map(len, listed)), "items that are empty", "one with a child")


@requires("disco-account-items-resources")
async def test_resources_of_an_account(case: Case) -> None:
    stream = await case.bound(available=True)
    other = await case.bound(available=True)
    answer = await ask(case, stream, discovery(ns.DISCO_ITEMS), case.jid())
    listed = {e.get("jid") for e in answer.iter(ITEM)}
    found = {stream.jid, other.jid} <= listed
    case.prefer(found, "the available resources", "not the available resources")


_ONLINE = pytest.mark.parametrize("online", [False, True], ids=["offline", "online"])
_NO_INFORMATION = Allowed("<service-unavailable/>", ("iq error service-unavailable",))
_NO_ITEMS = Allowed("an empty list", ("an empty list",), ("iq error service-unavailable",))


async def _said(case: Case, uri: str, node: str = "", *, online: bool) -> list[str]:
    """What a stranger hears of an account that exists, and of one that does not."""
    if online:
        await case.bound(1, available=True)
    stream = await case.bound()
    known, nobody = case.jid(1), NO_USER.of(case)
    return [_outcome(await ask(case, stream, discovery(uri, node), to)) for to in (known, nobody)]


def _outcome(answer: Element) -> str:
    if answer.get("type") == "error":
        return name_of(answer)
    if not answer.findall(f"{{{ns.DISCO_ITEMS}}}query"):
        return name_of(answer)
    listed = list(answer.iter(ITEM))
    return f"{len(listed)} items" if listed else "an empty list"


@_ONLINE
@requires("disco-account-info-protected", node=_NODES)
async def test_information_for_strangers(case: Case, online: bool, node: str) -> None:
    for outcome in await _said(case, ns.DISCO_INFO, node, online=online):
        case.judge(outcome, _NO_INFORMATION)


@_ONLINE
@requires("disco-account-items-protected")
async def test_items_for_strangers(case: Case, online: bool) -> None:
    for outcome in await _said(case, ns.DISCO_ITEMS, online=online):
        case.judge(outcome, _NO_ITEMS)


@requires("disco-account-items-protected", node=_NODES)
async def test_items_of_nobody(case: Case, node: str) -> None:
    _, outcome = await _said(case, ns.DISCO_ITEMS, node, online=False)
    case.judge(outcome, _NO_ITEMS)


@_ONLINE
@pytest.mark.parametrize("uri", [ns.DISCO_INFO, ns.DISCO_ITEMS], ids=["info", "items"])
@requires("disco-accounts-not-told-apart")
async def test_accounts_are_not_told_apart(case: Case, uri: str, online: bool) -> None:
    known, nobody = await _said(case, uri, online=online)
    case.check(known == nobody, "the same answer for both", f"{known}, but {nobody}")


@requires("disco-account-info-shown", "disco-account-identity")
async def test_information_for_subscribers(case: Case) -> None:
    async with subscription(case, 1, 0) as (_, stream):
        answer = await ask(case, stream, discovery(ns.DISCO_INFO), case.jid(1))
        found = {e.get("category") for query in answer for e in query}
        shown = answer.get("type") == "result" and "account" in found
        case.prefer(shown, "the information on the account", name_of(answer))


@requires("disco-account-items-resources")
async def test_items_for_subscribers(case: Case) -> None:
    async with subscription(case, 1, 0) as (owner, stream):
        answer = await ask(case, stream, discovery(ns.DISCO_ITEMS), case.jid(1))
        listed = {e.get("jid") for e in answer.iter(ITEM)}
        case.prefer(owner.jid in listed, "the available resource", "not the available resource")
