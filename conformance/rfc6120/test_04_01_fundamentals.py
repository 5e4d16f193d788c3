"""Sections 4.1 and 4.5: header answers header, and what is inside of a stream, or of a stanza."""

from __future__ import annotations

import re

import pytest
from hypothesis import strategies as st

from conformance.generate.headers import headers
from conformance.generate.text import CUTS, NAMES, URIS, offsets
from conformance.rfc6120.common import after
from conformance.rfc6120.streams import EVERY_OPENING, due, messages, reached, response, tap
from conformance.suite import Allowed, Case, requires
from harness.xmpp import namespaces as ns

_BEGINNING = re.compile(rb"\s*(<\?xml\s[^>]*\?>)?\s*<[^?!]")
_END = "</stream:stream>"


@EVERY_OPENING
@requires("stream-response-header", "stream-tcp-binding", data=st.data(), cuts=CUTS)
async def test_header_is_answered(
    case: Case, opening: str, data: st.DataObject, cuts: list[float]
) -> None:
    stream = await due(case, opening)
    received = tap(stream)
    text = data.draw(headers(to=case.domain, lang=data.draw(st.sampled_from([None, "en"]))))
    await stream.send(text, offsets(cuts, text))
    found = await response(case, stream)
    case.check(found.tag == f"{{{ns.STREAM}}}stream", "<stream:stream>", "another root")
    case.check(
        _BEGINNING.match(received),
        "nothing before the header but an XML declaration",
        "something else before the header",
    )


@requires(
    "stanza-only-at-depth-one",
    "stanza-extension",
    name=NAMES,
    uri=URIS,
    kind=st.sampled_from(["message", "presence"]),
)
async def test_inner_stanza_is_no_stanza(case: Case, name: str, uri: str, kind: str) -> None:
    receiver, sender = await case.pair()
    third = await case.bound(2)
    inner = f"<{kind} xmlns='{ns.CLIENT}' to='{third.jid}' id='inner'/>"
    await sender.send(
        f"<message to='{receiver.jid}' id='outer' type='headline'>"
        f"<{name} xmlns='{uri}'>{inner}</{name}></message>"
    )
    whole = await receiver.element("^message")
    case.check(
        whole.find(f"{{{uri}}}{name}/{{{ns.CLIENT}}}{kind}") is not None,
        "the whole message at its addressee",
        "a message without the inner stanza",
    )
    case.judge(await reached(third), Allowed("nothing at the inner addressee", ("ignored",)))


@requires("stream-data-after-closing-tag", "stream-tcp-binding", cuts=CUTS)
async def test_message_behind_the_closing_tag(case: Case, cuts: list[float]) -> None:
    receiver, sender = await case.pair()
    text = f"{_END}<message to='{receiver.jid}' id='behind' type='headline'/>"
    await sender.send(text, offsets(cuts, text))
    await sender.react()
    case.check(await messages(receiver) == [], "nothing delivered", "the message delivered")


@pytest.mark.parametrize("kind", ["message", "presence", "iq"])
@requires(
    "stream-same-connection",
    "stream-features-voluntary-skipped",
    "stream-negotiation-complete",
    "xml-namespace-content-client",
)
async def test_stanzas_flow_both_ways(case: Case, kind: str) -> None:
    """After STARTTLS, SASL and bind alone; what comes back comes on the same connection."""
    one, other = await case.pair()
    request = "type='get'" if kind == "iq" else ""
    for sender, receiver in ((one, other), (other, one)):
        payload = "<q xmlns='urn:example:q'/>"
        await sender.send(f"<{kind} id='hello' to='{receiver.jid}' {request}>{payload}</{kind}>")
        case.judge(await after(case, sender, ""), Allowed("no refusal", ("ignored",)))
        case.judge(
            await reached(receiver),
            Allowed("the stanza at its addressee", ("iq get" if kind == "iq" else kind,)),
        )
