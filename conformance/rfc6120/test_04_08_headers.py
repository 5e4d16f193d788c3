"""Sections 4.8.1 to 4.8.3 and 4.8.5: the namespaces that headers declare, on either side."""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.generate.headers import prefixed
from conformance.generate.text import NAMES, URIS
from conformance.rfc6120.model import fence
from conformance.rfc6120.outcomes import ANY_STREAM_ERROR
from conformance.rfc6120.streams import EVERY_OPENING, due, response, tags, tap
from conformance.suite import Allowed, Case, Stage, requires
from conformance.wire.negotiation import header, open_stream
from conformance.wire.stream import RawStream
from harness.xmpp import namespaces as ns

_MALFORMED = "<message><x></y></message>"
_SERVED_OR_REFUSED = Allowed(
    "the stream, or <bad-namespace-prefix/>",
    ("ignored", "*stream error bad-namespace-prefix"),
    ANY_STREAM_ERROR,
)
_PREFIX_FREE = (
    f"<?xml version='1.0'?><stream to='{{}}' version='1.0' xml:lang='en' xmlns='{ns.STREAM}'>"
)


@EVERY_OPENING
@requires("xml-namespace-streams-declaration")
async def test_response_is_in_the_stream_namespace(case: Case, opening: str) -> None:
    stream = await due(case, opening)
    await stream.send(header(case.domain))
    found = await response(case, stream)
    case.check(
        found.tag == f"{{{ns.STREAM}}}stream",
        "a root in the stream namespace",
        "a root in another namespace",
    )
    case.check(
        ns.STREAM in found.namespaces.values(),
        "a header that declares the stream namespace",
        "no declaration of it",
    )


@EVERY_OPENING
@requires("content-namespace-same", "xml-namespace-content-client")
async def test_content_namespace_is_the_clients(case: Case, opening: str) -> None:
    stream = await due(case, opening)
    await stream.send(header(case.domain))
    declared = (await response(case, stream)).namespaces
    case.check(
        declared.get("", ns.CLIENT) == ns.CLIENT,
        "jabber:client as default namespace, or none",
        "another default namespace",
    )


@EVERY_OPENING
@requires("xml-namespace-streams-prefix")
async def test_one_prefix_for_the_stream_namespace(case: Case, opening: str) -> None:
    """Of header, features and stream error."""
    stream = await due(case, opening)
    received = tap(stream)
    await open_stream(stream)
    await stream.send(_MALFORMED)
    await stream.react()
    written = [tag for tag in tags(bytes(received)) if tag.uri == ns.STREAM]
    if len(written) < 3:
        raise case.unknown("expected a header, features and a stream error")
    case.check(
        {tag.prefix for tag in written} == {written[0].prefix},
        "the prefix that the header declares, throughout",
        "elements with another prefix, or with none",
    )


@EVERY_OPENING
@requires(
    "stream-prefix-other",
    "stream-error-bad-namespace-prefix",
    "xml-namespace-streams-prefix",
    data=st.data(),
)
async def test_another_prefix(case: Case, opening: str, data: st.DataObject) -> None:
    stream = await due(case, opening)
    await stream.send(data.draw(prefixed(case.domain)))
    case.judge(await stream.react("^features "), _SERVED_OR_REFUSED)


@EVERY_OPENING
@requires("content-namespace-prefix-free", "stream-error-bad-namespace-prefix")
async def test_prefix_free_header(case: Case, opening: str) -> None:
    stream = await due(case, opening)
    await stream.send(_PREFIX_FREE.format(case.domain))
    reaction = await stream.react("^features ")
    case.judge(reaction, _SERVED_OR_REFUSED)
    if opening == "after-sasl" and str(reaction) == "ignored":
        await check_prefix_free_stanzas(case, stream)


async def check_prefix_free_stanzas(case: Case, stream: RawStream) -> None:
    """On such a stream each stanza declares its namespace itself."""
    payloads = {"bind": ("set", ns.BIND, "bind"), "fence": ("get", ns.PING, "ping")}
    for identifier, (kind, uri, name) in payloads.items():
        await stream.send(
            f"<iq xmlns='{ns.CLIENT}' type='{kind}' id='{identifier}'><{name} xmlns='{uri}'/></iq>"
        )
        case.judge(await stream.react(f"^iq .*{identifier}$"), Allowed("an answer", ("ignored",)))


@requires("content-namespace-unsupported", uri=URIS, name=NAMES)
async def test_unsupported_content_namespace(case: Case, uri: str, name: str) -> None:
    """Refused at the header, or at the first element, where section 4.8.3 names the condition."""
    stream = await case.stream()
    text, answer = fence(Stage.OPENED, case.domain)
    await stream.send(header(case.domain, xmlns=uri) + f"<{name}/>" + text)
    case.judge(
        await stream.react(answer),
        Allowed(
            "<invalid-namespace/>",
            ("*stream error invalid-namespace",),
            ("stream error *", "*stream error not-authorized"),  # section 4.9.3.12
        ),
    )
