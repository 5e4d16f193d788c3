"""Sections 6.3.1, 6.4.5 and 6.4.6: how often one may fail, and what follows success."""

from __future__ import annotations

import pytest

from conformance.generate.text import CUTS, offsets
from conformance.rfc6120.steps import (
    ANY_STREAM_ERROR,
    SUCCESS,
    need,
    protected,
    sasl,
    starttls_in,
    whose,
)
from conformance.suite import Allowed, Case, Stage, requires
from conformance.suite.case import ping
from conformance.wire.negotiation import best, header, offered
from conformance.wire.sasl import MECHANISMS, Sasl, answer, first_message
from conformance.wire.stream import Reaction
from harness.xmpp import namespaces as ns
from harness.xmpp.parser import StreamHeader

_MANY = 20  # failed logins after which every server should have had enough
_BIND = f"<iq type='set' id='fence'><bind xmlns='{ns.BIND}'/></iq>"
_WRONG = "\0{user}\0wrong {password}"


async def fail_once(client: Sasl, mechanism: str) -> Reaction:
    """A login with a wrong password; what comes of it."""
    if mechanism == "PLAIN":
        await client.auth(mechanism, _WRONG)
        return await client.answer()
    await client.begin(mechanism)
    reaction = await client.answer()
    if str(reaction) == "sasl challenge":
        await client.prove("proof")
        reaction = await client.answer()
    return reaction


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("failures", [1, 2])
@requires("sasl-retries")
async def test_retries(case: Case, mechanism: str, failures: int) -> None:
    """A mistyped password costs no new connection."""
    stream = await case.secured()
    need(case, stream, mechanism)
    client = sasl(case, stream)
    for _ in range(failures):
        reaction = await fail_once(client, mechanism)
        if reaction.close:
            break
    else:
        reaction = await client.login(mechanism)
    observed = f"after a failed login: {reaction}"
    case.prefer(str(reaction) == "sasl success", "success after a failed login", observed)
    case.saw_close(reaction.close)


async def fail_often(case: Case, mechanisms: list[str]) -> tuple[int, Reaction]:
    """Fail with these mechanisms in turn; how many attempts were answered, and what came last."""
    stream = await case.secured()
    known = [name for name in mechanisms if name in offered(stream.features)]
    if not known:
        case.not_applicable(f"{' and '.join(mechanisms)} not offered")
    client = sasl(case, stream)
    for count in range(_MANY):
        reaction = await fail_once(client, known[count % len(known)])
        if not str(reaction).startswith("sasl failure"):
            return count, reaction
    return _MANY, reaction


_PASSWORDS = {name: [name] for name in MECHANISMS} | {"mixed": list(MECHANISMS)}


@pytest.mark.parametrize("mechanism", list(_PASSWORDS))
@requires("sasl-retries-exceeded", "sasl-guessing-limited")
async def test_guessing_is_limited(case: Case, mechanism: str) -> None:
    count, reaction = await fail_often(case, _PASSWORDS[mechanism])
    case.check(count < _MANY, "an end of the attempts", f"{_MANY} failed logins are answered")
    policy = Allowed(
        "a stream error <policy-violation/>",
        ("stream error policy-violation",),
        ("stream error not-authorized",),
    )
    case.judge(reaction, policy)


@requires("sasl-retries")
async def test_few_retries(case: Case) -> None:
    """Section 6.4.5 speaks of no more than five after the first."""
    count, reaction = await fail_often(case, list(MECHANISMS))
    case.saw_close(reaction.close)
    case.prefer(3 <= count <= 6, "3 to 6 attempts", "more attempts" if count > 6 else "fewer")


@pytest.mark.parametrize("mechanism", MECHANISMS)
@requires(
    "sasl-restart",
    "sasl-restart-header",
    "sasl-restart-features",
    "sasl-not-offered-after-success",
    cuts=CUTS,
)
async def test_new_stream(case: Case, mechanism: str, cuts: list[float]) -> None:
    stream = await case.secured()
    need(case, stream, mechanism)
    before = stream.header
    case.judge(await sasl(case, stream).login(mechanism), SUCCESS)
    stream.restart()
    text = header(case.domain)
    await stream.send(text, offsets(cuts, text))
    item = await stream.next()
    case.check(isinstance(item, StreamHeader), "a new header", "something else than a header")
    features = await stream.element("^features$")
    assert before is not None
    assert stream.header is not None
    old, new = before.attributes.get("id"), stream.header.attributes.get("id")
    case.check(new and old != new, "a new stream id", "no new stream id")
    case.check(not starttls_in(features) or not stream.secure, "no <starttls/>", "<starttls/>")
    case.prefer(not offered(features), "no mechanisms after SASL", "mechanisms after SASL")


@requires("sasl-restart", "sasl-mtn", cuts=CUTS)
async def test_stanza_in_place_of_a_header(case: Case, cuts: list[float]) -> None:
    """The stream in which SASL took place takes nothing more."""
    stream = await case.at(Stage.AUTHENTICATED)
    await stream.send(_BIND, offsets(cuts, _BIND))
    ended = ("closed", "reset", "bad XML", "silence")
    case.judge(await answer(stream), Allowed("a stream error", ANY_STREAM_ERROR, ended))


@pytest.mark.parametrize("stage", [Stage.UNBOUND, Stage.BOUND], ids=lambda s: s.name.lower())
@requires("sasl-auth-after-success", cuts=CUTS)
async def test_auth_after_success(case: Case, stage: Stage, cuts: list[float]) -> None:
    """Credentials of another account do not change whose stream it is."""
    stream = await case.at(stage)
    other = sasl(case, stream, account=1)
    await other.auth("PLAIN", first_message("PLAIN"))
    fence = _BIND if stage is Stage.UNBOUND else ping("fence", case.jid())
    await stream.send(fence, offsets(cuts, fence))
    reaction = await stream.react("^iq .*fence$")
    refused = (*ANY_STREAM_ERROR, "sasl failure *", "iq error *", "ignored")
    case.judge(reaction, Allowed("a refusal, or nothing", refused))


@requires("sasl-correlate")
async def test_from_of_another_account(case: Case) -> None:
    """A header inside TLS says one name, SASL proves another (section 6.4.6)."""
    stream = await protected(case, header=header(case.domain, **{"from": case.jid(1)}))
    client = sasl(case, stream)
    reaction = await client.login(best(stream.features))
    strict = (*ANY_STREAM_ERROR, "sasl failure *")
    case.judge(reaction, Allowed("the end of the attempt", strict, ("sasl success",)))
    if str(reaction) != "sasl success":
        return
    jid = await whose(stream)
    case.check(jid != case.jid(1), "no session of the 'from'", "a session of the 'from'")


@pytest.mark.parametrize("stage", [Stage.SECURED, Stage.CHALLENGED], ids=lambda s: s.name.lower())
@requires("sasl-mtn", "sasl-required-for-bind", cuts=CUTS)
async def test_bind_before_sasl(case: Case, stage: Stage, cuts: list[float]) -> None:
    stream = await case.at(stage)
    await stream.send(_BIND, offsets(cuts, _BIND))
    allowed = Allowed(
        "a stream error <not-authorized/>",
        ("stream error not-authorized",),
        (*ANY_STREAM_ERROR, "iq error *"),
    )
    case.judge(await answer(stream), allowed)
