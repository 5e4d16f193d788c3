"""Sections 4.3.5, 4.3.6 and 4.9.3.12: nothing before the login is over, and whose stream it is."""

from __future__ import annotations

import pytest

from conformance.rfc6120.model import BEFORE_AUTH, fence
from conformance.rfc6120.outcomes import NOT_AUTHORIZED
from conformance.rfc6120.steps import need, sasl, whose
from conformance.rfc6120.streams import reached
from conformance.suite import Allowed, Case, Stage, requires
from conformance.wire.sasl import MECHANISMS
from conformance.wire.stream import RawStream

_BEFORE_SASL = pytest.mark.requires("stanza-before-auth-refused")
_STAGES = [
    *(pytest.param(s, id=s.name.lower(), marks=_BEFORE_SASL) for s in sorted(BEFORE_AUTH)),
    pytest.param(Stage.UNBOUND, id="unbound", marks=pytest.mark.requires("bind-mtn")),
]
_KINDS = {
    "message": "<message to='{}' id='early' type='headline'/>",
    "presence": "<presence to='{}' id='early'/>",
    "iq": "<iq type='get' id='early' to='{}'><q xmlns='urn:example:q'/></iq>",
}


@pytest.mark.parametrize("stage", _STAGES)
@pytest.mark.parametrize("kind", _KINDS)
@requires("stream-error-not-authorized", "stream-negotiation-complete")
async def test_early_stanza_is_not_delivered(case: Case, stage: Stage, kind: str) -> None:
    """To somebody who is online, and would get it from an authorized client."""
    if stage is Stage.SECURED and case.subject.mode != "starttls":
        case.not_applicable("without STARTTLS this is the state before")
    receiver = await case.bound(1)
    stream = await case.at(stage)
    text, answer = fence(stage, case.domain)
    await stream.send(_KINDS[kind].format(receiver.jid) + text)
    refusal = await stream.react(answer)
    case.judge(await reached(receiver), Allowed("nothing delivered", ("ignored",)))
    case.judge(refusal, NOT_AUTHORIZED)


_OWN = "{user}@{domain}"


@pytest.mark.parametrize("authzid", ["", _OWN, "{other}"], ids=["derived", "given", "another"])
@pytest.mark.parametrize("mechanism", MECHANISMS)
@requires("address-from-authorization-identity")
async def test_address_is_the_identity(case: Case, mechanism: str, authzid: str) -> None:
    """Nobody has allowed our account to act for another."""
    stream = await case.secured()
    authzid = authzid.replace("{other}", case.jid(1))
    if await logged_in(case, stream, mechanism, "{user}", authzid):
        case.check(await whose(stream) == case.jid(), "the JID of the account", "another JID")


@pytest.mark.parametrize("mechanism", MECHANISMS)
@requires("address-canonical")
async def test_address_is_canonical(case: Case, mechanism: str) -> None:
    stream = await case.secured()
    name = case.subject.accounts[0].user.swapcase()
    if await logged_in(case, stream, mechanism, name, ""):
        case.check(
            await whose(stream) == case.jid(),
            "the JID of the account in its canonical form",
            "another form of the JID",
        )


async def logged_in(case: Case, stream: RawStream, mechanism: str, name: str, authzid: str) -> bool:
    """Whether SASL succeeds with this name, and in the name of `authzid`; it need not."""
    need(case, stream, mechanism)
    exchange = sasl(case, stream)
    scram = mechanism != "PLAIN"
    in_the_name = f"a={authzid}" if authzid else ""
    await exchange.auth(
        mechanism,
        f"n,{in_the_name},n={name},r={{nonce}}" if scram else f"{authzid}\0{name}\0{{password}}",
    )
    reaction = await exchange.answer()
    if scram and str(reaction) == "sasl challenge":
        await exchange.prove()
        reaction = await exchange.answer()
    case.judge(reaction, Allowed("success, or a failure", ("sasl success", "sasl failure *")))
    return str(reaction) == "sasl success"
