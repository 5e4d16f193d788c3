"""Section 13.8.1: SCRAM, offered, right, and proof against those who cheat."""

from __future__ import annotations

import pytest

from conformance.generate.text import NAMES
from conformance.rfc6120.steps import (
    REFUSAL,
    SUCCESS,
    exchange,
    failure,
    need,
    plaintext,
    sasl,
)
from conformance.suite import Allowed, Case, requires
from conformance.wire.negotiation import offered
from conformance.wire.sasl import MECHANISMS, SCRAM_FIRST

_SCRAM = [name for name in MECHANISMS if name != "PLAIN"]
_SHA1 = "SCRAM-SHA-1"
_SPOILT = [
    *("proof", "short-proof", "bad-proof", "no-proof"),
    *("nonce", "own-nonce", "no-nonce", "header", "no-binding"),
]
_WRONG = failure("not-authorized", "malformed-request", lenient=("sasl failure *",))


@requires("security-mti-auth-scram", "scram-sha-1-offered")
async def test_scram_is_offered(case: Case) -> None:
    for stream in (await case.secured(), await plaintext(case)):
        names = offered(stream.features)
        if stream.secure or names:
            case.check(names, "SASL mechanisms", "no SASL mechanisms")
            need(case, stream, _SHA1)


@pytest.mark.parametrize("mechanism", _SCRAM)
@requires("security-mti-auth-scram", "scram-server-signature")
async def test_server_proves_itself(case: Case, mechanism: str) -> None:
    stream = await case.secured()
    need(case, stream, mechanism)
    client = sasl(case, stream)
    reaction = await client.login(mechanism)
    if str(reaction) == "sasl challenge":  # the signature came as one
        case.check(client.proven(reaction), "the server's signature", "a wrong signature")
        return
    case.judge(reaction, SUCCESS)
    case.check(client.proven(reaction), "the server's signature", "no right signature")


@pytest.mark.parametrize("wrong", _SPOILT)
@pytest.mark.parametrize("mechanism", _SCRAM)
@requires("scram-wrong-proof")
async def test_wrong_answer(case: Case, mechanism: str, wrong: str) -> None:
    stream = await case.secured()
    need(case, stream, mechanism)
    case.judge(await exchange(sasl(case, stream), mechanism, SCRAM_FIRST, wrong), _WRONG)


@requires("scram-wrong-proof")
async def test_attributes_in_another_order(case: Case) -> None:
    """RFC 5802 section 5 fixes the order, and leaves open what becomes of another."""
    stream = await case.secured()
    need(case, stream, _SHA1)
    reaction = await exchange(sasl(case, stream), _SHA1, SCRAM_FIRST, "order")
    others = ("sasl failure *", "sasl success")
    case.judge(reaction, failure("malformed-request", "not-authorized", lenient=others))


@pytest.mark.parametrize("place", ["first", "final"])
@requires("security-mti-auth-scram", name=NAMES)
async def test_unknown_extension(case: Case, place: str, name: str) -> None:
    """RFC 5802 section 7: optional attributes that a server does not know are ignored."""
    stream = await case.secured()
    need(case, stream, _SHA1)
    first = f"{SCRAM_FIRST},x={name}" if place == "first" else SCRAM_FIRST
    reaction = await exchange(
        sasl(case, stream), _SHA1, first, "extension" if place == "final" else ""
    )
    case.judge(reaction, Allowed("success", ("sasl success",), ("sasl failure *",)))


@requires("security-mti-auth-scram", name=NAMES)
async def test_mandatory_extension(case: Case, name: str) -> None:
    """RFC 5802 section 5.1: an attribute m= means a failure, as nobody knows its sense yet."""
    stream = await case.secured()
    need(case, stream, _SHA1)
    first = SCRAM_FIRST.replace(",,", f",,m={name},")
    case.judge(await exchange(sasl(case, stream), _SHA1, first), REFUSAL)


@pytest.mark.parametrize("mechanism", _SCRAM)
@requires("scram-no-replay")
async def test_replayed_messages(case: Case, mechanism: str) -> None:
    """An eavesdropper says once more what somebody said who logged in."""
    stream = await case.secured()
    need(case, stream, mechanism)
    original = sasl(case, stream)
    case.judge(await original.login(mechanism), SUCCESS)
    thief = sasl(case, await case.secured())
    await thief.again(original, 0)
    if str(await thief.answer()) == "sasl challenge":
        await thief.again(original, 1)
        case.judge(await thief.answer(), REFUSAL)
