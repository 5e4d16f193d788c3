"""ClientHellos by hand: a server that would agree is told from one that refuses."""

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path

import pytest
import trustme

from conformance.wire import hello
from conformance.wire.hello import Flight, client_hello


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("certificates")
    found = {}
    for kind in trustme.KeyType:
        leaf = trustme.CA(key_type=kind).issue_cert("bench.test", key_type=kind)
        found[kind.name] = folder / f"{kind.name}.pem"
        leaf.private_key_and_cert_chain_pem.write_to_path(str(found[kind.name]))
    return found


class Server:
    """OpenSSL's answer, as a connection."""

    def __init__(self, certificate: Path, ciphers: str = "", newest: str = "TLSv1_2") -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = ssl.TLSVersion[newest]
        if ciphers:
            context.set_ciphers(ciphers)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.ssl = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    async def read(self) -> bytes:
        with suppress(ssl.SSLError):
            self.ssl.do_handshake()
        return self.outgoing.read()


class Says:
    """A connection on which this comes, and then the end."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)

    async def read(self) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


async def greet(server: Server, data: bytes) -> Flight:
    server.incoming.write(data)
    return await hello.flight(server)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "ciphers", "suites"),
    [
        ("RSA", "eNULL:@SECLEVEL=0", hello.NULL),
        ("ECDSA", "aNULL:@SECLEVEL=0", hello.ANONYMOUS),
        ("RSA", "AES128-SHA", [hello.RSA_AES_128_CBC_SHA]),
        ("RSA", "AES256-GCM-SHA384:AES128-GCM-SHA256", hello.STATIC_RSA),
        ("ECDSA", "ECDHE+AESGCM", hello.ECDHE_GCM),
        ("RSA", "ECDHE+AESGCM", hello.ECDHE_GCM),
        ("ECDSA", "ECDHE+AES:!AESGCM:!AESCCM", hello.ECDHE_CBC),
    ],
)
async def test_a_server_that_has_the_suite_serves_it(certificates, key, ciphers, suites):
    flight = await greet(Server(certificates[key], ciphers), client_hello(suites=suites))
    assert flight.served
    assert flight.suite in suites
    assert str(flight) == "served with TLS 1.2"
    assert flight.messages[-1] == hello.DONE
    assert (hello.CERTIFICATE in flight.messages) == (ciphers[:5] != "aNULL")


@pytest.mark.parametrize("suites", [hello.NULL, hello.RC4, hello.EXPORT, hello.ANONYMOUS])
async def test_openssl_by_default_refuses_what_is_weak(certificates, suites):
    flight = await greet(Server(certificates["RSA"]), client_hello(suites=suites))
    assert not flight.served
    assert str(flight) == "refused: alert handshake_failure"


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (hello.TLS10, "served with TLS 1.0"),
        (hello.TLS11, "served with TLS 1.1"),
        (hello.TLS12, "served with TLS 1.2"),
        (hello.SSL3, "refused: alert handshake_failure"),  # OpenSSL's word for no SSL 3.0
    ],
)
async def test_versions(certificates, version, words):
    server = Server(certificates["ECDSA"], "ALL:@SECLEVEL=0")
    assert str(await greet(server, client_hello(version))) == words


async def test_tls_1_3_shows_in_its_extension(certificates):
    server = Server(certificates["ECDSA"], newest="TLSv1_3")
    suites = (*hello.TLS13_SUITES, *hello.USUAL)
    versions = (hello.TLS11, hello.TLS13, hello.TLS12)
    assert (await greet(server, client_hello(suites=suites, versions=versions))).version == (
        hello.TLS13
    )


async def test_extensions_of_the_answer(certificates):
    flight = await greet(Server(certificates["ECDSA"]), client_hello(domain="bench.test"))
    assert hello.RENEGOTIATION_INFO in flight.extensions
    assert hello.TRUNCATED_HMAC not in flight.extensions


@pytest.mark.parametrize("pieces", [1, 7, 100])
async def test_the_flight_may_come_in_pieces(certificates, pieces):
    whole = Server(certificates["RSA"])
    whole.incoming.write(client_hello())
    data = await whole.read()

    parts = [data[n : n + pieces] for n in range(0, len(data), pieces)]
    flight = await hello.flight(Says(*parts))  # type: ignore[arg-type]
    assert flight.messages[0] == hello.SERVER_HELLO
    assert flight.messages[-1] == hello.DONE


async def test_the_end_and_what_is_no_tls():
    assert str(await hello.flight(Says())) == "refused: the end of the connection"  # type: ignore[arg-type]
    assert str(await hello.flight(Says(b"<stream"))) == "refused: no TLS"  # type: ignore[arg-type]
    assert await hello.ending(Says(b"a", b"b")) == (b"ab", "closed")  # type: ignore[arg-type]


def test_the_group_of_a_finite_field_exchange():
    prime = (1 << 1023) + 1
    exchange = (128).to_bytes(2, "big") + prime.to_bytes(128, "big") + b"\0\1\2\0\1\3"
    body = b"\3\3" + bytes(32) + b"\0" + (0x009E).to_bytes(2, "big") + b"\0"
    handshake = b""
    for kind, content in ((hello.SERVER_HELLO, body), (hello.KEY_EXCHANGE, exchange)):
        handshake += bytes([kind]) + len(content).to_bytes(3, "big") + content
    flight = Flight()
    hello._parse(flight, b"\x16\3\3" + len(handshake).to_bytes(2, "big") + handshake)
    assert flight.suite == 0x009E
    assert flight.group_bits == 1024
