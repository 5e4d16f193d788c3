"""Sections 3.3 and 3.4: TLS sessions that are resumed, and who may do what inside TLS."""

from __future__ import annotations

import ssl

import pytest

from conformance.generate.text import CUTS, offsets
from conformance.rfc6120.steps import STARTTLS, protected, sasl, whose
from conformance.suite import Allowed, Case, Stage, requires
from conformance.suite.case import ping
from conformance.wire.negotiation import best, open_stream
from conformance.wire.sasl import answer, first_message
from conformance.wire.stream import RawStream
from harness.errors import PeerError
from harness.xmpp import namespaces as ns

_BIND = f"<iq type='set' id='i'><bind xmlns='{ns.BIND}'/></iq>"


class _Resuming(ssl.SSLContext):
    """A context whose connections offer to resume the session of an earlier one."""

    session: ssl.SSLSession | None = None

    def wrap_bio(self, incoming, outgoing, server_side=False, server_hostname=None, session=None):  # type: ignore[no-untyped-def]
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, self.session)


def resuming(stream: RawStream, version: str) -> _Resuming:
    """The context for two connections in this version of TLS."""
    context = _Resuming(ssl.PROTOCOL_TLS_CLIENT)
    if stream.endpoint.ca:
        context.load_verify_locations(stream.endpoint.ca)
    else:
        context.load_default_certs()
    if not stream.endpoint.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    return context


async def begin(case: Case, context: _Resuming | None, version: str) -> tuple[RawStream, _Resuming]:
    """A stream inside TLS, and the context in which it was made."""
    stream = await case.at(Stage.OPENED, tls="starttls")
    context = context or resuming(stream, version)
    await stream.send(STARTTLS)
    await stream.element("^tls proceed$")
    try:
        await stream.handshake(context)
    except PeerError:
        if context.session is not None:
            raise
        case.not_applicable(f"{version} is not served")
    stream.restart()
    await open_stream(stream)
    return stream, context


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@requires("tls-resumption-works", "tls-resumption-not-authentication")
async def test_resumption(case: Case, version: str) -> None:
    """Resumed or not: a new connection begins without anybody's identity."""
    stream, context = await begin(case, None, version)
    await sasl(case, stream).login(best(stream.features))
    mine = await whose(stream) == case.jid()
    case.check(mine, "a session of the account", "a session of another account")
    assert stream.connection.tls is not None
    context.session = stream.connection.tls.ssl.session
    if context.session is None:
        case.prefer(False, "a TLS session that can be resumed", "no TLS session to resume")
        return
    try:
        stream, _ = await begin(case, context, version)
    except PeerError:
        case.check(False, "the session resumed, or a full handshake", "the handshake fails")
    assert stream.connection.tls is not None
    resumed = stream.connection.tls.ssl.session_reused
    case.prefer(resumed, "a resumed TLS session", "a full handshake in place of resumption")
    await stream.send(_BIND)
    refused = ("*stream error *", "iq error *")
    case.judge(await answer(stream), Allowed("no binding without SASL", refused))


@pytest.mark.parametrize("stage", [Stage.SECURED, Stage.CHALLENGED], ids=lambda s: s.name.lower())
@pytest.mark.parametrize("what", ["bind", "roster", "message"])
@requires("server-authenticates-clients", "sasl-mtn", cuts=CUTS)
async def test_nothing_without_sasl(case: Case, what: str, stage: Stage, cuts: list[float]) -> None:
    """Protected is not authenticated: such a client binds nothing and reaches nobody."""
    peer = await case.bound(1, available=True)
    stream = await protected(case)
    client = sasl(case, stream)
    if stage is Stage.CHALLENGED:
        await client.auth(best(stream.features), first_message(best(stream.features)))
        if str(await client.answer()) != "sasl challenge":
            case.not_applicable("no mechanism with a challenge is offered")
    text = {
        "bind": _BIND,
        "roster": f"<iq type='get' id='i'><query xmlns='{ns.ROSTER}'/></iq>",
        "message": f"<message to='{peer.jid}'><body>from nobody</body></message>",
    }[what]
    await stream.send(text, offsets(cuts, text))
    refused = ("*stream error *", "iq error *", "message error *")
    case.judge(await answer(stream), Allowed("a refusal", refused))
    await peer.send(ping("fence", case.domain))
    reaction = await peer.react("^iq .*fence$")
    case.check(str(reaction) == "ignored", "nothing for others", "a stanza for others")
