"""Sections 4 to 7: the capabilities of the server itself."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from conformance.suite import Case, requires
from conformance.wire.stream import RawStream
from conformance.xep0030.common import FEATURE, IDENTITY, features_in, info, items
from harness.xmpp import capabilities as caps


async def _shown(case: Case) -> tuple[RawStream, Element]:
    """A bound stream, and the <c/> among its features; without one there is nothing to say."""
    stream = await case.bound()
    found = stream.features.find(caps.C) if stream.features is not None else None
    if found is None:
        case.not_applicable("the server shows no capabilities of its own")
    return stream, found


async def _queried(case: Case, stream: RawStream, shown: Element) -> Element:
    """What the server answers for the node that its capabilities name."""
    return await info(case, stream, case.domain, f"{shown.get('node')}#{shown.get('ver')}")


@requires("caps-attributes", "caps-stream-feature")
async def test_attributes(case: Case) -> None:
    _, shown = await _shown(case)
    for name in ("hash", "node", "ver"):
        case.check(shown.get(name), f"the attribute {name}", f"no {name}")


@requires("caps-ver")
async def test_hash(case: Case) -> None:
    stream, shown = await _shown(case)
    algorithm = shown.get("hash", "")
    if algorithm not in caps.HASHES:
        raise case.unknown("a hash that the suite does not know")
    query = await info(case, stream, case.domain)
    right = caps.verification(query, algorithm)
    case.check(shown.get("ver") == right, "the hash of the answer", "another one")


@requires("caps-stream-feature-from")
async def test_address(case: Case) -> None:
    stream, _ = await _shown(case)
    header = stream.header.attributes if stream.header is not None else {}
    case.check(header.get("from") == case.domain, "from = the domain", "another from, or none")
    answered = features_in(await info(case, stream, header.get("from", "")))
    case.check(answered, "an answer to disco#info", "no answer")


@requires("caps-node-answered")
async def test_node(case: Case) -> None:
    stream, shown = await _shown(case)
    whole, answer = await info(case, stream, case.domain), await _queried(case, stream, shown)
    node = f"{shown.get('node')}#{shown.get('ver')}"
    case.check(answer.get("node") == node, "the node of the request", "another node, or none")
    same = _said(answer) == _said(whole)
    case.check(same, "all that it says without a node", "something else")


def _said(query: Element) -> tuple[list[tuple[tuple[str, str], ...]], set[str]]:
    identities = [tuple(sorted(e.attrib.items())) for e in query.iterfind(IDENTITY)]
    return sorted(identities), {e.get("var", "") for e in query.iterfind(FEATURE)}


@requires("caps-node-not-listed")
async def test_items(case: Case) -> None:
    stream, shown = await _shown(case)
    node = f"{shown.get('node')}#{shown.get('ver')}"
    listed = {e.get("node") for e in await items(case, stream, case.domain)}
    case.prefer(node not in listed, "no item with the node", "an item with the node")


@requires("caps-feature")
async def test_feature(case: Case) -> None:
    stream = await case.bound()
    shows = stream.features is not None and stream.features.find(caps.C) is not None
    listed = caps.CAPS in features_in(await info(case, stream, case.domain))
    if not shows and not listed:
        raise case.absent(f"the server neither shows capabilities nor lists {caps.CAPS}")
    case.check(listed or not shows, f"the feature {caps.CAPS}", "no feature")
