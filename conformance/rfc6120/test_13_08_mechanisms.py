"""Section 13.8: PLAIN and the cipher suite, which are for want of better ones."""

from __future__ import annotations

from conformance.rfc6120.steps import (
    REFUSAL,
    SUCCESS,
    greet,
    plaintext,
    protected,
    sasl,
    whose,
)
from conformance.suite import Allowed, Case, requires
from conformance.wire.hello import RSA_AES_128_CBC_SHA, client_hello
from conformance.wire.negotiation import offered


@requires("plain-not-without-tls")
async def test_plain_without_tls(case: Case) -> None:
    """Section 13.8.3: a password is not asked for where everybody can read it."""
    stream = await plaintext(case)
    names = offered(stream.features)
    case.check("PLAIN" not in names, "no PLAIN without TLS", "PLAIN without TLS")
    client = sasl(case, stream)
    await client.begin("PLAIN")
    case.judge(await client.answer(), REFUSAL)


@requires("plain-over-tls")
async def test_plain_beside_scram(case: Case) -> None:
    names = offered((await protected(case)).features)
    better = any(name.startswith("SCRAM-") for name in names)
    case.prefer("PLAIN" not in names or not better, "no PLAIN beside SCRAM", "PLAIN beside SCRAM")


@requires("security-mti-both-plain")
async def test_plain_inside_tls(case: Case) -> None:
    stream = await protected(case)
    if "PLAIN" not in offered(stream.features):
        raise case.absent("PLAIN is not offered")
    case.judge(await sasl(case, stream).login("PLAIN"), SUCCESS)
    mine = await whose(stream) == case.jid()
    case.check(mine, "a session of the account", "a session of another account")


@requires("security-mti-confidentiality", "tls-rsa-aes-128-cbc-sha")
async def test_suite_of_old(case: Case) -> None:
    """Mandatory here, discouraged by RFC 7590: told, and not held against a server."""
    flight = await greet(case, client_hello(suites=[RSA_AES_128_CBC_SHA]))
    case.judge(str(flight), Allowed("served, or refused", ("served with *", "refused: *")))
