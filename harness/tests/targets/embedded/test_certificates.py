"""SASL EXTERNAL: who a client is by its certificate."""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness.errors import PeerError, SaslError, StreamError
from harness.targets import certificates
from harness.targets.embedded import external
from harness.tests.targets.embedded.conftest import StartBench
from harness.tests.targets.embedded.driver import DOMAIN, HEADER, Bench, Raw
from harness.xmpp import namespaces as ns

A, B = f"a@{DOMAIN}", f"b@{DOMAIN}"
AUTH = f"<auth xmlns='{ns.SASL}' mechanism='EXTERNAL'>%s</auth>"
BIND = f"<iq type='set' id='b'><bind xmlns='{ns.BIND}'/></iq>"


def encoded(authzid: str) -> str:
    return base64.b64encode(authzid.encode()).decode() or "="


async def shown(bench: Bench, *jids: str, head: str = HEADER) -> tuple[Raw, list[str]]:
    """A stream whose client has shown a certificate for these JIDs, and what it is offered."""
    raw = await bench.raw(head, direct=True, context=bench.client_context(*jids))
    features = await raw.until("<stream:features>.*</stream:features>")
    return raw, re.findall("<mechanism>(.*?)<", features[0])


async def who_is_it(raw: Raw, authzid: str = "") -> str:
    """Log in with EXTERNAL: the bare JID, or the condition of the failure."""
    raw.send(AUTH % encoded(authzid))
    if failure := re.match("<failure[^>]*><(.*?)/>", (await raw.until("<[^>]*>(<.*?/>)?"))[0]):
        return failure[1]
    await raw.open()
    raw.send(BIND)
    return (await raw.until("<jid>(.*?)/"))[1]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("tls", ["starttls", "direct"])
async def test_login(bench: Bench, tls: str, version: ssl.TLSVersion) -> None:
    bench.context = bench.client_context(A)
    bench.context.minimum_version = bench.context.maximum_version = version
    client = await bench.login("a", "phone", tls=tls, mechanisms=("EXTERNAL",), password="")
    assert client.jid == f"{A}/phone"
    assert await client.fence() == []


async def test_a_resumed_session_of_tls_has_the_certificate_too(bench: Bench) -> None:
    """And it is SASL that logs in: without it the stream is nobody's."""
    context = bench.client_context(A)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    session = None
    for _ in range(2):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        layer = context.wrap_bio(incoming, outgoing, server_hostname=DOMAIN, session=session)
        reader, writer = await asyncio.open_connection("127.0.0.1", bench.ports["direct_port"])
        while True:
            try:
                layer.do_handshake()
                break
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                incoming.write(await reader.read(65_536))
        layer.write(HEADER.encode() + BIND.encode())
        writer.write(outgoing.read())
        said = b""
        while b"</stream:error>" not in said:
            incoming.write(await reader.read(65_536))
            said += layer.read(65_536)
        writer.transport.abort()
        assert b"<mechanism>EXTERNAL</mechanism>" in said
        assert b"<not-authorized " in said
        session = layer.session
    assert layer.session_reused


async def test_offered_first_and_only_to_whom_it_helps(bench: Bench) -> None:
    for jids, offers in (
        ((A,), True),
        ((A, "x@elsewhere.test"), True),
        ((), False),
        (("x@elsewhere.test",), False),
        ((f"nobody@{DOMAIN}",), False),
        ((f"{A}/phone",), False),
        (("@",), False),
        ((DOMAIN,), False),
    ):
        raw, offered = await shown(bench, *jids)
        assert (offered[0] == "EXTERNAL") is offers, jids
        assert ("EXTERNAL" in offered) is offers, jids
        assert "SCRAM-SHA-1-PLUS" in offered
        if not offers:
            assert await who_is_it(raw) == "invalid-mechanism", jids


async def test_not_offered_without_an_authority(start_bench: StartBench) -> None:
    bench = await start_bench(client_ca=None)
    _, offered = await shown(bench, A)
    assert "EXTERNAL" not in offered


@pytest.mark.parametrize(
    ("jids", "authzid", "outcome"),
    [
        ((A,), "", A),
        ((A,), A, A),
        ((A.upper(),), "", A),
        ((A,), f"A@{DOMAIN}", A),
        ((A,), B, "invalid-authzid"),
        ((A,), f"{A}/phone", "invalid-authzid"),
        ((A,), DOMAIN, "invalid-authzid"),
        ((A,), "@", "invalid-authzid"),
        ((A, B), "", A),
        ((A, B), B, B),
        ((A, B), f"c@{DOMAIN}", "invalid-authzid"),
        (("b@elsewhere.test", A), "", A),
        (("b@elsewhere.test", A), "b@elsewhere.test", "invalid-authzid"),
        ((f"nobody@{DOMAIN}", A), "", A),
        ((f"nobody@{DOMAIN}", A), f"nobody@{DOMAIN}", "invalid-authzid"),
    ],
)
async def test_whose_certificate(
    bench: Bench, jids: tuple[str, ...], authzid: str, outcome: str
) -> None:
    raw, _ = await shown(bench, *jids)
    assert await who_is_it(raw, authzid) == outcome


