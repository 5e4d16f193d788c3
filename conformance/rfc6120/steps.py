"""What the cases about TLS and SASL share: streams on either side of TLS, and outcomes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from xml.etree.ElementTree import Element

import msgspec

from conformance.suite import Allowed, Case, Stage
from conformance.wire import tls
from conformance.wire.hello import Flight, flight
from conformance.wire.negotiation import bind, offered, open_stream, secure
from conformance.wire.sasl import MECHANISMS, Sasl
from conformance.wire.stream import RawStream, Reaction
from harness.targets.base import Endpoint
from harness.xmpp import namespaces as ns

STARTTLS = f"<starttls xmlns='{ns.TLS}'/>"
MANDATORY = ("SCRAM-SHA-1", "SCRAM-SHA-1-PLUS")  # section 13.8
ANY_STREAM_ERROR = ("*stream error *",)
SUCCESS = Allowed("success", ("sasl success",))
REFUSAL = Allowed("a SASL failure", ("sasl failure *",), ANY_STREAM_ERROR)


def failure(*conditions: str, lenient: tuple[str, ...] = ()) -> Allowed:
    """A SASL failure with one of these conditions; `lenient` outcomes are tolerated."""
    names = " or ".join(f"<{condition}/>" for condition in conditions)
    strict = tuple(f"sasl failure {condition}" for condition in conditions)
    return Allowed(f"a SASL failure {names}", strict, lenient)


NOT_AUTHORIZED = failure("not-authorized")
MALFORMED = failure("malformed-request", lenient=("sasl failure not-authorized",))


async def plaintext(case: Case) -> RawStream:
    """A stream that is not protected, with features."""
    return await case.at(
        Stage.OPENED, tls="starttls" if "starttls" in case.subject.endpoints else "off"
    )


async def protected(
    case: Case, version: str = "", certificate: str = "", header: str = ""
) -> RawStream:
    """A stream inside TLS, with features, before SASL; with the wishes of `tls.context`, and
    opened by this header. Raises PeerError when the server fails the handshake."""
    if _direct(case):
        context = tls.context(_direct_endpoint(case), version, certificate)
        stream = await case.stream("direct", context)
        case.transcript.steps[-1] |= tls.wishes(version, certificate)
        await open_stream(stream, header)
        return stream
    stream = await case.at(Stage.OPENED, tls="starttls")
    await secure(stream, version, certificate, header)
    return stream


@asynccontextmanager
async def before_handshake(case: Case) -> AsyncIterator[RawStream]:
    """A connection whose next bytes are a ClientHello."""
    if not _direct(case):
        stream = await case.at(Stage.OPENED, tls="starttls")
        await stream.send(STARTTLS)
        await stream.element("^tls proceed$")
        yield stream
        return
    bare = msgspec.structs.replace(_direct_endpoint(case), tls="off")
    stream = await RawStream.connect(bare, 1, case.transcript)
    case.transcript.steps[-1]["direct"] = True
    case.transcript.received += 1  # here a server may speak by ending the connection
    try:
        yield stream
    finally:
        await stream.close()


async def greet(case: Case, hello: bytes) -> Flight:
    """What the server answers to a ClientHello."""
    async with before_handshake(case) as stream:
        await stream.send(hello)
        answer = await flight(stream.connection)
        case.transcript.line(stream.number, "<", answer.received)
        return answer


def judge_refusal(case: Case, expected: str) -> None:
    """A handshake that the server has ended is an answer, though it has said nothing in XML."""
    case.transcript.received += 1
    case.check(True, expected, "")


def _direct(case: Case) -> bool:
    return case.subject.mode == "direct" or "starttls" not in case.subject.endpoints


def _direct_endpoint(case: Case) -> Endpoint:
    endpoint = case.subject.endpoints.get("direct")
    if endpoint is None:
        raise case.absent("the target has no port with TLS")
    return endpoint


def need(case: Case, stream: RawStream, mechanism: str) -> None:
    """End the case when the server does not offer the mechanism. Raises Absent."""
    if mechanism in offered(stream.features):
        return
    if mechanism in MANDATORY:
        raise case.absent(f"{mechanism} is not offered")
    case.not_applicable(f"{mechanism} is not offered")


def a_scram(case: Case, stream: RawStream) -> str:
    """A SCRAM mechanism that is offered. Raises Absent."""
    names = [name for name in MECHANISMS if name != "PLAIN" and name in offered(stream.features)]
    if not names:
        raise case.absent("no SCRAM mechanism that the suite knows is offered")
    return names[0]


def sasl(case: Case, stream: RawStream, account: int = 0) -> Sasl:
    """SASL as one of our accounts."""
    return Sasl(stream, case.subject.accounts[account], account)


async def exchange(client: Sasl, mechanism: str, first: str, wrong: str = "") -> Reaction:
    """SCRAM with this first message, and this fault in the second; how it ended."""
    await client.auth(mechanism, first)
    reaction = await client.answer()
    if str(reaction) == "sasl challenge":
        await client.prove(wrong)
        reaction = await client.answer()
    return reaction


async def whose(stream: RawStream) -> str:
    """Open the stream after success and bind; the bare JID of whose session it is."""
    stream.restart()
    await open_stream(stream)
    return (await bind(stream)).partition("/")[0]


def starttls_in(features: Element | None) -> list[Element]:
    """The <starttls/> elements of features."""
    return [] if features is None else features.findall(f"{{{ns.TLS}}}starttls")
