"""Section 6.5: requests that are none, and mechanisms that nobody has."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from conformance.generate.sasl import (
    BAD_NAMES,
    JUNK,
    MALFORMED_PLAIN,
    MALFORMED_SCRAM,
    MECHANISM_NAMES,
    NOT_BASE64,
    ODD_SCRAM,
    THREE_NULS,
)
from conformance.generate.text import CUTS, offsets
from conformance.rfc6120.steps import (
    ANY_STREAM_ERROR,
    MALFORMED,
    a_scram,
    failure,
    need,
    plaintext,
    sasl,
)
from conformance.suite import Case, requires
from conformance.wire.negotiation import best, offered
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza


def auth(mechanism: str, text: str = "") -> str:
    """<auth/> with this text, base64 or not."""
    name = stanza.escape(mechanism).decode()
    payload = stanza.escape(text).decode()
    return f"<auth xmlns='{ns.SASL}' mechanism='{name}'>{payload}</auth>"


@pytest.mark.parametrize("kind", list(MALFORMED_PLAIN))
@requires("sasl-failure-malformed-request", data=st.data())
async def test_malformed_plain(case: Case, kind: str, data: st.DataObject) -> None:
    stream = await case.secured()
    need(case, stream, "PLAIN")
    client = sasl(case, stream)
    await client.auth("PLAIN", data.draw(MALFORMED_PLAIN[kind]))
    case.judge(await client.answer(), MALFORMED)


@requires("sasl-failure-malformed-request", message=THREE_NULS)
async def test_plain_with_more_behind(case: Case, message: str) -> None:
    """Something behind the right password: nothing in the text forbids to overlook it."""
    stream = await case.secured()
    need(case, stream, "PLAIN")
    client = sasl(case, stream)
    await client.auth("PLAIN", message)
    others = ("sasl failure not-authorized", "sasl success")
    case.judge(await client.answer(), failure("malformed-request", lenient=others))


@pytest.mark.parametrize("kind", list(MALFORMED_SCRAM))
@requires("sasl-failure-malformed-request")
async def test_malformed_scram(case: Case, kind: str) -> None:
    stream = await case.secured()
    client = sasl(case, stream)
    await client.auth(a_scram(case, stream), MALFORMED_SCRAM[kind])
    case.judge(await client.answer(), failure("malformed-request", lenient=("sasl failure *",)))


@pytest.mark.parametrize("kind", list(ODD_SCRAM))
@requires("sasl-failure-malformed-request")
async def test_odd_scram(case: Case, kind: str) -> None:
    """What a server can make sense of, though RFC 5802 section 7 has no room for it."""
    stream = await case.secured()
    client = sasl(case, stream)
    await client.auth(a_scram(case, stream), ODD_SCRAM[kind])
    others = ("sasl failure *", "sasl challenge")
    case.judge(await client.answer(), failure("malformed-request", lenient=others))


@requires("sasl-failure-malformed-request", junk=JUNK)
async def test_challenge_answered_by_junk(case: Case, junk: str) -> None:
    stream = await case.secured()
    client = sasl(case, stream)
    await client.begin(a_scram(case, stream))
    if str(await client.answer()) != "sasl challenge":
        raise case.unknown("no challenge")
    await client.respond(junk)
    case.judge(await client.answer(), MALFORMED)


@pytest.mark.parametrize("element", ["auth", "response"])
@pytest.mark.parametrize("kind", list(NOT_BASE64))
@requires("sasl-failure-incorrect-encoding", data=st.data(), cuts=CUTS)
async def test_text_that_is_no_base64(
    case: Case, element: str, kind: str, data: st.DataObject, cuts: list[float]
) -> None:
    stream = await case.secured()
    client = sasl(case, stream)
    text = data.draw(NOT_BASE64[kind])
    said = auth(best(stream.features), text)
    if element == "response":
        await client.begin(a_scram(case, stream))
        await client.answer()
        said = f"<response xmlns='{ns.SASL}'>{stanza.escape(text).decode()}</response>"
    await stream.send(said, offsets(cuts, said))
    others = ("sasl failure malformed-request", "sasl failure not-authorized")
    case.judge(await client.answer(), failure("incorrect-encoding", lenient=others))


@requires("sasl-failure-invalid-mechanism", name=MECHANISM_NAMES, cuts=CUTS)
async def test_unknown_mechanism(case: Case, name: str, cuts: list[float]) -> None:
    stream = await case.secured()
    text = auth(name)
    await stream.send(text, offsets(cuts, text))
    case.judge(await sasl(case, stream).answer(), failure("invalid-mechanism"))


@pytest.mark.parametrize("kind", list(BAD_NAMES))
@requires("sasl-failure-invalid-mechanism", data=st.data())
async def test_name_of_no_mechanism(case: Case, kind: str, data: st.DataObject) -> None:
    """Names that SASL cannot have."""
    stream = await case.secured()
    await stream.send(auth(data.draw(BAD_NAMES[kind])))
    others = ("sasl failure malformed-request", *ANY_STREAM_ERROR)
    case.judge(await sasl(case, stream).answer(), failure("invalid-mechanism", lenient=others))


@requires("sasl-failure-invalid-mechanism")
async def test_no_mechanism(case: Case) -> None:
    stream = await case.secured()
    await stream.send(f"<auth xmlns='{ns.SASL}'/>")
    allowed = failure("invalid-mechanism", "malformed-request", lenient=ANY_STREAM_ERROR)
    case.judge(await sasl(case, stream).answer(), allowed)


@requires("sasl-failure-encryption-required")
async def test_encryption_required(case: Case) -> None:
    stream = await plaintext(case)
    if "PLAIN" in offered(stream.features):
        case.not_applicable("the server does not demand TLS for PLAIN")
    client = sasl(case, stream)
    await client.begin("PLAIN")
    others = ("sasl failure mechanism-too-weak", "sasl failure invalid-mechanism")
    case.judge(await client.answer(), failure("encryption-required", lenient=others))
