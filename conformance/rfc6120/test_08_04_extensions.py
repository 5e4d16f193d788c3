"""Section 8.4: unknown XML in stanzas, on its way and at its end."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, canonicalize, fromstring, tostring

import pytest
from hypothesis import strategies as st

from conformance.generate.stanzas import EXTENSIONS, REQUESTS, UNKNOWN_PAYLOADS
from conformance.generate.text import CUTS, NAMES, XML_TEXT
from conformance.rfc6120.common import (
    AT_SERVER,
    EVERY_KIND,
    NOTHING,
    SERVER,
    UNAVAILABLE,
    Address,
    after,
    delivered,
    subscription,
    to_each,
    written,
)
from conformance.rfc6120.streams import reached, tap
from conformance.suite import Allowed, Case, requires
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

_OWN = "urn:example:own"


@to_each(SERVER)
@requires("stanza-extension", "extension-iq-unknown", type_=REQUESTS, payload=UNKNOWN_PAYLOADS)
async def test_unknown_request(case: Case, to: Address, type_: str, payload: str) -> None:
    stream = await case.bound()
    text = written("iq", to.of(case), payload, type=type_)
    case.judge(await after(case, stream, text), UNAVAILABLE)


def _same(one: Element, other: Element) -> bool:
    """Whether they are the same XML, prefixes apart."""
    texts = []
    for element in (one, other):
        element.tail = None
        texts.append(canonicalize(tostring(element), rewrite_prefixes=True))
    return texts[0] == texts[1]


@EVERY_KIND
@requires(
    "stanza-extension",
    "extension-delivered-unmodified",
    extensions=st.lists(EXTENSIONS, min_size=1, max_size=3),
    cuts=CUTS,
)
async def test_extensions_are_delivered(
    case: Case, kind: str, extensions: list[str], cuts: list[float]
) -> None:
    """Several in a message or presence, one in a request; in their order."""
    receiver, sender = await case.pair()
    extensions = extensions[:1] if kind == "iq" else extensions
    text = written(kind, receiver.jid, "".join(extensions))
    found = await delivered(case, sender, receiver, text, kind, cuts)
    sent = [fromstring(extension) for extension in extensions]
    came = [child for child in found if child.tag.startswith("{urn:example:")]
    case.check(
        [e.tag for e in came] == [e.tag for e in sent], "the extensions in their order", "others"
    )
    same = all(_same(*pair) for pair in zip(came, sent, strict=True))
    case.check(same, "the extensions unchanged", "an extension changed")


@requires("extension-delivered-unmodified", children=st.permutations(range(4)))
async def test_children_keep_their_order(case: Case, children: list[int]) -> None:
    """Those that the server knows among others; whether order is a part of a stanza is nowhere
    said, so another one is tolerated."""
    receiver, sender = await case.pair()
    known = ["<body>x</body>", "<subject>x</subject>"]
    some = [*known, "<one xmlns='urn:example:q'/>", "<two xmlns='urn:example:q'/>"]
    text = written("message", receiver.jid, "".join(some[number] for number in children))
    found = await delivered(case, sender, receiver, text, "message")
    names = [child.tag.rpartition("}")[2] for child in found]
    sent = [("body", "subject", "one", "two")[number] for number in children]
    case.check(set(sent) <= set(names), "all children", "a child lost")
    kept = [name for name in names if name in sent]
    case.prefer(kept == sent, "the children in their order", "another order")


@EVERY_KIND
@pytest.mark.parametrize("where", ["extension", "stanza", "body"])
@requires("stanza-extension", "extension-attribute-delivered", value=XML_TEXT)
async def test_foreign_attribute(case: Case, kind: str, where: str, value: str) -> None:
    """To lose one that stands on a stanza or its body, where it should not stand, is tolerated."""
    if where == "body" and kind != "message":
        case.not_applicable("only a message has a body")
    receiver, sender = await case.pair()
    given = f"xmlns:p='{_OWN}' p:own='{stanza.escape(value).decode()}'"
    inner = f"<q xmlns='urn:example:q' {given}/>" if where == "extension" else None
    if where == "body":
        inner = f"<body {given}>x</body>"
    text = written(kind, receiver.jid, inner)
    if where == "stanza":
        text = text.replace(f"<{kind} ", f"<{kind} {given} ", 1)
    found = await delivered(case, sender, receiver, text, kind)
    holder = found if where == "stanza" else found[0]
    same = holder.get(f"{{{_OWN}}}own") == value
    judge = case.check if where == "extension" else case.prefer
    judge(same, "the attribute", "the attribute lost or changed")


@EVERY_KIND
@requires("extension-prefix-kept", name=NAMES)
async def test_prefix_is_kept(case: Case, kind: str, name: str) -> None:
    """One that the extension declares itself."""
    receiver, sender = await case.pair()
    prefix = f"p{name}"
    inner = f"<{prefix}:q xmlns:{prefix}='{_OWN}'><{prefix}:y/></{prefix}:q>"
    received = tap(receiver)
    found = await delivered(case, sender, receiver, written(kind, receiver.jid, inner), kind)
    came = [child.tag for child in found.iter() if child.tag.startswith(f"{{{_OWN}}}")]
    case.check(came == [f"{{{_OWN}}}q", f"{{{_OWN}}}y"], "the same elements", "other elements")
    kept = re.findall(rb"<([\w.-]+):[qy][\s/>]", bytes(received)) == [prefix.encode()] * 2
    case.prefer(kept, "the same prefix", "another prefix")


@to_each(SERVER, AT_SERVER)
@requires("stanza-extension", "extension-message-to-server", extension=EXTENSIONS)
async def test_unknown_message_to_the_server(case: Case, to: Address, extension: str) -> None:
    stream = await case.bound()
    case.judge(
        await after(case, stream, written("message", to.of(case), extension, type="normal")),
        Allowed(
            "nothing, or an error, preferably <service-unavailable/>",
            ("ignored", "message error service-unavailable"),
            ("message error *",),
        ),
    )


@requires("stanza-extension", "extension-presence-unknown", extension=EXTENSIONS)
async def test_unknown_presence(case: Case, extension: str) -> None:
    """It makes available like any other, and subscribers get all of it."""
    async with subscription(case, 0, 1) as (publisher, subscriber):
        case.judge(await after(case, subscriber, ""), NOTHING)
        stream = await case.bound(0)
        await after(case, stream, written("presence", "", extension))
        elements = (await reached(subscriber)).elements
        found = [e for e in elements if e.tag == ns.PRESENCE and e.get("from") == stream.jid]
        case.check(len(found) == 1, "the presence at a subscriber", f"{len(found)} times")
        case.check(found[0].get("type") is None, "available presence", "another type")
        sent = fromstring(extension)
        came = [child for child in found[0] if child.tag == sent.tag]
        case.check(len(came) == 1 and _same(came[0], sent), "the extension with it", "not with it")
        text = written("message", case.jid(0), "<body>x</body>", type="headline")
        await after(case, subscriber, text)
        ids = [e.get("id") for one in (publisher, stream) for e in (await reached(one)).elements]
        case.check("x" in ids, "an available resource", "a resource that is not available")
