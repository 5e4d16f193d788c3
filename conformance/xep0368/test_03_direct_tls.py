"""Section 3: TLS from the first byte, as a client meets it."""

from __future__ import annotations

import ssl
from functools import cache

import pytest

from conformance.rfc6120.outcomes import ANY_STREAM_ERROR
from conformance.rfc6120.steps import STARTTLS, starttls_in
from conformance.suite import Allowed, Case, Stage, requires
from conformance.wire.negotiation import open_stream
from conformance.wire.stream import RawStream
from harness.errors import PeerError
from harness.targets.base import Endpoint
from harness.transport.tls import client_context
from harness.xmpp import namespaces as ns

_PROTOCOL = "xmpp-client"
_FENCE = f"<auth xmlns='{ns.SASL}' mechanism='X-FENCE'/>"


@cache
def _context(endpoint: Endpoint, offer: tuple[str, ...]) -> ssl.SSLContext:
    made: ssl.SSLContext = client_context.__wrapped__(endpoint.ca, endpoint.verify)
    made.set_alpn_protocols(offer)
    return made


async def _connected(case: Case, *offer: str) -> RawStream:
    """TLS at once, with the domain as server name, and these protocols on offer (ALPN).

    Raises Absent where the target has no port for it.
    """
    endpoint = case.subject.endpoints.get("direct")
    if endpoint is None:
        raise case.absent("the target has no port for direct TLS")
    try:
        stream = await case.stream("direct", _context(endpoint, offer))
    except PeerError as error:
        case.transcript.received += 1  # its answer is not XML
        untrusted = "CERTIFICATE_VERIFY_FAILED" in str(error)
        why = "a certificate that is not trusted" if untrusted else "the handshake fails"
        case.check(False, "a handshake", why)
        raise
    case.transcript.steps[-1]["with"] = {"alpn": " ".join(offer)}
    return stream


@pytest.mark.parametrize(
    "offer",
    [
        pytest.param((), id="without-alpn"),
        pytest.param((_PROTOCOL,), id="alpn", marks=pytest.mark.requires("direct-tls-alpn")),
        pytest.param(
            ("http/1.1", _PROTOCOL),
            id="alpn-of-several",
            marks=pytest.mark.requires("direct-tls-alpn"),
        ),
    ],
)
@requires("direct-tls-stream")
async def test_stream(case: Case, offer: tuple[str, ...]) -> None:
    stream = await _connected(case, *offer)
    await open_stream(stream)
    assert stream.connection.tls is not None
    chosen = stream.connection.tls.ssl.selected_alpn_protocol()
    case.check(chosen in (None, _PROTOCOL), f"{_PROTOCOL}, or no choice", "another protocol")


@requires("direct-tls-stream")
async def test_login(case: Case) -> None:
    stream = await case.at(Stage.BOUND, tls="direct")
    case.check(stream.secure and stream.jid, "a session within TLS", "no session")


@requires("direct-tls-certificate")
async def test_certificate(case: Case) -> None:
    if not case.subject.endpoint.verify:
        case.not_applicable("the profile says not to check the certificate")
    stream = await _connected(case, _PROTOCOL)  # its context wants a certificate for the domain
    await open_stream(stream)
    case.check(stream.secure, "a certificate for the domain", "no TLS")


@requires("direct-tls-no-starttls")
async def test_no_starttls_offered(case: Case) -> None:
    stream = await _connected(case, _PROTOCOL)
    features = await open_stream(stream)
    case.check(not starttls_in(features), "no <starttls/> in the features", "<starttls/>")


@requires("direct-tls-no-starttls")
async def test_starttls_refused(case: Case) -> None:
    stream = await _connected(case, _PROTOCOL)
    await open_stream(stream)
    await stream.send(STARTTLS + _FENCE)
    allowed = Allowed("no <proceed/>", ("tls failure*", *ANY_STREAM_ERROR, "ignored"))
    case.judge(await stream.react("^sasl failure "), allowed)
