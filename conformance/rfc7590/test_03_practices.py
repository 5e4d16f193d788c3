"""Section 3: what BCP 195 wants of versions, cipher suites and extensions.

What a server agrees to is read from its answer to a ClientHello made by hand (`wire.hello`).
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import strategies as st

from conformance.rfc6120.steps import greet, judge_refusal, protected
from conformance.suite import Allowed, Case, requires
from conformance.wire import hello
from conformance.wire.hello import client_hello
from harness.errors import PeerError

_OLD = {"tls-1.0": hello.TLS10, "tls-1.1": hello.TLS11}
_REFUSED = Allowed("no ServerHello", ("refused: *",))
_ALL_SUITES = (*hello.TLS13_SUITES, *hello.USUAL)


def either(suites: Sequence[int]) -> st.SearchStrategy[list[int]]:
    """Some of these suites, in any order."""
    return st.lists(st.sampled_from(suites), min_size=1, unique=True)


@requires("tls-best-practice-no-ssl3")
async def test_no_ssl3(case: Case) -> None:
    case.judge(str(await greet(case, client_hello(hello.SSL3))), _REFUSED)


@pytest.mark.parametrize("version", list(_OLD))
@requires("tls-best-practice-no-tls-1-1")
async def test_no_old_tls(case: Case, version: str) -> None:
    flight = await greet(case, client_hello(_OLD[version]))
    case.prefer(not flight.served, "no ServerHello", str(flight))


@requires("tls-best-practice-tls-1-2")
async def test_tls_1_2(case: Case) -> None:
    flight = await greet(case, client_hello(domain=case.domain))
    case.judge(str(flight), Allowed("TLS 1.2", ("served with TLS 1.2",)))
    stream = await protected(case, "TLSv1_2")
    case.check(stream.features is not None, "a stream inside TLS 1.2", "no stream")


@requires("tls-support")
async def test_tls_1_3(case: Case) -> None:
    """Section 3.1.1 of RFC 9325, which is newer than what RFC 7590 cites: SHOULD."""
    try:
        stream = await protected(case, "TLSv1_3")
    except PeerError:
        judge_refusal(case, "a stream inside TLS 1.3")
        case.prefer(False, "a stream inside TLS 1.3", "no TLS 1.3")
        return
    case.prefer(stream.features is not None, "a stream inside TLS 1.3", "no stream")


@pytest.mark.parametrize("newest", [hello.TLS12, hello.TLS13], ids=["tls-1.2", "tls-1.3"])
@requires("tls-best-practice-version-preferred", order=st.permutations(range(4)))
async def test_newest_version_is_chosen(case: Case, newest: int, order: list[int]) -> None:
    """The order in which a client names versions means nothing."""
    if newest == hello.TLS12:
        greeting = client_hello(suites=hello.USUAL)
    else:
        versions = [(hello.TLS13, hello.TLS12, hello.TLS11, hello.TLS10)[n] for n in order]
        greeting = client_hello(suites=_ALL_SUITES, versions=versions)
    served = ("served with TLS 1.2", "served with TLS 1.3")
    case.judge(str(await greet(case, greeting)), Allowed("TLS 1.2 or newer", served))


@requires("tls-best-practice-no-null-cipher", suites=either(hello.NULL))
async def test_no_null_cipher(case: Case, suites: list[int]) -> None:
    case.judge(str(await greet(case, client_hello(suites=suites))), _REFUSED)


@requires("tls-best-practice-no-rc4", suites=either(hello.RC4))
async def test_no_rc4(case: Case, suites: list[int]) -> None:
    case.judge(str(await greet(case, client_hello(suites=suites))), _REFUSED)


@requires("tls-best-practice-no-export-cipher", suites=either(hello.EXPORT + hello.ANONYMOUS))
async def test_no_export_or_anonymous(case: Case, suites: list[int]) -> None:
    case.judge(str(await greet(case, client_hello(suites=suites))), _REFUSED)


@requires("tls-best-practice-128-bits", suites=either(hello.TRIPLE_DES))
async def test_no_triple_des(case: Case, suites: list[int]) -> None:
    flight = await greet(case, client_hello(suites=suites))
    case.prefer(not flight.served, "no ServerHello", "served with 3DES")


@requires("tls-best-practice-forward-secrecy", last=st.permutations(hello.FORWARD_SECRET))
async def test_forward_secrecy_is_preferred(case: Case, last: list[int]) -> None:
    flight = await greet(case, client_hello(suites=[*hello.STATIC_RSA, *last]))
    if not flight.served:
        raise case.unknown(f"TLS 1.2 is not served: {flight}")
    case.check(
        flight.suite in hello.FORWARD_SECRET,
        "a suite with forward secrecy",
        "a suite without forward secrecy",
    )


@requires("tls-best-practice-no-static-rsa", suites=either(hello.STATIC_RSA))
async def test_no_static_rsa(case: Case, suites: list[int]) -> None:
    flight = await greet(case, client_hello(suites=suites))
    case.prefer(not flight.served, "no ServerHello", "served with static RSA")


@requires("tls-best-practice-cipher-suites")
async def test_recommended_suites(case: Case) -> None:
    suites = (*hello.ECDHE_GCM, *hello.DHE_GCM)
    flight = await greet(case, client_hello(suites=suites))
    case.prefer(flight.served, "a recommended suite", "no recommended suite")


@requires("tls-best-practice-dh-length")
async def test_length_of_dh_groups(case: Case) -> None:
    flight = await greet(case, client_hello(suites=[*hello.DHE_GCM, 0x0033, 0x0039, 0x0067]))
    long_enough = not flight.served or flight.group_bits >= 2048
    case.prefer(long_enough, "a group of 2048 bits or more", "a group below 2048 bits")


@requires("tls-best-practice-renegotiation-info")
async def test_renegotiation_info(case: Case) -> None:
    flight = await greet(case, client_hello())
    if not flight.served:
        raise case.unknown(f"TLS 1.2 is not served: {flight}")
    told = hello.RENEGOTIATION_INFO in flight.extensions
    case.check(told, "renegotiation_info in the ServerHello", "no renegotiation_info")


@requires("tls-best-practice-no-truncated-hmac")
async def test_no_truncated_hmac(case: Case) -> None:
    greeting = client_hello(
        suites=(*hello.ECDHE_CBC, *hello.STATIC_RSA), extensions={hello.TRUNCATED_HMAC: b""}
    )
    flight = await greet(case, greeting)
    acknowledged = hello.TRUNCATED_HMAC in flight.extensions
    case.check(not acknowledged, "no truncated_hmac", "truncated_hmac acknowledged")


@requires("tls-best-practice-no-compression")
async def test_no_compression(case: Case) -> None:
    flight = await greet(case, client_hello(compressions=b"\1\0"))
    if not flight.served:
        raise case.unknown(f"TLS 1.2 is not served: {flight}")
    case.prefer(flight.compression == 0, "no compression", "compression")


@pytest.mark.parametrize("indication", ["with-sni", "without-sni"])
@requires("tls-server-name-indication")
async def test_server_name_indication(case: Case, indication: str) -> None:
    domain = case.domain if indication == "with-sni" else ""
    flight = await greet(case, client_hello(domain=domain))
    case.judge(str(flight), Allowed("a ServerHello", ("served with *",)))
