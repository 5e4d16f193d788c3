"""Section 3: what the server, and an account, say of themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from xml.etree.ElementTree import Element

import pytest
from hypothesis import strategies as st

from conformance.generate.text import NAMES
from conformance.player import name_of
from conformance.rfc6120.common import came, condition_in
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import RawStream
from conformance.xep0030.common import (
    FEATURE,
    IDENTITY,
    ask,
    discovery,
    features_in,
    identities_in,
    info,
    items,
)
from harness.xmpp import namespaces as ns

_Check = Callable[[Case, Element], None]
_NODES = st.builds("urn:example:node:{}".format, NAMES)


async def _described(case: Case, stream: RawStream, to: str) -> Element:
    """The <query/> of the server, or of an account of ours, which has to be there."""
    answer = await ask(case, stream, discovery(ns.DISCO_INFO), to)
    if answer.get("type") == "error":
        raise case.absent(f"disco#info is answered by {condition_in(answer)}")
    tags = [child.tag for child in answer]
    case.check(tags == [f"{{{ns.DISCO_INFO}}}query"], "one <query/>", f"{len(tags)} children")
    return answer[0]


def _attributes(case: Case, query: Element) -> None:
    identities = query.findall(IDENTITY)
    case.check(identities, "an identity", "no identity")
    complete = all(e.get("category") and e.get("type") for e in identities)
    case.check(complete, "identities with category and type", "one without")


def _unique(case: Case, query: Element) -> None:
    known = [(e.get("category"), e.get("type"), e.get(ns.LANG)) for e in query.iterfind(IDENTITY)]
    twice = any(count > 1 for count in Counter(known).values())
    case.check(not twice, "identities that differ", "the same identity twice")


def _one_name(case: Case, query: Element) -> None:
    names = {e.get("name") for e in query.iterfind(IDENTITY) if e.get("name")}
    case.prefer(len(names) <= 1, "one name for all identities", "several names")


def _features(case: Case, query: Element) -> None:
    features = query.findall(FEATURE)
    case.check(features, "a feature", "no feature")
    case.check(all(e.get("var") for e in features), "features with a var", "one without a var")
    case.check(not any(map(len, features)), "features without children", "one with a child")


def _own_feature(case: Case, query: Element) -> None:
    own = ns.DISCO_INFO in features_in(query)
    case.check(own, "the feature disco#info", "no feature disco#info")


_WITHIN = pytest.mark.parametrize(
    "check",
    [
        pytest.param(check, id=name, marks=pytest.mark.requires(requirement))
        for name, requirement, check in (
            ("identity", "disco-identity-attributes", _attributes),
            ("identities", "disco-identity-unique", _unique),
            ("names", "disco-identity-names-equal", _one_name),
            ("features", "disco-feature-var", _features),
            ("own-feature", "disco-info-own-feature", _own_feature),
        )
    ],
)
_ABOUT = pytest.mark.parametrize("own", [False, True], ids=["server", "account"])


@_ABOUT
@_WITHIN
@requires()
async def test_information(case: Case, check: _Check, own: bool) -> None:
    stream = await case.bound(available=own)
    check(case, await _described(case, stream, case.jid() if own else case.domain))


@_ABOUT
@requires("disco-info-result")
async def test_result(case: Case, own: bool) -> None:
    stream = await case.bound(available=own)
    query = await _described(case, stream, case.jid() if own else case.domain)
    case.check(query.findall(IDENTITY), "an identity", "no identity")
    case.check(query.findall(FEATURE), "a feature", "no feature")


@_WITHIN
@requires()
async def test_services(case: Case, check: _Check) -> None:
    """Each service that the server lists says what it is, or refuses to."""
    stream = await case.bound()
    checked = 0
    for item in await items(case, stream, case.domain):
        to, node = item.get("jid", ""), item.get("node", "")
        if to.endswith(f".{case.domain}"):
            query = await info(case, stream, to, node)
            if len(query):
                check(case, query)
                checked += 1
    if not checked:
        case.not_applicable("the server lists no service")


@requires("disco-account-identity")
async def test_category_of_an_account(case: Case) -> None:
    query = await _described(case, await case.bound(available=True), case.jid())
    kinds = [category for category, _ in identities_in(query)]
    case.prefer("account" in kinds, "an identity of category account", "no account")


@requires("disco-account-answered-by-server")
async def test_for_an_account(case: Case) -> None:
    """An account of somebody else, who is online: the server answers, nobody else is asked."""
    receiver = await case.bound(1, available=True)
    stream = await case.bound()
    for uri in (ns.DISCO_INFO, ns.DISCO_ITEMS):
        answer = await ask(case, stream, discovery(uri), case.jid(1))
        case.judge(name_of(answer), Allowed("a result or an error", ("iq result", "iq error *")))
        case.check(answer.get("from") == case.jid(1), "from = the account", "another from")
    case.check(not await came(receiver, "iq"), "nothing delivered", "the request delivered")


@requires("disco-info-node-mirrored", "disco-unknown-node", node=_NODES)
async def test_unknown_node(case: Case, node: str) -> None:
    stream = await case.bound()
    answer = await ask(case, stream, discovery(ns.DISCO_INFO, node), case.domain)
    if answer.get("type") == "result":
        mirrored = [child.get("node") for child in answer] == [node]
        case.check(mirrored, "the node of the request", "another node, or none")
    case.judge(
        name_of(answer),
        Allowed(
            "<item-not-found/> or <service-unavailable/>",
            ("iq error item-not-found", "iq error service-unavailable"),
            ("iq error *", "iq result"),
        ),
    )


@requires("disco-info-node-mirrored")
async def test_known_nodes(case: Case) -> None:
    """Those that a server mostly has: its capabilities, its commands, what it lists itself."""
    stream = await case.bound()
    nodes = {"http://jabber.org/protocol/commands"}
    said = stream.features.find("{http://jabber.org/protocol/caps}c") if stream.features else None
    if said is not None:
        nodes.add(f"{said.get('node', '')}#{said.get('ver', '')}")
    listed = await items(case, stream, case.domain)
    nodes |= {e.get("node", "") for e in listed if e.get("node") and e.get("jid") == case.domain}
    for node in sorted(nodes):
        answer = await ask(case, stream, discovery(ns.DISCO_INFO, node), case.domain)
        if answer.get("type") == "result":
            mirrored = [child.get("node") for child in answer] == [node]
            case.check(mirrored, "the node of the request", "another node, or none")
    case.check(True, "the node of each request", "")


@requires("disco-identity-consistent")
async def test_the_same_for_everybody(case: Case) -> None:
    said = []
    for account in (0, 0, 1):
        stream = await case.bound(account)
        said.append(sorted(identities_in(await info(case, stream, case.domain))))
    case.prefer(said[0] == said[1] == said[2], "the same identities", "other identities")
