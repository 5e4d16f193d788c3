"""Section 13.8.1: SCRAM-SHA-1-PLUS, bound to the TLS connection under it."""

from __future__ import annotations

import pytest

from conformance.generate.text import NAMES
from conformance.rfc6120.steps import (
    REFUSAL,
    SUCCESS,
    exchange,
    failure,
    need,
    protected,
    sasl,
)
from conformance.suite import Case, requires
from conformance.wire.negotiation import offered
from conformance.wire.sasl import SCRAM_FIRST
from conformance.wire.stream import RawStream, Reaction
from harness.errors import PeerError
from harness.xmpp import namespaces as ns

_SHA1 = "SCRAM-SHA-1"
_PLUS = "SCRAM-SHA-1-PLUS"
_VERSIONS = ["TLSv1_2", "TLSv1_3"]
_WRONG = failure("not-authorized", "malformed-request", lenient=("sasl failure *",))


async def in_version(case: Case, version: str) -> RawStream:
    """A stream inside this version of TLS that offers SCRAM-SHA-1-PLUS. Raises Absent."""
    try:
        stream = await protected(case, version)
    except PeerError:
        case.not_applicable(f"{version} is not served")
    if _PLUS not in offered(stream.features) and version == "TLSv1_3":
        case.not_applicable(f"{_PLUS} is not offered in TLS 1.3, which has no tls-unique")
    need(case, stream, _PLUS)
    return stream


def bindings(stream: RawStream) -> list[str]:
    """Types of channel binding that we can compute, and that the server says it has (XEP-0440)."""
    assert stream.features is not None
    assert stream.connection.tls is not None
    ours = list(stream.connection.tls.bindings())
    tag = f"{{{ns.CHANNEL_BINDING}}}channel-binding"
    told = [element.get("type") for element in stream.features.iter(tag)]
    return [name for name in ours if name in told] if told else ours


async def bound_login(case: Case, version: str, wrong: str = "") -> tuple[str, Reaction | None]:
    """The first type of binding with which a login works (or "" and the last failure)."""
    stream = await in_version(case, version)
    names, reaction = bindings(stream), None
    for name in names:
        stream = await in_version(case, version)
        client = sasl(case, stream)
        await client.auth(_PLUS, SCRAM_FIRST.replace("n,,", f"p={name},,", 1), binding=name)
        reaction = await client.answer()
        if str(reaction) == "sasl challenge":
            await client.prove(wrong)
            return name, await client.answer()
    return "", reaction


@pytest.mark.parametrize("version", _VERSIONS)
@requires("security-mti-both-scram", "scram-sha-1-plus-offered")
async def test_scram_plus_is_offered(case: Case, version: str) -> None:
    stream = await in_version(case, version)
    case.check(_PLUS in offered(stream.features), f"{_PLUS} inside TLS", "no -PLUS")


@pytest.mark.parametrize("version", _VERSIONS)
@requires("security-mti-both-scram", "scram-plus-login")
async def test_scram_plus(case: Case, version: str) -> None:
    name, reaction = await bound_login(case, version)
    if not name and version == "TLSv1_3":
        case.not_applicable("no channel binding of TLS 1.3 that the suite can compute")
    assert reaction is not None
    case.judge(reaction, SUCCESS)


@pytest.mark.parametrize("version", _VERSIONS)
@requires("scram-plus-wrong-binding")
async def test_wrong_binding_data(case: Case, version: str) -> None:
    name, reaction = await bound_login(case, version, "binding")
    if not name and version == "TLSv1_3":
        case.not_applicable("no channel binding of TLS 1.3 that the suite can compute")
    assert reaction is not None
    case.judge(reaction, _WRONG)


@pytest.mark.parametrize("version", _VERSIONS)
@requires("scram-plus-wrong-binding", name=NAMES)
async def test_unknown_binding_type(case: Case, version: str, name: str) -> None:
    client = sasl(case, await in_version(case, version))
    reaction = await exchange(client, _PLUS, SCRAM_FIRST.replace("n,,", f"p=x-{name},,", 1))
    case.judge(reaction, REFUSAL)


@pytest.mark.parametrize("version", _VERSIONS)
@requires("scram-downgrade-detected")
async def test_downgrade(case: Case, version: str) -> None:
    """The client could bind and has been told that the server cannot (RFC 5802 section 6)."""
    stream = await in_version(case, version)
    need(case, stream, _SHA1)
    reaction = await exchange(sasl(case, stream), _SHA1, SCRAM_FIRST.replace("n,,", "y,,", 1))
    case.judge(reaction, REFUSAL)


@requires("security-mti-auth-scram")
async def test_client_that_could_bind(case: Case) -> None:
    """Where no -PLUS mechanism is offered, the flag y is right."""
    stream = await case.secured()
    need(case, stream, _SHA1)
    if any(name.endswith("-PLUS") for name in offered(stream.features)):
        case.not_applicable("a -PLUS mechanism is offered")
    reaction = await exchange(sasl(case, stream), _SHA1, SCRAM_FIRST.replace("n,,", "y,,", 1))
    case.judge(reaction, SUCCESS)
