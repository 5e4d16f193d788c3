"""Sections 10.1, 10.3, 10.5 and 11: order, addressing, and what XML may look like."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from hypothesis import strategies as st

from conformance.generate.text import CUTS, XML_TEXT, offsets
from conformance.rfc6120.common import after
from conformance.rfc6120.model import ANY_STREAM_ERROR
from conformance.suite import Allowed, Case, requires
from conformance.wire.negotiation import header
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

_ORDER = st.lists(st.sampled_from(["message", "iq-server", "iq-client"]), min_size=5, max_size=20)


@requires("stream-tcp-binding", kinds=_ORDER, cuts=CUTS)
async def test_order(case: Case, kinds: list[str], cuts: list[float]) -> None:
    """Section 10.1: what one stream sends to one receiver arrives in that order."""
    receiver, sender = await case.pair()
    text, for_receiver, for_sender = "", [], []
    for number, kind in enumerate(kinds):
        name = f"n{number}"
        if kind == "message":
            text += f"<message id='{name}' to='{receiver.jid}' type='headline'/>"
            for_receiver.append(name)
        elif kind == "iq-client":
            query = "<q xmlns='urn:example:q'/>"
            text += f"<iq type='get' id='{name}' to='{receiver.jid}'>{query}</iq>"
            for_receiver.append(name)
        else:
            ping = "<ping xmlns='urn:xmpp:ping'/>"
            text += f"<iq type='get' id='{name}' to='{case.domain}'>{ping}</iq>"
            for_sender.append(name)
    text += f"<message id='last' to='{receiver.jid}' type='headline'/>"
    reaction = await after(case, sender, text, cuts)
    answers = [e.get("id") for e in reaction.elements]
    case.check(answers == for_sender, "the answers in the order of the requests", "another order")
    arrived = [e.get("id") for e in (await receiver.react("^message .*last$")).elements]
    case.check(arrived == for_receiver, "the stanzas in the order sent", "another order, or a loss")


@requires("stanza-kind-message", "stanza-attribute-to")
async def test_message_without_to(case: Case) -> None:
    """Section 10.3.1: it is for the own bare JID."""
    stream = await case.bound(available=True)
    await stream.send("<message id='own' type='chat'><body>note to self</body></message>")
    reaction = await after(case, stream, "")
    ids = [e.get("id") for e in reaction.elements if e.tag == ns.MESSAGE]
    case.check(ids == ["own"], "the message comes back to the account", "it does not come back")
    to = next(e for e in reaction.elements if e.tag == ns.MESSAGE).get("to", "")
    case.check(to.partition("/")[0] in ("", case.jid()), "to = the account", "another to")


@requires("stanza-kind-presence")
async def test_presence_without_to(case: Case) -> None:
    """Section 10.3.2: it is broadcast, to the own resources first of all."""
    other = await case.bound(available=True)
    stream = await case.bound()
    await stream.send("<presence id='hello'><show>away</show></presence>")
    found = await other.next()
    case.check(
        isinstance(found, Element) and found.tag == ns.PRESENCE and found.get("from") == stream.jid,
        "the presence at the account's other resource",
        "another stanza, or none",
    )


@pytest.mark.parametrize("address", ["{domain}", "{domain}/anything"])
@requires("stanza-kind-iq", "stanza-iq-reply")
async def test_request_to_the_server(case: Case, address: str) -> None:
    """Sections 10.5.1 and 10.5.2: handled, or answered by an error."""
    stream = await case.bound()
    to = address.format(domain=case.domain)
    text = f"<iq type='get' id='q' to='{to}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
    reaction = await after(case, stream, text)
    case.judge(reaction, Allowed("one answer", ("iq result", "iq error *")))
    case.check(reaction.elements[0].get("from") == to, "from = the address asked", "another from")


_REFERENCES = [
    ("&amp;&lt;&gt;&quot;&apos;", "&<>\"'"),
    ("&#65;&#x42;&#228;&#x1F600;", "ABä\U0001f600"),
    ("<![CDATA[<not> &an; element]]>", "<not> &an; element"),
    ("a\r\nb\rc", "a\nb\nc"),
]


@pytest.mark.parametrize(
    ("written", "meant"), _REFERENCES, ids=["predefined", "characters", "cdata", "line-ends"]
)
@requires("xml-wellformed-xml", "xml-restriction-ref", cuts=CUTS)
async def test_xml_that_is_allowed(case: Case, written: str, meant: str, cuts: list[float]) -> None:
    """Section 11.1 leaves these in; the receiver sees what they mean."""
    receiver, sender = await case.pair()
    text = f"<message id='m' to='{receiver.jid}' type='headline'><body>{written}</body></message>"
    await sender.send(text, offsets(cuts, text))
    found = await receiver.element("^message")
    case.check(found.findtext(ns.BODY) == meant, "the text that was meant", "another text")


@requires("xml-wellformed-ns", "stanza-extension", text=XML_TEXT)
async def test_prefixed_stanza(case: Case, text: str) -> None:
    """A prefix bound to jabber:client means the same as none (section 4.8.2)."""
    receiver, sender = await case.pair()
    body = stanza.escape(text).decode()
    await sender.send(
        f"<c:message xmlns:c='{ns.CLIENT}' id='m' to='{receiver.jid}' type='headline'>"
        f"<c:body>{body}</c:body></c:message>"
    )
    found = await receiver.element("^message")
    case.check(found.findtext(ns.BODY) == text, "the same message", "another message")


@requires("stream-error-unsupported-encoding")
async def test_utf16(case: Case) -> None:
    stream = await case.stream()
    text = header(case.domain).replace("'1.0'?", "'1.0' encoding='UTF-16'?")
    await stream.send(text.encode("utf-16"))
    case.judge(
        await stream.react("^features "),
        Allowed(
            "a stream error, preferably <unsupported-encoding/>",
            ("*stream error unsupported-encoding",),
            ANY_STREAM_ERROR,
        ),
    )


@requires("stream-tcp-binding", data=st.data())
async def test_every_split_means_the_same(case: Case, data: st.DataObject) -> None:
    """Where one write ends and the next begins means nothing."""
    receiver, sender = await case.pair()
    text = (
        f"<message id='m' to='{receiver.jid}' type='headline'><body>aä日\U0001f600&amp;z</body>"
        f"</message><message id='n' to='{receiver.jid}' type='headline'/>"
    )
    size = len(text.encode())
    cuts = data.draw(st.lists(st.integers(1, size - 1), min_size=1, max_size=12))
    await sender.send(text, cuts)
    found = await receiver.element("^message")
    case.check(found.findtext(ns.BODY) == "aä日\U0001f600&z", "the same message", "another text")
    second = await receiver.element("^message")
    case.check(second.get("id") == "n", "the second message", "another one")


@requires("stream-error-policy-violation")
async def test_huge_stanza(case: Case) -> None:
    """A stanza beyond the server's limit ends the stream; below it, it is served."""
    stream = await case.bound()
    size = 12 * 1024 * 1024
    await stream.send(f"<message to='{stream.jid}' id='huge' type='headline'><body>")
    await stream.send("x" * 65_536, times=size // 65_536)
    await stream.send("</body></message>")
    reaction = await after(case, stream, "")
    case.judge(
        reaction,
        Allowed(
            "a stream error, preferably <policy-violation/>, or the stanza served",
            ("*stream error policy-violation", "message", "message error *"),
            (*ANY_STREAM_ERROR, "reset", "closed", "ignored"),
        ),
    )
