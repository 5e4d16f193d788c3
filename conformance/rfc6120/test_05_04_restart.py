"""Section 5.4.3.3: what begins inside TLS, and what of before must not get there."""

from __future__ import annotations

import base64

import pytest
from hypothesis import strategies as st

from conformance.generate.headers import headers
from conformance.generate.hostile import WHITESPACE
from conformance.player import plain
from conformance.rfc6120.steps import (
    STARTTLS,
    plaintext,
    protected,
    sasl,
    starttls_in,
)
from conformance.suite import Allowed, Case, Stage, requires
from conformance.wire.negotiation import header, offered, open_stream
from conformance.wire.sasl import answer
from conformance.wire.stream import Gone, RawStream, Reaction
from harness.errors import PeerError
from harness.xmpp import namespaces as ns
from harness.xmpp.parser import StreamHeader

_FENCE = f"<auth xmlns='{ns.SASL}' mechanism='X-FENCE'/>"


@pytest.mark.parametrize("path", ["starttls", "direct"])
@requires("tls-restart", "tls-response-header", "starttls-not-readvertised", data=st.data())
async def test_new_stream(case: Case, path: str, data: st.DataObject) -> None:
    if path not in case.subject.endpoints:
        case.not_applicable(f"no port for {path}")
    stream = await case.at(Stage.OPENED, tls="starttls" if path == "starttls" else "direct")
    before = stream.header
    if path == "starttls":
        await stream.send(STARTTLS)
        await stream.element("^tls proceed$")
        await stream.handshake()
        stream.restart()
        await open_stream(stream, data.draw(headers(case.domain)))
        old, new = identifier(before), identifier(stream.header)
        case.check(new, "an id in the new header", "no id")
        case.check(old != new, "a new stream id", "the id of the plaintext stream")
    found = starttls_in(stream.features)
    case.check(not found, "no <starttls/> inside TLS", "<starttls/> inside TLS")


def identifier(received: StreamHeader | None) -> str:
    """The id in a header."""
    return received.attributes.get("id", "") if received else ""


@requires("sasl-offered-after-tls")
async def test_sasl_is_offered(case: Case) -> None:
    stream = await protected(case)
    case.prefer(offered(stream.features), "SASL mechanisms inside TLS", "no SASL mechanisms")


@requires("tls-plaintext-knowledge-discarded", lang=st.sampled_from(["en", "de", "x-klingon"]))
async def test_earlier_from_is_forgotten(case: Case, lang: str) -> None:
    stream = await case.stream("starttls")
    said = {"from": case.jid(), "xml:lang": lang}
    await open_stream(stream, header(case.domain, **said))
    await stream.send(STARTTLS)
    await stream.element("^tls proceed$")
    await stream.handshake()
    stream.restart()
    await open_stream(stream)
    assert stream.header is not None
    told = stream.header.attributes.get("to") == case.jid()
    case.check(not told, "no 'to' from before TLS", "'to' is the 'from' of the plaintext header")


@requires("tls-plaintext-knowledge-discarded")
async def test_earlier_sasl_is_forgotten(case: Case) -> None:
    stream = await plaintext(case)
    if stream.endpoint.tls != "starttls" or "SCRAM-SHA-1" not in offered(stream.features):
        case.not_applicable("no SCRAM-SHA-1 before TLS")
    client = sasl(case, stream)
    await client.begin("SCRAM-SHA-1")
    if str(await client.answer()) != "sasl challenge":
        case.not_applicable("no SCRAM-SHA-1 before TLS")
    await stream.send(STARTTLS)
    refused = ("tls failure*", "*stream error *", "sasl failure *")
    reaction = await answer(stream)
    case.judge(reaction, Allowed("<proceed/> or a refusal", ("tls proceed", *refused)))
    if str(reaction) != "tls proceed":
        return
    await stream.handshake()
    stream.restart()
    await open_stream(stream)
    await client.prove()
    case.judge(await client.answer(), Allowed("a refusal", refused))


def injections(case: Case) -> dict[str, st.SearchStrategy[str]]:
    """What may be written behind <starttls/> by somebody in the middle."""
    login = f"<auth xmlns='{ns.SASL}' mechanism='PLAIN'>{plain_of(case)}</auth>"
    return {
        "header": st.just(header(case.domain)),
        "login": st.just(login),
        "auth": st.just(_FENCE),
        "header-and-login": st.just(header(case.domain) + login),
        "message": st.just(f"<message to='{case.jid(1)}'><body>injected</body></message>"),
        "bind": st.just(f"<iq type='set' id='i'><bind xmlns='{ns.BIND}'/></iq>"),
        "end": st.just("</stream:stream>"),
        "white-space": WHITESPACE,
    }


_KINDS = ["header", "login", "auth", "header-and-login", "message", "bind", "end", "white-space"]


def plain_of(case: Case) -> str:
    """The message of PLAIN of our first account, in base64."""
    account = case.subject.accounts[0]
    return base64.b64encode(plain(account.user, account.password)).decode()


async def inject(case: Case, text: str) -> tuple[RawStream, str]:
    """Send <starttls/> and this in one write, then do TLS; the stream and how that went."""
    stream = await case.at(Stage.OPENED, tls="starttls")
    await stream.send(STARTTLS + text)
    reaction = await answer(stream)
    if str(reaction) != "tls proceed":
        return stream, str(reaction)
    if not isinstance(await stream.next(0), Gone):  # has come together with <proceed/>
        return stream, "XML behind <proceed/>"
    try:
        await stream.handshake()
    except PeerError as error:
        clear = "WRONG_VERSION_NUMBER" in str(error)  # OpenSSL's word for what is no TLS record
        return stream, "XML behind <proceed/>" if clear else "spoilt handshake"
    return stream, "TLS"


@pytest.mark.parametrize("kind", _KINDS)
@requires("tls-injection-discarded", data=st.data())
async def test_injection(case: Case, kind: str, data: st.DataObject) -> None:
    """What came before TLS has no effect inside it (section 5.4.3.3, rule 2)."""
    stream, outcome = await inject(case, data.draw(injections(case)[kind]))
    expected = "no effect of the injected bytes"
    dropped = ("tls failure", "stream error *", "closed", "reset", "XML *", "spoilt *")
    if outcome != "TLS":
        case.judge(outcome, Allowed(expected, dropped))
        return
    stream.restart()
    await stream.send(header(case.domain))
    await stream.send(_FENCE)
    reaction = await stream.react("^sasl failure ")
    if _is_bare_end(reaction):  # with TLS 1.3 our half of a spoilt handshake may be complete
        case.judge("spoilt handshake", Allowed(expected, dropped))
        return
    case.judge(reaction, Allowed(expected, ("features",)))


def _is_bare_end(reaction: Reaction) -> bool:
    """The connection ended before there was a stream in it."""
    without_tag = reaction.close in ("NO-TAG", "ABRUPT")
    return without_tag and reaction.header is None and not reaction.elements


@pytest.mark.parametrize("kind", _KINDS)
@requires("starttls-no-data-after-proceed", data=st.data())
async def test_silence_after_proceed(case: Case, kind: str, data: st.DataObject) -> None:
    """Whatever was written behind <starttls/>, no XML follows <proceed/> in the clear."""
    _, outcome = await inject(case, data.draw(injections(case)[kind]))
    case.check("XML" not in outcome, "TLS behind <proceed/>", "XML in the clear behind <proceed/>")
