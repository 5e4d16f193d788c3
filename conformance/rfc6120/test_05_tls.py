"""Section 5, up to <proceed/>: what is offered, and how the command is answered."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import strategies as st

from conformance.generate.headers import headers
from conformance.generate.sasl import STARTTLS as MALFORMED
from conformance.generate.text import CUTS, NAMES, offsets
from conformance.rfc6120.steps import (
    ANY_STREAM_ERROR,
    STARTTLS,
    plaintext,
    protected,
    sasl,
    starttls_in,
    whose,
)
from conformance.suite import Allowed, Case, Stage, requires
from conformance.wire.hello import TLS10, TLS12, client_hello
from conformance.wire.negotiation import best, offered, open_stream
from conformance.wire.sasl import answer
from conformance.wire.stream import PATIENCE_S, RawStream
from harness.xmpp import namespaces as ns

_REQUIRED = f"{{{ns.TLS}}}required"
_FENCE = f"<auth xmlns='{ns.SASL}' mechanism='X-FENCE'/>"
_FAILED = ("tls failure*",)


async def on_the_port(case: Case) -> RawStream:
    """A stream before TLS, on a port that should offer it."""
    return await case.at(Stage.OPENED, tls="starttls")


def is_required(stream: RawStream) -> bool:
    """TLS is mandatory to negotiate (section 5.3.1)."""
    found = starttls_in(stream.features)
    alone = stream.features is not None and len(stream.features) == 1
    return bool(found) and (alone or found[0].find(_REQUIRED) is not None)


@requires("tls-support", "starttls-advertised", "starttls-supported", data=st.data())
async def test_advertised(case: Case, data: st.DataObject) -> None:
    stream = await case.stream("starttls")
    features = await open_stream(stream, data.draw(headers(case.domain)))
    count = len(starttls_in(features))
    case.check(count == 1, "one <starttls/> in the features", f"{count} <starttls/>")


@requires("starttls-required-alone")
async def test_required_stands_alone(case: Case) -> None:
    stream = await on_the_port(case)
    if not is_required(stream):
        case.not_applicable("TLS is not mandatory here")
    assert stream.features is not None
    case.prefer(len(stream.features) == 1, "no other feature", "other features before TLS")


@pytest.mark.parametrize("what", ["auth", "bind", "message"])
@requires("tls-mtn", "starttls-required-enforced")
async def test_required_is_enforced(case: Case, what: str) -> None:
    stream = await on_the_port(case)
    if not is_required(stream):
        case.not_applicable("TLS is not mandatory here")
    if what == "auth":
        await sasl(case, stream).begin("SCRAM-SHA-1")
    elif what == "bind":
        await stream.send(f"<iq type='set' id='b'><bind xmlns='{ns.BIND}'/></iq>")
    else:
        await stream.send(f"<message to='{case.jid(1)}'><body>unprotected</body></message>")
    refused = (*ANY_STREAM_ERROR, "sasl failure *", "iq error *")
    allowed = Allowed("a refusal", refused, ("message error *",))
    case.judge(await answer(stream), allowed)


@requires("tls-mtn", "starttls-required-marked")
async def test_required_is_marked(case: Case) -> None:
    """A server that lets nobody log in before TLS must say so, with an empty element."""
    stream = await on_the_port(case)
    starttls = starttls_in(stream.features)
    marks = [mark for element in starttls for mark in element.iterfind(_REQUIRED)]
    empty = all(len(mark) == 0 and not mark.text for mark in marks)
    case.check(empty, "an empty <required/>", "a <required/> with content")
    if marks or not starttls:
        return
    if not offered(stream.features):
        case.prefer(False, "<required/>", "<starttls/> alone, without <required/>")
        return
    reaction = await sasl(case, stream).login(best(stream.features))
    refused = str(reaction) == "sasl failure encryption-required"
    case.check(not refused, "<required/>", "authentication refused, without <required/>")


@requires("tls-support", "starttls-reply", cuts=CUTS)
async def test_reply(case: Case, cuts: list[float]) -> None:
    stream = await on_the_port(case)
    await stream.send(STARTTLS, offsets(cuts, STARTTLS))
    case.judge(
        await answer(stream),
        Allowed("<proceed/> or <failure/>", ("tls proceed", *_FAILED)),
    )


@requires("starttls-no-whitespace", "starttls-no-data-after-proceed")
async def test_no_whitespace(case: Case) -> None:
    """What comes between our '>' and the first byte of TLS is <proceed/> and nothing else."""
    stream = await on_the_port(case)
    await stream.send(STARTTLS)
    received = b""
    async with asyncio.timeout(PATIENCE_S):
        while b">" not in received and (data := await stream.connection.read()):
            received += data
    case.transcript.line(stream.number, "<", received)
    case.check(received.startswith(b"<"), "<proceed/> at once", "white space before <proceed/>")
    end = received.find(b">") + 1
    closing = received[:end].rstrip(b">").endswith(b"/") or received.endswith(b"</proceed>")
    case.check(closing, "nothing behind <proceed/>", "data behind <proceed/>")
    await stream.handshake()  # fails on every byte that is none of TLS
    case.check(True, "a handshake right behind <proceed/>", "")


@pytest.mark.parametrize("kind", list(MALFORMED))
@requires("starttls-malformed", "starttls-failure-closes", data=st.data(), cuts=CUTS)
async def test_malformed(case: Case, kind: str, data: st.DataObject, cuts: list[float]) -> None:
    stream = await on_the_port(case)
    text = f"<starttls xmlns='{ns.TLS}'" + data.draw(MALFORMED[kind])
    await stream.send(text, offsets(cuts, text))
    reaction = await answer(stream)
    allowed = Allowed("<failure/>", (*_FAILED, *ANY_STREAM_ERROR), ("tls proceed",))
    case.judge(reaction, allowed)
    if str(reaction) == "tls failure":
        ended = f"close {reaction.close}"
        case.check(reaction.close == "CLEAN", "the closing tag and the end", ended)


@requires("starttls-malformed", name=NAMES, cuts=CUTS)
async def test_wrong_namespace(case: Case, name: str, cuts: list[float]) -> None:
    """An element of another namespace is no STARTTLS command: never <proceed/>."""
    stream = await on_the_port(case)
    text = f"<starttls xmlns='urn:example:{name}'/>"
    await stream.send(text, offsets(cuts, text))
    await stream.send(_FENCE)
    allowed = Allowed("a stream error", (*ANY_STREAM_ERROR, *_FAILED), ("ignored",))
    case.judge(await stream.react("^sasl failure "), allowed)


@requires("starttls-not-offered", "starttls-failure-closes", cuts=CUTS)
async def test_inside_tls(case: Case, cuts: list[float]) -> None:
    stream = await protected(case)
    await stream.send(STARTTLS, offsets(cuts, STARTTLS))
    await stream.send(_FENCE)
    reaction = await stream.react("^sasl failure ")
    tolerated = (*ANY_STREAM_ERROR, "ignored")
    case.judge(reaction, Allowed("<failure/> and the end", ("tls failure, closed",), tolerated))


@requires("starttls-after-sasl")
async def test_after_sasl(case: Case) -> None:
    """Section 5.3.4: SASL on an unprotected stream, and then it is too late for TLS."""
    stream = await plaintext(case)
    if not offered(stream.features):
        case.not_applicable("no SASL without TLS")
    reaction = await sasl(case, stream).login(best(stream.features))
    if str(reaction) != "sasl success":
        case.not_applicable("no SASL without TLS")
    stream.restart()
    features = await open_stream(stream)
    case.prefer(not starttls_in(features), "no <starttls/> after SASL", "<starttls/> after SASL")
    await stream.send(STARTTLS)
    allowed = Allowed("a refusal", (*_FAILED, *ANY_STREAM_ERROR), ("silence",))
    case.judge(await answer(stream), allowed)


@requires("tls-support", "starttls-supported")
async def test_login_inside_tls(case: Case) -> None:
    stream = await case.at(Stage.SECURED, tls="starttls")
    await sasl(case, stream).login(best(stream.features))
    mine = await whose(stream) == case.jid()
    case.check(mine, "a session of the account", "a session of another account")


@requires("xml-wellformed-xml", "tls-support", version=st.sampled_from([TLS10, TLS12]))
async def test_hello_in_place_of_a_header(case: Case, version: int) -> None:
    """TLS from the first byte on a port that is not for it: no XML (section 11.3)."""
    stream = await case.stream("starttls")
    await stream.send(client_hello(version, domain=case.domain))
    tolerated = (*ANY_STREAM_ERROR, "closed", "reset", "bad XML")
    strict = ("stream error not-well-formed", "stream error unsupported-encoding")
    allowed = Allowed("<not-well-formed/>", strict, tolerated)
    case.judge(await stream.react(), allowed)
