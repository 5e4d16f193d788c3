"""Section 6.3 and 6.4.1: what is offered, how it is written, and in whose name."""

from __future__ import annotations

import asyncio
import base64
import re
from collections import Counter
from xml.etree import ElementTree

import pytest

from conformance.generate.sasl import FOREIGN_JIDS, NO_JIDS
from conformance.generate.text import NAMES
from conformance.rfc6120.steps import (
    SUCCESS,
    failure,
    need,
    plaintext,
    protected,
    sasl,
    whose,
)
from conformance.suite import Allowed, Case, requires
from conformance.wire.negotiation import offered
from conformance.wire.sasl import MECHANISMS, PLAIN, SCRAM_FIRST, Sasl
from conformance.wire.stream import PATIENCE_S, RawStream, Reaction
from harness.xmpp import namespaces as ns

_NAME = re.compile(r"[A-Z0-9_-]{1,20}")
_ELEMENTS = re.compile(rb"<((?:\w+:)?(?:challenge|success))\b[^>]*?(?:/>|>([^<]*)</\1\s*>)")
_HIDDEN = ("sasl failure not-authorized",)  # section 6.5.10: the cause need not be told


@requires("sasl-support", "sasl-mechanisms-advertised")
async def test_offered(case: Case) -> None:
    stream = await case.secured()
    assert stream.features is not None
    count = len(stream.features.findall(f"{{{ns.SASL}}}mechanisms"))
    case.check(count == 1, "one <mechanisms/> in the features", f"{count} <mechanisms/>")


@requires("sasl-mechanism-elements")
async def test_names_of_mechanisms(case: Case) -> None:
    names = offered((await case.secured()).features)
    case.check(names, "a <mechanism/> in <mechanisms/>", "no <mechanism/>")
    twice = [name for name, count in Counter(names).items() if count > 1]
    case.check(not twice, "each mechanism once", "a mechanism twice")
    odd = [name for name in names if not _NAME.fullmatch(name)]
    case.check(not odd, "names of SASL's form", "a name that is none of SASL's")


@requires("sasl-mechanism-order")
async def test_order_of_mechanisms(case: Case) -> None:
    """Section 6.3.3: by strength."""
    certificate = case.subject.client_certificates.get(case.subject.accounts[0].user)
    stream = await (protected(case, certificate=certificate) if certificate else case.secured())
    names = offered(stream.features)
    case.check(names, "a <mechanism/> in <mechanisms/>", "no <mechanism/>")
    order = sorted(names, key=lambda name: (name != "EXTERNAL", name == "PLAIN"))
    case.prefer(names == order, "EXTERNAL first and PLAIN last", "weaker ones first")
    late = [name for name in names if f"{name}-PLUS" in names[names.index(name) :]]
    case.prefer(not late, "-PLUS before the plain variant", "-PLUS behind the plain variant")


@pytest.mark.parametrize("mechanism", MECHANISMS)
@requires("sasl-mechanism-not-before-tls")
async def test_offers_before_tls_are_meant(case: Case, mechanism: str) -> None:
    """Section 6.3.4: what is offered before TLS can be used before TLS."""
    stream = await plaintext(case)
    if mechanism not in offered(stream.features):
        case.not_applicable(f"{mechanism} is not offered before TLS")
    case.judge(await sasl(case, stream).login(mechanism), SUCCESS)


@pytest.mark.parametrize("mechanism", MECHANISMS)
@requires("sasl-no-whitespace", "sasl-base64-sent")
async def test_form_of_what_the_server_sends(case: Case, mechanism: str) -> None:
    """Section 6.3.5: nothing between the elements, and strict base64 in them."""
    stream = await case.secured()
    need(case, stream, mechanism)
    client = sasl(case, stream)
    await client.begin(mechanism)
    received = await next_bytes(case, stream)
    while (last := _ELEMENTS.findall(received)[-1])[0].endswith(b"challenge"):
        client.take(
            ElementTree.fromstring(f"<challenge xmlns='{ns.SASL}'>{last[1].decode()}</challenge>")
        )
        await (client.prove() if len(client.challenges) == 1 else client.respond(None))
        received += await next_bytes(case, stream)
    rest = _ELEMENTS.sub(b"", received)
    case.check(
        not rest.isspace(), "no white space between elements", "white space between elements"
    )
    for _, text in _ELEMENTS.findall(received):
        case.check(is_strict(text), "strict base64", "text that is no strict base64")


