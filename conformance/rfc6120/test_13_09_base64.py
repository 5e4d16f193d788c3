"""Section 13.9: base64 that hides something, text that breaks a server, and SSL 2.0."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from conformance.generate.sasl import ILLEGAL
from conformance.generate.text import XML_TEXT
from conformance.rfc6120.steps import (
    ANY_STREAM_ERROR,
    REFUSAL,
    a_scram,
    before_handshake,
    failure,
    need,
    sasl,
)
from conformance.suite import Allowed, Case, requires
from conformance.wire.hello import ending, ssl2_hello
from conformance.wire.negotiation import best
from conformance.wire.stream import Reaction
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

_SHARES = st.floats(0.1, 0.8)  # of the base64 that stands before what is inserted
_WHERE = ["plain", "scram-first", "scram-final"]
_OTHERS = ("sasl failure malformed-request", "sasl failure not-authorized")
_ENCODING = failure("incorrect-encoding", lenient=_OTHERS)


async def spoilt_login(case: Case, where: str, spoil: str) -> Reaction:
    """What a server says to right credentials, the base64 of which is spoilt in one message."""
    stream = await case.secured()
    client = sasl(case, stream)
    if where == "plain":
        need(case, stream, "PLAIN")
        await client.begin("PLAIN", spoil=spoil)
        return await client.answer()
    await client.begin(a_scram(case, stream), spoil=spoil if where == "scram-first" else "")
    if where == "scram-first":
        return await client.answer()
    if str(await client.answer()) != "sasl challenge":
        raise case.unknown("no challenge")
    await client.prove(spoil=spoil)
    return await client.answer()


@pytest.mark.parametrize("where", _WHERE)
@pytest.mark.parametrize("kind", list(ILLEGAL))
@requires("base64-illegal-characters", data=st.data(), share=_SHARES)
async def test_illegal_characters(
    case: Case, where: str, kind: str, data: st.DataObject, share: float
) -> None:
    """They are not dropped: who drops them opens a covert channel."""
    spoil = f"{share}:{data.draw(ILLEGAL[kind])}"
    case.judge(await spoilt_login(case, where, spoil), _ENCODING)


@pytest.mark.parametrize("where", _WHERE)
@requires("base64-padding-inside", share=_SHARES)
async def test_padding_inside(case: Case, where: str, share: float) -> None:
    case.judge(await spoilt_login(case, where, f"{share}:="), _ENCODING)


@pytest.mark.parametrize("where", _WHERE)
@pytest.mark.parametrize("spoil", ["padding-bits", "no-padding"])
@requires("base64-padding-bits")
async def test_faulty_padding(case: Case, where: str, spoil: str) -> None:
    """Tolerated: RFC 4648 section 3.5 leaves it to the decoder."""
    lenient = (*_OTHERS, "sasl success", "sasl challenge")
    reaction = await spoilt_login(case, where, spoil)
    case.judge(reaction, failure("incorrect-encoding", lenient=lenient))


@pytest.mark.parametrize("element", ["auth", "response"])
@requires("base64-robust", text=XML_TEXT, times=st.sampled_from([1, 10, 100, 1000]))
async def test_any_text(case: Case, element: str, text: str, times: int) -> None:
    stream = await case.secured()
    client = sasl(case, stream)
    payload = stanza.escape("!" + text).decode() * times
    start = f"auth mechanism='{best(stream.features)}'"
    if element == "response":
        start = "response"
        await client.begin(a_scram(case, stream))
        await client.answer()
    await stream.send(f"<{start} xmlns='{ns.SASL}'>{payload}</{element}>")
    allowed = Allowed(REFUSAL.words, (*REFUSAL.strict, *ANY_STREAM_ERROR))
    case.judge(await client.answer(), allowed)


@requires("tls-no-ssl2")
async def test_no_ssl2(case: Case) -> None:
    async with before_handshake(case) as stream:
        await stream.send(ssl2_hello())
        received, _ = await ending(stream.connection)
        case.transcript.line(stream.number, "<", received)
    served = len(received) > 2 and received[0] & 0x80 and received[2] == 4  # SERVER-HELLO
    case.check(not served, "no SSL 2.0", "served with SSL 2.0")
