"""Section 4.3.3: what a restart keeps, and what it throws away."""

from __future__ import annotations

import re

import pytest

from conformance.rfc6120.common import after
from conformance.rfc6120.outcomes import UNDECLARED
from conformance.rfc6120.streams import OPENINGS, RESTARTS, due, reached, response, tap
from conformance.suite import Allowed, Case, requires
from conformance.wire.negotiation import bind, header, open_stream
from conformance.wire.stream import RawStream
from harness.xmpp import namespaces as ns

_DECLARATION = re.compile(rb"\s*<\?xml\s")
_OLD_LANG = "tlh"
_DIALBACK = "jabber:server:dialback"  # the one further namespace that headers declare by custom


@RESTARTS
@requires(
    "stream-restart-new-id", "stream-attribute-response-id-unique", "stream-negotiation-restart"
)
async def test_restart_brings_a_new_id(case: Case, opening: str) -> None:
    """Of the stream before, whose header is the last one that the server has sent."""
    stream = await due(case, opening)
    before = stream.header.attributes.get("id") if stream.header else None
    await stream.send(header(case.domain))
    found = (await response(case, stream)).attributes.get("id")
    case.check(found != before, "another id than that of the stream before", "the same id")


@RESTARTS
@requires("stream-restart-no-closing-tag", "stream-same-connection", "stream-negotiation-restart")
async def test_restart_ends_nothing(case: Case, opening: str) -> None:
    """Behind <proceed/> or <success/> the next that comes is the new header."""
    stream = await due(case, opening)
    await stream.send(header(case.domain))
    await response(case, stream)


@RESTARTS
@requires("stream-restart-xml-declaration", "stream-negotiation-restart")
async def test_declaration_before_the_header(case: Case, opening: str) -> None:
    stream = await due(case, opening)
    received = tap(stream)
    await stream.send(header(case.domain))
    await response(case, stream)
    case.prefer(
        _DECLARATION.match(received), "an XML declaration before the header", "no XML declaration"
    )


async def changed(case: Case, opening: str) -> RawStream:
    """A connection whose earlier headers said more than the one that is due now."""
    changes = {"from": case.jid(), "xml:lang": _OLD_LANG, "xmlns:db": _DIALBACK}
    return await due(case, opening, header(case.domain, **changes))


@RESTARTS
@requires("stream-restart-old-header-void", "stream-negotiation-restart")
async def test_from_is_forgotten(case: Case, opening: str) -> None:
    stream = await changed(case, opening)
    await stream.send(header(case.domain))
    found = await response(case, stream)
    case.check("to" not in found.attributes, "no to in the response header", "the former from")


@requires("stream-restart-old-header-void", "stream-negotiation-restart")
async def test_language_is_forgotten(case: Case) -> None:
    sender = await changed(case, OPENINGS[-1])
    await open_stream(sender, header(case.domain, **{"xml:lang": None}))
    await bind(sender)
    receiver = await case.bound(1)
    await sender.send(
        f"<message to='{receiver.jid}' id='m' type='headline'><body>x</body></message>"
    )
    found = await receiver.element("^message")
    case.check(
        found.get(ns.LANG) != _OLD_LANG,
        "a message without the language of an earlier header",
        "the language of an earlier header",
    )


@pytest.mark.parametrize(
    "text",
    ["<db:x/>", "<message to='{}' id='m' type='headline'><db:x/></message>"],
    ids=["element", "child"],
)
@requires("stream-restart-old-header-void", "stream-negotiation-restart")
async def test_prefixes_are_forgotten(case: Case, text: str) -> None:
    receiver = await case.bound(1)
    sender = await changed(case, OPENINGS[-1])
    await open_stream(sender)
    await bind(sender)
    case.judge(await after(case, sender, text.format(receiver.jid)), UNDECLARED)
    case.judge(await reached(receiver), Allowed("nothing delivered", ("ignored",)))