async def next_bytes(case: Case, stream: RawStream) -> bytes:
    """What the server sends, up to the end of an element of SASL. Raises Unknown."""
    received = b""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not _ELEMENTS.search(received) and (data := await stream.connection.read()):
                received += data
    except TimeoutError:
        pass
    case.transcript.line(stream.number, "<", received)
    stream.step("next")
    if not _ELEMENTS.search(received):
        raise case.unknown("neither a challenge nor success")
    return received


def is_strict(text: bytes) -> bool:
    """Base64 of section 4 of RFC 4648 with padding bits of zero, "=" for no data, or nothing."""
    try:
        return text in (b"", b"=") or base64.b64encode(base64.b64decode(text)) == text
    except ValueError:
        return False


def identity(mechanism: str, authzid: str) -> str:
    """The client's first message, with an authorisation identity."""
    return authzid + PLAIN if mechanism == "PLAIN" else SCRAM_FIRST.replace(",,", f",a={authzid},")


async def claim(case: Case, mechanism: str, authzid: str) -> tuple[Sasl, Reaction]:
    """A login with right credentials and this authorisation identity."""
    stream = await case.secured()
    need(case, stream, mechanism)
    client = sasl(case, stream)
    await client.auth(mechanism, identity(mechanism, authzid))
    reaction = await client.answer()
    if str(reaction) == "sasl challenge":
        await client.prove()
        reaction = await client.answer()
    return client, reaction


_OWN = "{user}@{domain}"
_IDENTIFIED = ("PLAIN", "SCRAM-SHA-1")


@pytest.mark.parametrize("mechanism", _IDENTIFIED)
@requires("sasl-authzid-own")
async def test_own_identity(case: Case, mechanism: str) -> None:
    client, reaction = await claim(case, mechanism, _OWN)
    allowed = Allowed("success", ("sasl success",), ("sasl failure invalid-authzid",))
    case.judge(reaction, allowed)
    if str(reaction) == "sasl success":
        mine = await whose(client.stream) == case.jid()
        case.check(mine, "a session of the account", "a session of another account")


@requires("sasl-authzid-empty")
async def test_no_identity(case: Case) -> None:
    """An empty one is none (section 6.6)."""
    client, reaction = await claim(case, "PLAIN", "")
    case.judge(reaction, SUCCESS)
    mine = await whose(client.stream) == case.jid()
    case.check(mine, "a session of the account", "a session of another account")


@pytest.mark.parametrize("mechanism", _IDENTIFIED)
@requires("sasl-authzid-other", "sasl-failure-invalid-authzid")
async def test_identity_of_another_account(case: Case, mechanism: str) -> None:
    client, reaction = await claim(case, mechanism, f"{case.subject.accounts[1].user}@{{domain}}")
    if str(reaction) == "sasl success":
        theirs = await whose(client.stream) == case.jid(1)
        case.check(not theirs, "no session of the other account", "a session of the other account")
    case.judge(reaction, failure("invalid-authzid", lenient=_HIDDEN))


@pytest.mark.parametrize("mechanism", _IDENTIFIED)
@requires("sasl-failure-invalid-authzid", authzid=FOREIGN_JIDS)
async def test_identity_elsewhere(case: Case, mechanism: str, authzid: str) -> None:
    _, reaction = await claim(case, mechanism, authzid)
    case.judge(reaction, failure("invalid-authzid", lenient=_HIDDEN))


@pytest.mark.parametrize("mechanism", _IDENTIFIED)
@pytest.mark.parametrize("kind", list(NO_JIDS))
@requires("sasl-failure-invalid-authzid")
async def test_identity_that_is_no_jid(case: Case, mechanism: str, kind: str) -> None:
    _, reaction = await claim(case, mechanism, NO_JIDS[kind])
    own = "{user}" in NO_JIDS[kind]  # who reads it leniently reads the user's own JID
    others = (*_HIDDEN, "sasl failure malformed-request", *(["sasl success"] if own else []))
    case.judge(reaction, failure("invalid-authzid", lenient=others))


@pytest.mark.parametrize("mechanism", _IDENTIFIED)
@requires("sasl-authzid-full-jid", resource=NAMES)
async def test_full_jid_as_identity(case: Case, mechanism: str, resource: str) -> None:
    _, reaction = await claim(case, mechanism, f"{_OWN}/{resource}")
    lenient = (*_HIDDEN, "sasl failure malformed-request", "sasl success")
    case.judge(reaction, failure("invalid-authzid", lenient=lenient))
