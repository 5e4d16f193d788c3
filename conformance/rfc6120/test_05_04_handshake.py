"""Section 5.4.3: what ends a handshake, whom it proves, and how TLS ends."""

from __future__ import annotations

import re
import ssl
from typing import Any

import pytest

from conformance.generate.sasl import NO_TLS
from conformance.rfc6120.steps import (
    before_handshake,
    greet,
    protected,
)
from conformance.suite import Allowed, Case, requires
from conformance.wire import hello
from conformance.wire.hello import client_hello
from conformance.wire.sasl import answer
from conformance.wire.stream import RawStream
from harness.errors import PeerError
from harness.xmpp import namespaces as ns
from harness.xmpp.client import END

_FENCE = f"<auth xmlns='{ns.SASL}' mechanism='X-FENCE'/>"
_HELLO = client_hello()
_NO_SUITE = (0xFAFA,)  # reserved for nobody's use (RFC 8701)


@requires("tls-failure-ends-connection", "tls-failure-no-closing-tag", junk=NO_TLS)
async def test_junk_for_a_hello(case: Case, junk: bytes) -> None:
    async with before_handshake(case) as stream:
        await stream.send(junk)
        await check_ended(case, stream)


@pytest.mark.parametrize("kind", ["version", "suite", "alert"])
@requires("tls-failure-ends-connection", "tls-failure-no-closing-tag")
async def test_failed_handshake(case: Case, kind: str) -> None:
    async with before_handshake(case) as stream:
        if kind == "alert":
            await stream.send(_HELLO)
            await hello.flight(stream.connection)
            await stream.send(hello.FATAL_ALERT)
        elif kind == "suite":
            await stream.send(client_hello(suites=_NO_SUITE))
        else:
            await stream.send(client_hello(hello.SSL3))
        await check_ended(case, stream)


async def check_ended(case: Case, stream: RawStream) -> None:
    """The connection ends, and nothing but TLS comes before that (section 5.4.3.2)."""
    received, how = await hello.ending(stream.connection)
    case.transcript.line(stream.number, "<", received)
    case.check(how != "open", "the end of the connection", "the connection stays open")
    xml = re.search(rb"</?[a-z]+:?stream|<stream", received)
    case.check(not xml, "no XML after a failed handshake", "XML after a failed handshake")


@requires("tls-all-data-protected", "tls-support")
async def test_plaintext_inside_tls(case: Case) -> None:
    """Section 5.4.3.1, rule 7: what is written past TLS is never read as part of the stream."""
    stream = await protected(case)
    stream.note(f"past TLS: {_FENCE}")
    await stream.connection.send_outside_tls(_FENCE.encode())
    allowed = Allowed("the end of the connection", ("closed", "reset"), ("silence",))
    reaction = await answer(stream)
    case.check("sasl" not in str(reaction), "the plaintext unread", "the plaintext was processed")
    case.judge(reaction, allowed)


@requires("tls-server-certificate", "tls-certs")
async def test_certificate_is_presented(case: Case) -> None:
    flight = await greet(case, client_hello())
    if not flight.served or flight.version == hello.TLS13:
        case.not_applicable("only TLS 1.2 shows the certificate to an observer")
    presented = hello.CERTIFICATE in flight.messages
    case.check(presented, "a certificate", "a handshake without a certificate")
    flight = await greet(case, client_hello(suites=hello.ANONYMOUS))
    case.check(not flight.served, "no suite without certificate", "served without a certificate")


@requires("tls-certificate-request")
async def test_certificate_is_requested(case: Case) -> None:
    flight = await greet(case, client_hello())
    if not flight.served or flight.version == hello.TLS13:
        case.not_applicable("only TLS 1.2 shows the request to an observer")
    asked = hello.CERTIFICATE_REQUEST in flight.messages
    case.prefer(asked, "a request for the client's certificate", "no certificate request")


@pytest.mark.parametrize("indication", ["with-sni", "without-sni"])
@requires("tls-certificate-for-to", "tls-server-name-indication", "tls-certs")
async def test_certificate_is_for_the_domain(case: Case, indication: str) -> None:
    """The profile's authority vouches for it, and it names the domain."""
    if not case.subject.endpoint.verify:
        case.not_applicable("the profile says not to check the certificate")
    async with before_handshake(case) as stream:
        context = ssl.create_default_context(cafile=stream.endpoint.ca)
        context.check_hostname = False
        # An address in place of a name: no server name indication is sent.
        name = case.domain if indication == "with-sni" else "127.0.0.1"
        try:
            await stream.connection.start_tls(context, name)
        except PeerError as error:
            untrusted = "CERTIFICATE_VERIFY_FAILED" in str(error)
            why = "a certificate that is not trusted" if untrusted else "the handshake fails"
            case.check(False, "a handshake with a trusted certificate", why)
        assert stream.connection.tls is not None
        certificate: dict[str, Any] = stream.connection.tls.ssl.getpeercert() or {}
    names = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]
    wildcard = "*." + case.domain.partition(".")[2]
    matches = case.domain in names or wildcard in names
    case.check(matches, "a certificate for the domain", "a certificate for other names")


@pytest.mark.parametrize("closer", ["client", "server"])
@requires("stream-close-tls-close-notify", "tls-support")
async def test_close_notify(case: Case, closer: str) -> None:
    """Section 4.4: the end of the connection is told inside TLS, so that nobody can feign it."""
    if case.subject.mode == "off":
        case.not_applicable("without TLS")
    stream = await case.bound()
    await stream.send(END if closer == "client" else "<message><x></y></message>")
    reaction = await stream.react()
    if reaction.close not in ("CLEAN", "NO-TAG"):
        raise case.unknown(f"the stream did not end: {reaction}")
    assert stream.connection.tls is not None
    try:
        told = stream.connection.tls.ssl.read(1) == b""
    except ssl.SSLZeroReturnError:
        told = True
    except ssl.SSLError:
        told = False
    case.check(told, "a close_notify alert", "the connection ended without close_notify")