async def test_the_header_chooses_among_several(bench: Bench) -> None:
    raw, _ = await shown(bench, A, B, head=HEADER.replace(" to=", f" from='{B}' to="))
    assert await who_is_it(raw) == B


async def test_the_header_must_not_name_another(bench: Bench) -> None:
    raw, _ = await shown(bench, A, head=HEADER.replace(" to=", f" from='{B}' to="))
    raw.send(AUTH % "=")
    assert await raw.stream_error() == "invalid-from"


async def test_without_initial_response(bench: Bench) -> None:
    raw, _ = await shown(bench, A)
    raw.send(AUTH % "")
    await raw.until("<challenge [^>]*></challenge>")
    raw.send(f"<response xmlns='{ns.SASL}'/>")
    await raw.until("<success [^>]*></success>")


async def test_what_is_no_text(bench: Bench) -> None:
    raw, _ = await shown(bench, A)
    raw.send(AUTH % base64.b64encode(b"\xff").decode())
    await raw.until("<malformed-request/>")


async def test_a_password_is_as_good(bench: Bench) -> None:
    bench.context = bench.client_context(A)
    for mechanism in ("SCRAM-SHA-1-PLUS", "PLAIN"):
        client = await bench.login("b", tls="direct", mechanisms=(mechanism,))
        assert client.bare == B
    with pytest.raises(SaslError):
        await bench.login("a", tls="direct", mechanisms=("PLAIN",), password="wrong")


async def first_byte(bench: Bench, context: ssl.SSLContext) -> bytes:
    """With TLS 1.3 a client learns only by reading that its certificate is refused."""
    raw = await bench.raw(HEADER, direct=True, context=context)
    return await raw.reader.read(1)


async def test_certificates_that_are_not_valid_end_the_handshake(
    bench: Bench, tmp_path: Path
) -> None:
    strangers = certificates.issue(tmp_path, DOMAIN)
    unknown = bench.client_context()
    unknown.load_cert_chain(certificates.client(tmp_path, strangers, A))
    expired = bench.client_context(A, until=datetime.now(UTC) - timedelta(days=1))
    for context, reason in ((unknown, "UNKNOWN_CA"), (expired, "CERTIFICATE_EXPIRED")):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context.minimum_version = context.maximum_version = version
            with pytest.raises(ssl.SSLError, match=reason):
                await first_byte(bench, context)


async def test_starttls_with_a_certificate_that_is_not_valid(bench: Bench, tmp_path: Path) -> None:
    strangers = certificates.issue(tmp_path, DOMAIN)
    bench.context.load_cert_chain(certificates.client(tmp_path, strangers, A))
    with pytest.raises((ssl.SSLError, PeerError, StreamError)):
        await bench.login("a", tls="starttls")


# The names in certificates.


def certificate_with(*names: x509.GeneralName) -> bytes:
    """A certificate (DER) with these subjectAltNames; nobody looks at its signature."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def test_names() -> None:
    other = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.7")
    der = certificate_with(
        x509.DNSName("example.test"),
        x509.RFC822Name(A),
        x509.UniformResourceIdentifier(f"xmpp:{A}"),
        x509.OtherName(other, asn1.encode_der(A)),
        x509.OtherName(external.XMPP_ADDRESS, b"\x16\x01a"),  # an IA5String
        x509.OtherName(external.XMPP_ADDRESS, asn1.encode_der("B@Bench.test")),
        x509.OtherName(external.XMPP_ADDRESS, asn1.encode_der("c@elsewhere.test")),
    )
    assert external.named(der) == (B, "c@elsewhere.test")
    assert external.identities(der, DOMAIN) == (B,)
    assert external.named(certificate_with()) == ()
    assert external.named(b"no certificate") == ()


def test_client_certificates_are_private(tmp_path: Path) -> None:
    issued = certificates.issue(tmp_path, DOMAIN)
    path = certificates.client(tmp_path, issued, A)
    for file in (path, issued.ca_key, issued.key, issued.bundle):
        assert file.stat().st_mode & 0o077 == 0
    text = path.read_text()
    assert text.count("PRIVATE KEY-----") == 2
    certificate = x509.load_pem_x509_certificate(text.encode())
    authority = x509.load_pem_x509_certificate(issued.ca.read_bytes())
    certificate.verify_directly_issued_by(authority)
    assert external.named(ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN CERT") :])) == (A,)
