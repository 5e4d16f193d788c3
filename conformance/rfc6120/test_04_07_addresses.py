"""Sections 4.7.1 and 4.7.2: from and to of stream headers."""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.generate.headers import headers
from conformance.generate.text import CUTS, NAMES, offsets
from conformance.rfc6120.outcomes import ANY_STREAM_ERROR
from conformance.rfc6120.streams import EVERY_OPENING, due, response
from conformance.suite import Allowed, Case, requires
from conformance.wire.negotiation import header
from harness.xmpp.parser import StreamHeader


async def answered(case: Case, opening: str, sender: str | None) -> StreamHeader:
    """The response to a header with this `from`."""
    stream = await due(case, opening)
    await stream.send(header(case.domain, **{"from": sender}))
    return await response(case, stream)


@EVERY_OPENING
@requires("stream-attribute-response-from", data=st.data(), cuts=CUTS)
async def test_from_is_there(
    case: Case, opening: str, data: st.DataObject, cuts: list[float]
) -> None:
    stream = await due(case, opening)
    text = data.draw(headers(to=case.domain))
    await stream.send(text, offsets(cuts, text))
    found = await response(case, stream)
    case.check(found.attributes.get("from"), "a from in the response header", "no from")


@EVERY_OPENING
@requires("stream-response-from-served-domain", "stream-attribute-response-from")
async def test_from_is_a_domain_of_the_server(case: Case, opening: str) -> None:
    """The one that was asked for, or another: one to which a stream can be opened."""
    came = (await answered(case, opening, case.jid())).attributes.get("from", "")
    if came == case.domain:
        case.check(came, "a domain of the server", "")
        return
    stream = await case.stream()
    await stream.send(header(came))
    case.judge(await stream.react("^features "), Allowed("a domain of the server", ("ignored",)))


@EVERY_OPENING
@requires("stream-initial-from-optional", "stream-attribute-response-from")
async def test_header_without_from_is_served(case: Case, opening: str) -> None:
    stream = await due(case, opening, header(case.domain, **{"from": case.jid()}))
    await stream.send(header(case.domain))
    case.judge(
        await stream.react("^features "), Allowed("features", ("ignored",), ANY_STREAM_ERROR)
    )


@EVERY_OPENING
@requires("stream-attribute-response-to")
async def test_to_is_there(case: Case, opening: str) -> None:
    """The feature is recommended (section 15); the cases below hold to section 4.7.2."""
    found = await answered(case, opening, case.jid())
    case.prefer("to" in found.attributes, "a to in the response header", "no to")


@EVERY_OPENING
@requires("stream-response-to-mirrors-from")
async def test_to_is_the_from(case: Case, opening: str) -> None:
    came = (await answered(case, opening, case.jid())).attributes.get("to")
    case.check(
        came == case.jid(),
        "to = the from of the initial header",
        "no to" if came is None else "another to",
    )


@EVERY_OPENING
@requires("stream-response-to-bare", resource=NAMES)
async def test_to_is_bare(case: Case, opening: str, resource: str) -> None:
    came = (await answered(case, opening, f"{case.jid()}/{resource}")).attributes.get("to")
    words = {None: "no to", f"{case.jid()}/{resource}": "the full JID"}
    case.check(
        came == case.jid(),
        "to = the bare JID in the from of the initial header",
        words.get(came, "another to"),
    )


@EVERY_OPENING
@requires("stream-response-to-absent", "stream-attribute-response-to")
async def test_no_to_without_from(case: Case, opening: str) -> None:
    found = await answered(case, opening, None)
    case.check("to" not in found.attributes, "no to in the response header", "a to")
