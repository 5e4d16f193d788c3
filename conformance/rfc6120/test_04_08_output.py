"""Sections 4.3.5, 4.8.1, 4.8.3 and 4.8.5: how all that the server writes to a client is written."""

from __future__ import annotations

from conformance.generate.stanzas import EXTENSIONS
from conformance.rfc6120.common import after
from conformance.rfc6120.streams import Tag, due, reached, tags, tap
from conformance.suite import Case, requires
from conformance.wire.negotiation import bind, open_stream
from harness.xmpp import namespaces as ns

_STANZAS = ("message", "presence", "iq")


async def conversation(case: Case, extension: str = "") -> list[Tag]:
    """What the server writes on a stream with stanzas of every kind, its own and somebody's."""
    stream = await due(case, "after-sasl")
    received = tap(stream)
    await open_stream(stream)
    await bind(stream)
    other = await case.bound(1)
    to = f"id='m' to='{stream.jid}'"
    await after(
        case,
        other,
        f"<presence {to}/><message {to} type='headline'><body>x</body>{extension}</message>"
        f"<iq type='get' {to}><q xmlns='urn:example:q'/></iq>",
    )
    theirs = await reached(stream)
    own = await after(
        case,
        stream,
        f"<iq type='get' id='roster'><query xmlns='{ns.ROSTER}'/></iq>"
        f"<iq type='get' id='unknown' to='{case.domain}'><q xmlns='urn:example:q'/></iq>"
        f"<message id='nobody' to='nobody-here@{case.domain}' type='normal'/>"
        f"<presence to='{other.jid}'/>",
    )
    if not theirs.elements or not own.elements:
        raise case.unknown("no stanzas came")
    return tags(bytes(received))


@requires("content-prefix-not-generated", "xml-namespace-content-client", extension=EXTENSIONS)
async def test_no_prefix_for_jabber_client(case: Case, extension: str) -> None:
    written = await conversation(case, extension)
    case.check(
        not [tag for tag in written if tag.uri == ns.CLIENT and tag.prefix],
        "elements in jabber:client without prefix",
        "an element in jabber:client with a prefix",
    )


@requires("content-namespace-never-server", "xml-namespace-content-client")
async def test_stanzas_are_in_jabber_client(case: Case) -> None:
    written = await conversation(case)
    stanzas = [tag for tag in written if tag.name.rpartition(":")[2] in _STANZAS and tag.depth == 1]
    case.check(stanzas, "stanzas", "none")
    case.check(
        {tag.uri for tag in stanzas} == {ns.CLIENT},
        "stanzas in jabber:client",
        "a stanza in another namespace",
    )


@requires("stream-features-none-after-bind")
async def test_no_features_between_stanzas(case: Case) -> None:
    written = await conversation(case)
    features = [tag for tag in written if tag.uri == ns.STREAM and tag.depth == 1]
    case.check(len(features) == 1, "features before bind alone", "more features")
