"""Sections 6.3.4, 13.7.2 and 13.8.4: certificates of clients, and SASL EXTERNAL.

A target that issues client certificates gives one for our first account under its localpart, and
more under "both" (of the first two accounts), "foreign" (of another domain) and "expired".
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.generate.sasl import FOREIGN_JIDS
from conformance.rfc6120.steps import (
    REFUSAL,
    SUCCESS,
    failure,
    judge_refusal,
    plaintext,
    protected,
    sasl,
    whose,
)
from conformance.suite import Allowed, Case, Unknown, requires
from conformance.wire import credentials
from conformance.wire.negotiation import best, header, offered
from conformance.wire.stream import RawStream
from harness.errors import PeerError

_EXTERNAL = "EXTERNAL"
_OWN = "{user}@{domain}"
_STRANGE = [
    pytest.param(kind, marks=pytest.mark.requires(identifier))
    for kind, identifier in {
        "unknown-ca": "client-certificate-unknown-ca",
        "self-signed": "client-certificate-self-signed",
        "expired": "client-certificate-invalid",
    }.items()
]


@pytest.fixture
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def issued(case: Case, name: str = "") -> str:
    """The PEM file of a certificate that the target trusts."""
    known = case.subject.client_certificates
    wanted = name or case.subject.accounts[0].user
    if wanted not in known:
        case.not_applicable(f"the target issues no client certificate {name}".rstrip())
    return known[wanted]


async def certified(case: Case) -> RawStream:
    """A stream whose client has a certificate of the first account. Raises Absent."""
    if not case.subject.client_certificates:
        raise case.absent("the target issues no client certificates")
    stream = await protected(case, certificate=issued(case))
    if _EXTERNAL not in offered(stream.features):
        raise case.absent("EXTERNAL is not offered to a client with a certificate")
    return stream


@requires("sasl-external-offered")
async def test_offered(case: Case) -> None:
    if not case.subject.client_certificates:
        raise case.absent("the target issues no client certificates")
    stream = await protected(case, certificate=issued(case))
    names = offered(stream.features)
    case.prefer(_EXTERNAL in names, "EXTERNAL for a client with a certificate", "no EXTERNAL")


@requires("sasl-external-first")
async def test_offered_first(case: Case) -> None:
    names = offered((await certified(case)).features)
    case.prefer(names[0] == _EXTERNAL, "EXTERNAL first", "EXTERNAL behind other mechanisms")


@pytest.mark.parametrize("authzid", ["", _OWN], ids=["empty", "own"])
@requires("security-mti-both-external", "external-login", "client-certificate-xmppaddr")
async def test_login(case: Case, authzid: str) -> None:
    stream = await certified(case)
    client = sasl(case, stream)
    await client.auth(_EXTERNAL, authzid)
    case.judge(await client.answer(), SUCCESS)
    mine = await whose(stream) == case.jid()
    case.check(mine, "a session of the account", "a session of another account")


@requires("security-mti-both-external")
async def test_without_initial_response(case: Case) -> None:
    stream = await certified(case)
    client = sasl(case, stream)
    await client.auth(_EXTERNAL, None)
    case.judge(await client.answer(), Allowed("a challenge", ("sasl challenge",)))
    await client.respond("")
    case.judge(await client.answer(), SUCCESS)


@requires("external-login")
async def test_identity_of_another_account(case: Case) -> None:
    client = sasl(case, await certified(case))
    await client.auth(_EXTERNAL, f"{case.subject.accounts[1].user}@{{domain}}")
    hidden = ("sasl failure not-authorized",)
    case.judge(await client.answer(), failure("invalid-authzid", lenient=hidden))


@requires("external-login", authzid=FOREIGN_JIDS)
async def test_identity_elsewhere(case: Case, authzid: str) -> None:
    client = sasl(case, await certified(case))
    await client.auth(_EXTERNAL, authzid)
    hidden = ("sasl failure not-authorized",)
    case.judge(await client.answer(), failure("invalid-authzid", lenient=hidden))


@pytest.mark.parametrize("authzid", ["", _OWN], ids=["empty", "own"])
@pytest.mark.parametrize("where", ["plaintext", "tls"])
@requires("tls-client-certificate-checked", "tls-certs")
async def test_no_certificate(case: Case, where: str, authzid: str) -> None:
    """Who shows no certificate has none to be trusted."""
    stream = await (plaintext(case) if where == "plaintext" else protected(case))
    client = sasl(case, stream)
    await client.auth(_EXTERNAL, authzid)
    case.judge(await client.answer(), REFUSAL)


async def check_worthless(case: Case, certificate: Path) -> None:
    """With it one gets no session, neither with an identity nor without; a password may do."""
    for authzid in ("", _OWN):
        try:
            stream = await protected(case, certificate=str(certificate))
        except (PeerError, Unknown):
            judge_refusal(case, "no session by such a certificate")
            continue
        client = sasl(case, stream)
        await client.auth(_EXTERNAL, authzid)
        case.judge(await client.answer(), REFUSAL)


@pytest.mark.parametrize("kind", _STRANGE)
@requires("tls-client-certificate-checked", "tls-certs")
async def test_certificate_of_nobody(case: Case, kind: str, directory: Path) -> None:
    await check_worthless(case, credentials.STRANGE[kind](directory, case.jid()))


@requires("tls-client-certificate-checked", "client-certificate-invalid")
async def test_forged_signature(case: Case, directory: Path) -> None:
    await check_worthless(case, credentials.broken(directory, Path(issued(case))))


@requires("tls-client-certificate-checked", "client-certificate-invalid")
async def test_expired_certificate(case: Case) -> None:
    await check_worthless(case, Path(issued(case, "expired")))


@requires("client-certificate-unknown-ca", "client-certificate-self-signed")
async def test_password_beside_a_strange_certificate(case: Case, directory: Path) -> None:
    certificate = credentials.unknown_issuer(directory, case.jid(1))
    try:
        stream = await protected(case, certificate=str(certificate))
    except (PeerError, Unknown):
        judge_refusal(case, "the end, or SASL as usual")
        return
    case.judge(await sasl(case, stream).login(best(stream.features)), SUCCESS)
    jid = await whose(stream)
    case.check(jid == case.jid(), "a session by the password", "a session by the certificate")


@requires("client-certificate-from")
async def test_from_of_another_account(case: Case) -> None:
    certificate = issued(case)
    text = header(case.domain, **{"from": case.jid(1)})
    try:
        stream = await protected(case, certificate=certificate, header=text)
    except Unknown:
        judge_refusal(case, "the end of the attempt")
        return
    client = sasl(case, stream)
    await client.auth(_EXTERNAL, "")
    reaction = await client.answer()
    strict = ("sasl failure *", "stream error *")
    case.judge(reaction, Allowed("the end of the attempt", strict, ("sasl success",)))
    if str(reaction) == "sasl success":
        jid = await whose(stream)
        case.check(jid != case.jid(1), "no session of the 'from'", "a session of the 'from'")


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("how", ["from", "authzid"])
@requires("client-certificate-many-xmppaddr")
async def test_one_of_two_names(case: Case, number: int, how: str) -> None:
    """The header's 'from' or the authorisation identity chooses among the names."""
    certificate = issued(case, "both")
    said = {"from": case.jid(number)} if how == "from" else {}
    text = header(case.domain, **said)
    stream = await protected(case, certificate=certificate, header=text)
    client = sasl(case, stream)
    await client.auth(_EXTERNAL, "" if how == "from" else case.jid(number))
    case.judge(await client.answer(), SUCCESS)
    chosen = await whose(stream) == case.jid(number)
    case.check(chosen, "a session of the chosen account", "a session of another account")


@requires("client-certificate-foreign-xmppaddr")
async def test_name_of_another_domain(case: Case) -> None:
    """Its localpart is that of our first account, its domain is not."""
    certificate = issued(case, "foreign")
    for authzid in ("", _OWN):
        stream = await protected(case, certificate=certificate)
        client = sasl(case, stream)
        await client.auth(_EXTERNAL, authzid)
        case.judge(await client.answer(), REFUSAL)
