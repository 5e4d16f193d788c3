"""Section 11.3: what is not well-formed is refused, is not delivered, and is not sent."""

from __future__ import annotations

from contextlib import suppress
from xml.parsers import expat

import pytest
from hypothesis import strategies as st

from conformance.generate.stanzas import EXTENSIONS, TEXT_IDS
from conformance.generate.text import XML_TEXT
from conformance.rfc6120.common import QUERY, after, came, written
from conformance.rfc6120.outcomes import ANY_STREAM_ERROR, UNDECLARED
from conformance.rfc6120.streams import due, reached, tap, to_the_end
from conformance.suite import Allowed, Case, requires
from conformance.verdicts import stream_error
from conformance.wire.negotiation import bind, open_stream
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

_ILLEGAL = [0x0, 0x1, 0x8, 0xB, 0x1F, 0xFFFE, 0xFFFF]
_XMLNS = "http://www.w3.org/2000/xmlns/"
_FORMS = {
    "raw": lambda code: chr(code).encode(),
    "decimal": lambda code: b"&#%d;" % code,
    "hexadecimal": lambda code: b"&#x%x;" % code,
}


@pytest.mark.parametrize("code", _ILLEGAL, ids=[f"u{code:04x}" for code in _ILLEGAL])
@pytest.mark.parametrize("form", _FORMS)
@pytest.mark.parametrize("place", ["text", "attribute"])
@requires("wellformed-illegal-characters", "xml-wellformed-xml")
async def test_illegal_character(case: Case, code: int, form: str, place: str) -> None:
    receiver, sender = await case.bound(1), await case.bound(0)
    inner = {"text": "<body>a?b</body>", "attribute": "<q xmlns='urn:example:q' a='?'/>"}[place]
    text = written("message", receiver.jid, inner).encode().replace(b"?", _FORMS[form](code))
    reaction = await after(case, sender, text)
    case.check(not await came(receiver, "message"), "nothing delivered", "the message delivered")
    case.judge(reaction, stream_error("not-well-formed", lenient=("*",)))


_FIRST_BYTES = {
    "http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "text": b"hello, is there anybody?\r\n",
    "zeros": bytes(64),
    "markup": b"<<<<>>>>",
}


@pytest.mark.parametrize("name", _FIRST_BYTES)
@requires("wellformed-first-bytes", "xml-wellformed-xml")
async def test_first_bytes(case: Case, name: str) -> None:
    """In the place of a header."""
    stream = await case.stream()
    await stream.send(_FIRST_BYTES[name])
    reaction = await stream.react()
    case.judge(
        reaction,
        Allowed(
            "the stream error <not-well-formed/>",
            ("stream error not-well-formed",) if reaction.header else (),
            (*ANY_STREAM_ERROR, "closed", "reset"),
        ),
    )


_CONSTRAINTS = {
    "attribute-twice": "<q xmlns='urn:example:q' xmlns:a='urn:example:a' xmlns:b='urn:example:a' "
    "a:x='1' b:x='2'/>",
    "two-colons": "<a:b:c xmlns:a='urn:example:a'/>",
    "two-colons-in-an-attribute": "<q xmlns='urn:example:q' xmlns:a='urn:example:a' a:b:c='1'/>",
    "empty-prefix": "<:q xmlns='urn:example:q'/>",
    "prefix-undeclared": "<q xmlns='urn:example:q' xmlns:p=''/>",
    "xml-bound-anew": "<q xmlns='urn:example:q' xmlns:xml='urn:example:a'/>",
    "xml-by-another-name": f"<q xmlns='urn:example:q' xmlns:p='{ns.XML}'/>",
    "xmlns-bound": "<q xmlns='urn:example:q' xmlns:xmlns='urn:example:a'/>",
    "xmlns-by-another-name": f"<q xmlns='urn:example:q' xmlns:p='{_XMLNS}'/>",
    "xmlns-as-default": f"<q xmlns='{_XMLNS}'/>",
}


@pytest.mark.parametrize("name", _CONSTRAINTS)
@requires("wellformed-namespace-constraints", "xml-wellformed-ns")
async def test_namespace_constraint(case: Case, name: str) -> None:
    receiver, sender = await case.bound(1), await case.bound(0)
    text = written("message", receiver.jid, _CONSTRAINTS[name])
    case.judge(await after(case, sender, text), UNDECLARED)


_FAULTS = {
    "mismatched-tags": "<message to='{}' id='x'><body>x</bod></message>",
    "bare-ampersand": "<message to='{}' id='x'><body>a & b</body></message>",
    "bare-less-than": "<message to='{}' id='x'><body a='<'>x</body></message>",
    "unquoted": "<message to='{}' id=x><body>x</body></message>",
    "attribute-twice": "<message to='{}' id='x' id='x'><body>x</body></message>",
    "cdata-end": "<message to='{}' id='x'><body>a]]>b</body></message>",
    "no-space": "<message to='{}'id='x'><body>x</body></message>",
    "prefix-on-stanza": "<p:message to='{}' id='x'><body>x</body></p:message>",
    "prefix-on-child": "<message to='{}' id='x'><body>x</body><p:q/></message>",
    "prefix-on-attribute": "<message to='{}' id='x' p:a='1'><body>x</body></message>",
}
_FAULTS |= {
    f"namespaces-{name}": f"<message to='{{}}' id='x'><body>x</body>{text}</message>"
    for name, text in _CONSTRAINTS.items()
}


@pytest.mark.parametrize("name", _FAULTS)
@requires("wellformed-not-delivered", "xml-wellformed-xml")
async def test_not_delivered(case: Case, name: str) -> None:
    """Neither as it is, nor put right, nor the part that precedes the fault."""
    receiver, sender = await case.bound(1), await case.bound(0)
    text = _FAULTS[name].format(receiver.jid).replace("<message ", "<message type='headline' ")
    await after(case, sender, text)
    case.check(not await came(receiver, "message"), "nothing delivered", "the message delivered")


@requires(
    "wellformed-output",
    "xml-wellformed-xml",
    "xml-wellformed-ns",
    body=XML_TEXT,
    extensions=st.lists(EXTENSIONS, max_size=3),
    identifier=TEXT_IDS,
)
async def test_output(case: Case, body: str, extensions: list[str], identifier: str) -> None:
    """All that comes on a stream is one document, whatever is delivered and quoted."""
    sender = await case.bound(0)
    stream = await due(case, "after-sasl", account=1)
    received = tap(stream)
    await open_stream(stream)
    await bind(stream)
    text = f"<body>{stanza.escape(body).decode()}</body>" + "".join(extensions)
    await after(case, sender, written("message", stream.jid, text, id=identifier))
    await after(case, sender, written("presence", stream.jid, "".join(extensions)))
    await reached(stream)
    payload = extensions[0] if extensions else QUERY
    for to in (case.domain, f"nobody-q7@{case.domain}", "a<>&'\"@b@c"):
        await after(case, stream, written("iq", to, payload, id=identifier))
    await after(case, stream, written("message", "a<>&'\"@b@c", text, id=identifier))
    await stream.send("</stream:stream>")
    await to_the_end(stream)
    case.check(_is_document(bytes(received)), "a well-formed document", "bad XML")


def _is_document(data: bytes) -> bool:
    """Whether it is well-formed, with regard to namespaces too."""
    parser = expat.ParserCreate("UTF-8", "}")
    with suppress(expat.ExpatError):
        parser.Parse(data, True)
        return True
    return False
