"""Sections 8.2.1 and 8.2.2: a message is pushed to somebody, presence is published."""

from __future__ import annotations

import pytest

from conformance.generate.text import CUTS, XML_TEXT
from conformance.rfc6120.common import NOTHING, after, came, delivered, written
from conformance.suite import Case, requires
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza


@requires("stanza-kind-message", body=XML_TEXT, cuts=CUTS)
async def test_message(case: Case, body: str, cuts: list[float]) -> None:
    receiver, sender = await case.pair()
    inner = f"<body>{stanza.escape(body).decode()}</body>"
    text = written("message", receiver.jid, inner, type="chat")
    found = await delivered(case, sender, receiver, text, "message", cuts)
    case.check(found.findtext(ns.BODY) == body, "the body unchanged", "another body")


@pytest.mark.parametrize("type_", [None, "unavailable"], ids=["available", "unavailable"])
@requires("stanza-kind-presence", "presence-directed", "stanza-attribute-to")
async def test_directed_presence(case: Case, type_: str | None) -> None:
    """It reaches one resource, which has no subscription, and nobody else."""
    receiver = await case.bound(1, available=True)
    others = [await case.bound(account, available=True) for account in (1, 2)]
    sender = await case.bound(0)
    text = written("presence", receiver.jid, "<status>x</status>", type=type_)
    case.judge(await after(case, sender, text), NOTHING)
    found = await came(receiver, "presence")
    case.check(found.count("x") == 1, "the presence, once", f"{found.count('x')} times")
    for other in others:
        case.check("x" not in await came(other, "presence"), "nothing", "the presence as well")
