"""Sections 6.3.10 and 6.4: how an exchange begins, goes on, is given up, and ends."""

from __future__ import annotations

import base64

import pytest
from hypothesis import strategies as st

from conformance.generate.sasl import JUNK
from conformance.generate.text import CUTS, offsets
from conformance.rfc6120.steps import (
    ANY_STREAM_ERROR,
    MALFORMED,
    REFUSAL,
    SUCCESS,
    a_scram,
    failure,
    need,
    sasl,
    whose,
)
from conformance.suite import Allowed, Case, requires
from conformance.wire.negotiation import best, offered
from conformance.wire.sasl import MECHANISMS, Sasl, first_message
from conformance.wire.stream import RawStream, Reaction
from harness.xmpp import namespaces as ns

_ABORT = f"<abort xmlns='{ns.SASL}'/>"
_CHALLENGE = Allowed("a challenge", ("sasl challenge",))


async def finish(client: Sasl, mechanism: str, reaction: Reaction) -> Reaction:
    """Answer SCRAM's challenge; what comes then."""
    if mechanism == "PLAIN" or str(reaction) != "sasl challenge":
        return reaction
    await client.prove()
    return await client.answer()


async def check_whose(case: Case, stream: RawStream, account: int = 0) -> None:
    """The session after success is that of the account."""
    jid = await whose(stream)
    case.check(jid == case.jid(account), "a session of the account", "a session of another account")


@pytest.mark.parametrize("mechanism", MECHANISMS)
@requires("sasl-support", "sasl-initial-response")
async def test_login(case: Case, mechanism: str) -> None:
    stream = await case.secured()
    need(case, stream, mechanism)
    case.judge(await sasl(case, stream).login(mechanism), SUCCESS)
    await check_whose(case, stream)


@pytest.mark.parametrize("mechanism", MECHANISMS)
@requires("sasl-without-initial-response")
async def test_without_initial_response(case: Case, mechanism: str) -> None:
    """The server asks with an empty challenge; the message comes in <response/>."""
    stream = await case.secured()
    need(case, stream, mechanism)
    client = sasl(case, stream)
    await client.auth(mechanism, None)
    reaction = await client.answer()
    case.judge(reaction, _CHALLENGE)
    text = reaction.elements[0].text or ""
    case.check(text in ("", "="), "an empty challenge", "a challenge with data")
    case.prefer(not text, "an empty challenge", "'=' for an empty challenge")
    client.challenges.clear()
    await client.respond(first_message(mechanism), mechanism)
    case.judge(await finish(client, mechanism, await client.answer()), SUCCESS)
    await check_whose(case, stream)


@pytest.mark.parametrize("mechanism", [name for name in MECHANISMS if name != "PLAIN"])
@requires("sasl-data-with-success")
async def test_data_with_success(case: Case, mechanism: str) -> None:
    stream = await case.secured()
    need(case, stream, mechanism)
    client = sasl(case, stream)
    reaction = await client.login(mechanism)
    if str(reaction) == "sasl challenge":  # the long way round
        await client.respond(None)
        reaction = await client.answer()
    case.judge(reaction, SUCCESS)
    data = reaction.elements[0].text
    case.prefer(data, "the last message in <success/>", "the last message in a challenge")


@requires("sasl-success-data")
async def test_success_without_data(case: Case) -> None:
    stream = await case.secured()
    need(case, stream, "PLAIN")
    reaction = await sasl(case, stream).login("PLAIN")
    case.judge(reaction, SUCCESS)
    case.check(not reaction.elements[0].text, "an empty <success/>", "<success/> with data")


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-1"])
@requires("sasl-empty-initial-response")
async def test_empty_initial_response(case: Case, mechanism: str) -> None:
    """'=' is a message of no length, which neither mechanism allows (section 6.4.2)."""
    stream = await case.secured()
    need(case, stream, mechanism)
    client = sasl(case, stream)
    await client.auth(mechanism, "")
    case.judge(await client.answer(), MALFORMED)


@requires("sasl-auth-restarts-handshake", data=st.data(), cuts=CUTS)
async def test_second_auth(case: Case, data: st.DataObject, cuts: list[float]) -> None:
    """While an exchange is under way, another <auth/> begins anew (section 6.4.2)."""
    stream = await case.secured()
    client = sasl(case, stream)
    await client.begin(a_scram(case, stream))
    case.judge(await client.answer(), _CHALLENGE)
    usable = [name for name in MECHANISMS if name in offered(stream.features)]
    mechanism = data.draw(st.sampled_from(usable))
    case.judge(await client.login(mechanism), SUCCESS)
    await check_whose(case, stream)


