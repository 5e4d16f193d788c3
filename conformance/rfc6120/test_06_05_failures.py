"""Section 6.5: how a failure is told, and who fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from xml.etree.ElementTree import Element

import pytest

from conformance.generate.sasl import (
    USERS,
    WORDS,
)
from conformance.rfc6120.steps import (
    NOT_AUTHORIZED,
    REFUSAL,
    failure,
    need,
    sasl,
)
from conformance.suite import Allowed, Case, requires
from conformance.wire.negotiation import best
from conformance.wire.sasl import MECHANISMS, Sasl, first_message
from conformance.wire.stream import RawStream, Reaction
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

_SASL = f"{{{ns.SASL}}}"
_CONDITIONS = {
    "aborted",
    "account-disabled",
    "credentials-expired",
    "encryption-required",
    "incorrect-encoding",
    "invalid-authzid",
    "invalid-mechanism",
    "malformed-request",
    "mechanism-too-weak",
    "not-authorized",
    "temporary-auth-failure",
}


def auth(mechanism: str, text: str = "") -> str:
    """<auth/> with this text, base64 or not."""
    name = stanza.escape(mechanism).decode()
    payload = stanza.escape(text).decode()
    return f"<auth xmlns='{ns.SASL}' mechanism='{name}'>{payload}</auth>"


async def _aborted(stream: RawStream, client: Sasl) -> None:
    await client.begin(best(stream.features))
    await client.answer()
    await stream.send(f"<abort xmlns='{ns.SASL}'/>")


async def _invalid_mechanism(stream: RawStream, _: Sasl) -> None:
    await stream.send(auth("X-UNKNOWN"))


async def _bad_base64(stream: RawStream, _: Sasl) -> None:
    await stream.send(auth(best(stream.features), "*"))


async def _wrong_password(stream: RawStream, client: Sasl) -> None:
    mechanism = best(stream.features)
    await client.auth(mechanism, first_message(mechanism).replace("{password}", "wrong"))
    if mechanism != "PLAIN":
        await client.answer()
        await client.prove("proof")


async def _malformed(stream: RawStream, client: Sasl) -> None:
    await client.auth(best(stream.features), "{user}")


_PROVOKED: dict[str, Callable[[RawStream, Sasl], Awaitable[None]]] = {
    "invalid-mechanism": _invalid_mechanism,
    "bad-base64": _bad_base64,
    "malformed": _malformed,
    "wrong-password": _wrong_password,
    "aborted": _aborted,
}


@pytest.mark.parametrize("how", list(_PROVOKED))
@requires("sasl-errors", "sasl-failure-condition")
async def test_form_of_failures(case: Case, how: str) -> None:
    """One condition that section 6.5 defines, and at most one text."""
    stream = await case.secured()
    if how == "aborted" and best(stream.features) == "PLAIN":
        case.not_applicable("no mechanism with a challenge is offered")
    client = sasl(case, stream)
    await _PROVOKED[how](stream, client)
    reaction = await client.answer()
    case.judge(reaction, Allowed("a SASL failure", ("sasl failure *",)))
    tags = [child.tag for child in reaction.elements[0]]
    conditions = [tag for tag in tags if tag != f"{_SASL}text"]
    case.check(len(conditions) == 1, "one condition", f"{len(conditions)} children for conditions")
    defined = conditions[0].removeprefix(_SASL) in _CONDITIONS
    case.check(defined, "a condition of section 6.5", "a condition that is not defined")
    case.check(len(tags) - len(conditions) <= 1, "one text at most", "more than one text")


@pytest.mark.parametrize("how", [how for how in _PROVOKED if how != "aborted"])
@requires("sasl-failure-aborted")
async def test_only_abort_is_aborted(case: Case, how: str) -> None:
    stream = await case.secured()
    client = sasl(case, stream)
    await _PROVOKED[how](stream, client)
    observed = str(await client.answer())
    case.check(observed != "sasl failure aborted", "<aborted/> for <abort/> only", observed)


@pytest.mark.parametrize("mechanism", MECHANISMS)
@requires("sasl-failure-not-authorized", "sasl-errors", word=WORDS)
async def test_wrong_password(case: Case, mechanism: str, word: str) -> None:
    stream = await case.secured()
    need(case, stream, mechanism)
    client = sasl(case, stream)
    if mechanism == "PLAIN":
        await client.auth(mechanism, "\0{user}\0" + word)
    else:
        await client.begin(mechanism)
        if str(await client.answer()) != "sasl challenge":
            raise case.unknown("no challenge")
        await client.prove("proof")
    case.judge(await client.answer(), NOT_AUTHORIZED)


_NEARLY = {
    "longer": "{password}x",
    "twice": "{password}{password}",
    "space-before": " {password}",
    "all-but-the-last": "{prefix}",
}


@pytest.mark.parametrize("password", list(_NEARLY))
@requires("sasl-failure-not-authorized")
async def test_nearly_the_password(case: Case, password: str) -> None:
    stream = await case.secured()
    need(case, stream, "PLAIN")
    client = sasl(case, stream)
    await client.auth("PLAIN", "\0{user}\0" + _NEARLY[password])
    case.judge(await client.answer(), NOT_AUTHORIZED)


@requires("sasl-failure-not-authorized", "sasl-failure-malformed-request")
async def test_empty_password(case: Case) -> None:
    """RFC 4616 has no empty password, so that the message may also count as malformed."""
    stream = await case.secured()
    need(case, stream, "PLAIN")
    client = sasl(case, stream)
    await client.auth("PLAIN", "\0{user}\0")
    case.judge(await client.answer(), failure("not-authorized", "malformed-request"))


async def refused(client: Sasl, mechanism: str, user: str) -> tuple[Reaction, list[Reaction]]:
    """A login with a wrong password as this user: what ended it, and what came before."""
    first = first_message(mechanism).replace("{password}", "wrong")
    await client.auth(mechanism, first.replace("{user}", user).replace("{name}", user))
    reaction, before = await client.answer(), []
    if str(reaction) == "sasl challenge":
        before = [reaction]
        await client.prove("proof")
        reaction = await client.answer()
    return reaction, before


def told(failed: Element) -> list[tuple[str, str]]:
    """All that a failure says."""
    return [(child.tag, child.text or "") for child in failed]


@pytest.mark.parametrize("mechanism", MECHANISMS)
@requires("sasl-unknown-user-like-wrong-password", user=USERS)
async def test_unknown_user(case: Case, mechanism: str, user: str) -> None:
    """Who guesses names learns no more than who guesses passwords (section 6.5.10)."""
    stream = await case.secured()
    need(case, stream, mechanism)
    client = sasl(case, stream)
    known, steps = await refused(client, mechanism, "{user}")
    unknown, others = await refused(client, mechanism, user)
    case.judge(unknown, REFUSAL)
    case.check(str(known) == str(unknown), f"{known}", f"{unknown} for an unknown user")
    same = told(known.elements[0]) == told(unknown.elements[0])
    case.prefer(same, "the same text", "another text for an unknown user")
    case.prefer(len(steps) == len(others), "a challenge first", "no challenge for an unknown user")
