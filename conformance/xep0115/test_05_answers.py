"""Sections 5.4 and 9.1: what a server makes of the answers of clients. It shows by the
notifications of personal eventing (XEP-0163), which go to who asks for them in its capabilities."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from conformance.suite import Case, requires
from conformance.xep0115.client import Client, described
from conformance.xep0163.common import do, is_about, new_node, owner, publish, said


def _twice(features: list[str]) -> Element:
    """An answer in which the last feature stands twice."""
    query = described(features)
    query.append(query[-1])
    return query


@requires("caps-mandatory-hash")
async def test_sha_1(case: Case) -> None:
    async with owner(case, 1) as (stream, _), new_node(case) as node:
        client = Client(case, await case.bound(1), [f"{node}+notify"])
        await client.announce()
        await do(case, stream, publish(node, "x"))
        found = await client.wait(lambda e: is_about(e, node))
        case.check(found is not None, "a notification", "no notification")


@pytest.mark.parametrize(
    "twice",
    [
        pytest.param(False, id="other", marks=pytest.mark.requires("caps-poisoned-answer")),
        pytest.param(True, id="twice", marks=pytest.mark.requires("caps-ill-formed-answer")),
    ],
)
@requires()
async def test_wrong_answer(case: Case, twice: bool) -> None:
    """One client shows a hash and says that it stands for an interest in the node: but that is not
    what gives the hash, or it stands there twice. Another one shows the same hash, and has none."""
    async with owner(case, 1, 2, 3) as (stream, *_), new_node(case) as node:
        quiet, loud = [f"urn:example:{node}"], [f"urn:example:{node}", f"{node}+notify"]
        claims = _twice(loud) if twice else described(loud)
        hashed = claims if twice else None
        liar = Client(case, await case.bound(1), quiet, claims=claims, hashed=hashed)
        await liar.announce()
        honest = Client(case, await case.bound(2), quiet, hashed=hashed)
        witness = Client(case, await case.bound(3), [f"{node}+notify"])
        for client in (honest, witness):
            await client.announce()
        for text in ("one", "two"):
            await do(case, stream, publish(node, text))
        if not await witness.wait(lambda e: "two" in [news.text for news in said([e], node)]):
            raise case.unknown("who may hear of it does not")
        heard = said(await honest.settle(), node)
        case.check(not heard, "no notification", "a notification")