@requires("sasl-auth-restarts-handshake")
async def test_answer_to_a_discarded_challenge(case: Case) -> None:
    stream = await case.secured()
    client = sasl(case, stream)
    mechanism = a_scram(case, stream)
    for _ in range(2):
        await client.begin(mechanism)
        case.judge(await client.answer(), _CHALLENGE)
    await client.prove(challenge=0)
    case.judge(await client.answer(), REFUSAL)


@requires("sasl-abort", "sasl-after-abort", "sasl-failure-aborted", cuts=CUTS)
async def test_abort(case: Case, cuts: list[float]) -> None:
    stream = await case.secured()
    client = sasl(case, stream)
    mechanism = a_scram(case, stream)
    await client.begin(mechanism)
    case.judge(await client.answer(), _CHALLENGE)
    await stream.send(_ABORT, offsets(cuts, _ABORT))
    case.judge(await client.answer(), failure("aborted"))
    case.judge(await client.login(best(stream.features)), SUCCESS)
    await check_whose(case, stream)


@requires("sasl-abort")
async def test_answer_after_abort(case: Case) -> None:
    stream = await case.secured()
    client = sasl(case, stream)
    await client.begin(a_scram(case, stream))
    case.judge(await client.answer(), _CHALLENGE)
    await stream.send(_ABORT)
    case.judge(await client.answer(), failure("aborted"))
    await client.prove()
    case.judge(await client.answer(), REFUSAL)


@requires("sasl-abort-without-handshake")
async def test_abort_of_nothing(case: Case) -> None:
    stream = await case.secured()
    await stream.send(_ABORT)
    others = ("sasl failure malformed-request", "sasl failure not-authorized")
    case.judge(await sasl(case, stream).answer(), failure("aborted", lenient=others))


@requires("sasl-response-without-auth", junk=JUNK)
async def test_response_without_auth(case: Case, junk: str) -> None:
    stream = await case.secured()
    client = sasl(case, stream)
    await client.respond(junk)
    await client.begin(a_scram(case, stream))
    reaction = await stream.react("^sasl challenge ")
    strict = ("sasl failure malformed-request", "sasl failure not-authorized", *ANY_STREAM_ERROR)
    allowed = Allowed("a refusal", strict, ("sasl failure *", "ignored"))
    case.judge(reaction, allowed)


@requires("sasl-challenge-well-formed", "sasl-support")
async def test_challenges(case: Case) -> None:
    """RFC 5802 section 5.1, and that a server repeats no nonce."""
    nonces, salts, counts = [], [], []
    for _ in range(4):
        stream = await case.secured()
        client = sasl(case, stream)
        await client.begin(a_scram(case, stream))
        case.judge(await client.answer(), _CHALLENGE)
        fields = parsed(client.challenges[-1])
        case.check(fields, "r=, s= and i= in this order", "another form of challenge")
        own = client.nonce
        nonce = fields["r"]
        case.check(nonce.startswith(own), "our nonce first", "a nonce that is not ours")
        case.check(len(nonce) > len(own), "a nonce of the server's", "no nonce of the server's")
        nonces.append(nonce[len(own) :])
        salts.append(fields["s"])
        counts.append(int(fields["i"]))
    case.check(len(set(nonces)) == 4, "a new nonce each time", "a nonce twice")
    case.check(counts[0] > 0, "a positive iteration count", "no positive iteration count")
    case.prefer(len(set(salts)) == len(set(counts)) == 1, "one salt for a user", "changing salts")
    case.prefer(counts[0] >= 4096, "4096 iterations or more", "fewer than 4096 iterations")


def parsed(challenge: bytes) -> dict[str, str]:
    """The attributes of a server-first message; empty when it is none."""
    parts = [part.partition("=") for part in challenge.decode("utf-8", "replace").split(",")]
    if [name for name, _, _ in parts[:3]] != ["r", "s", "i"] or not parts[2][2].isdigit():
        return {}
    try:
        base64.b64decode(parts[1][2], validate=True)
    except ValueError:
        return {}
    return {name: value for name, _, value in parts}
