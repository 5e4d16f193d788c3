"""Section 4.8.5: prefixes of jabber:client, and of what only the header declares."""

from __future__ import annotations

import pytest

from conformance.generate.text import NAMES, URIS
from conformance.rfc6120.common import after
from conformance.rfc6120.outcomes import ANY_STREAM_ERROR
from conformance.rfc6120.streams import due, messages, reached, tags, tap
from conformance.suite import Allowed, Case, requires
from conformance.wire.negotiation import bind, header
from conformance.wire.stream import RawStream
from harness.xmpp import namespaces as ns

_PREFIXED = {
    "stanza": "<{0}:message xmlns:{0}='jabber:client' to='{1}' id='m' type='headline'>"
    "<{0}:body>x</{0}:body></{0}:message>",
    "child": "<message xmlns:{0}='jabber:client' to='{1}' id='m' type='headline'>"
    "<{0}:body>x</{0}:body></message>",
}
_EVERY = pytest.mark.parametrize("where", _PREFIXED)


@_EVERY
@requires("content-prefix-received", "stream-error-bad-namespace-prefix", name=NAMES)
async def test_prefixed_stanza_is_not_accepted(case: Case, where: str, name: str) -> None:
    """Accepting it, corrected, is tolerated."""
    receiver, sender = await case.bound(1), await case.bound(0)
    text = _PREFIXED[where].format(f"p{name}", receiver.jid)
    case.judge(
        await after(case, sender, text),
        Allowed(
            "the stanza ignored, or <bad-namespace-prefix/>",
            ("ignored", "*stream error bad-namespace-prefix"),
            (*ANY_STREAM_ERROR, "message error *"),
        ),
    )
    case.prefer(not await messages(receiver), "a stanza that is not delivered", "delivered")


@_EVERY
@requires("content-prefix-not-delivered", "content-prefix-not-generated", name=NAMES)
async def test_prefix_is_not_delivered(case: Case, where: str, name: str) -> None:
    receiver, sender = await case.bound(1), await case.bound(0)
    received = tap(receiver)
    await after(case, sender, _PREFIXED[where].format(f"p{name}", receiver.jid))
    await reached(receiver)
    inside = b"<inside xmlns='" + ns.CLIENT.encode() + b"'>" + bytes(received)
    case.check(
        not [tag for tag in tags(inside) if tag.uri == ns.CLIENT and tag.prefix],
        "the message without the prefix, or not at all",
        "the prefix delivered",
    )


async def declared(case: Case, name: str, uri: str) -> tuple[RawStream, str]:
    """A stream whose header has declared the prefix, and how that ended ("ignored": bound)."""
    stream = await due(case, "after-sasl")
    await stream.send(header(case.domain, **{f"xmlns:{name}": uri}))
    reaction = await stream.react("^features ")
    case.saw_close(reaction.close)
    if str(reaction) == "ignored":
        await bind(stream)
    return stream, str(reaction)


_USE = "<message to='{}' id='m' type='headline'><{}:x><{}:y/></{}:x></message>"


@requires("stream-header-extension-namespace", name=NAMES, uri=URIS)
async def test_extension_declared_in_the_header(case: Case, name: str, uri: str) -> None:
    receiver, prefix = await case.bound(1), f"p{name}"
    sender, outcome = await declared(case, prefix, uri)
    if outcome == "ignored":
        text = _USE.format(receiver.jid, prefix, prefix, prefix)
        outcome = str(await after(case, sender, text))
    case.judge(
        outcome,
        Allowed(
            "<invalid-namespace/>",
            ("*stream error invalid-namespace",),
            ("ignored", "message error *", *ANY_STREAM_ERROR),
        ),
    )


@requires("stream-header-namespace-redeclared", "stanza-extension", name=NAMES, uri=URIS)
async def test_extension_is_declared_again(case: Case, name: str, uri: str) -> None:
    receiver, prefix = await case.bound(1), f"p{name}"
    sender, outcome = await declared(case, prefix, uri)
    if outcome == "ignored":
        await after(case, sender, _USE.format(receiver.jid, prefix, prefix, prefix))
    came = await reached(receiver)
    case.judge(
        came, Allowed("the stanza with its declarations, or not at all", ("message*", "ignored"))
    )
    for message in came.elements:
        case.check(
            message.find(f"{{{uri}}}x/{{{uri}}}y") is not None,
            "the names that the sender wrote",
            "other names",
        )
