"""Sections 4.8, 4.9.1 and 4.9.3: headers that are wrong, and how the refusal looks."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import strategies as st

from conformance.generate.text import NAMES, URIS
from conformance.rfc6120.model import ANY_STREAM_ERROR
from conformance.rfc6120.test_08_02_iq import after
from conformance.suite import Allowed, Case, Stage, requires
from conformance.verdicts import stream_error
from conformance.wire.negotiation import header
from conformance.wire.stream import Reaction
from harness.xmpp import namespaces as ns

_CONDITION = f"{{{ns.STREAMS}}}"


class Wrong(NamedTuple):
    """A header that must be refused."""

    name: str
    text: str  # with {domain}, {name} and {uri}
    requirements: tuple[str, ...]
    allowed: Allowed


def _header(start: str = "stream:stream", prefix: str = "stream", **changes: str | None) -> str:
    return (
        header("{domain}", **changes)
        .replace("<stream:stream", f"<{start}")
        .replace("xmlns:stream", f"xmlns:{prefix}")
    )


WRONG = [
    Wrong(
        "stream-namespace",
        header("{domain}", **{"xmlns:stream": "{uri}"}),
        ("stream-error-invalid-namespace",),
        stream_error("invalid-namespace", lenient=("*",)),
    ),
    Wrong(
        "content-namespace",
        header("{domain}", xmlns="{uri}"),
        ("stream-error-invalid-namespace", "xml-namespace-content-client"),
        Allowed(  # section 4.8.3 leaves it open how many a server supports
            "<invalid-namespace/>",
            ("*stream error invalid-namespace",),
            (*ANY_STREAM_ERROR, "ignored"),
        ),
    ),
    Wrong(
        "root-name",
        _header("stream:{name}x"),
        ("stream-error-bad-format",),
        Allowed("a stream error", ANY_STREAM_ERROR),
    ),
    Wrong(
        "root-without-prefix",
        header("{domain}").replace("<stream:stream", "<stream"),
        ("xml-namespace-streams-prefix",),
        Allowed("a stream error", ANY_STREAM_ERROR),
    ),
    Wrong(
        "unknown-host",
        header("{name}.unknown.example"),
        ("stream-error-host-unknown",),
        stream_error("host-unknown", lenient=("host-gone", "not-authorized")),
    ),
    Wrong(
        "no-host",
        header("", to=None),
        ("stream-error-improper-addressing",),
        Allowed(
            "the default domain, <host-unknown/> or <improper-addressing/>",
            ("*stream error host-unknown", "*stream error improper-addressing", "ignored"),
            ANY_STREAM_ERROR,
        ),
    ),
    Wrong(
        "encoding",
        header("{domain}").replace("'1.0'?", "'1.0' encoding='ISO-8859-1'?"),
        ("stream-error-unsupported-encoding",),
        stream_error("unsupported-encoding", lenient=("*",)),
    ),
    Wrong(
        "unbound-prefix",
        header("{domain}").replace("xmlns:stream=", "xmlns:other="),
        ("xml-wellformed-ns", "xml-namespace-streams-declaration"),
        Allowed("a stream error", ANY_STREAM_ERROR),
    ),
]


@pytest.mark.parametrize(
    "wrong",
    [pytest.param(w, id=w.name, marks=pytest.mark.requires(*w.requirements)) for w in WRONG],
)
@requires("stream-error-generate", name=NAMES, uri=URIS)
async def test_refused(case: Case, wrong: Wrong, name: str, uri: str) -> None:
    reaction = await refused(case, wrong, name, uri)
    case.judge(reaction, wrong.allowed)


@pytest.mark.parametrize("wrong", [pytest.param(w, id=w.name) for w in WRONG])
@requires("stream-error-generate", name=NAMES, uri=URIS)
async def test_refusal_has_a_header(case: Case, wrong: Wrong, name: str, uri: str) -> None:
    """Section 4.9.1.2: also an error in the first header comes within a stream."""
    reaction = await refused(case, wrong, name, uri)
    if reaction.error is None:
        case.judge(reaction, wrong.allowed)
        return
    case.check(reaction.header, "a response header before the stream error", "no header")
    assert reaction.header is not None
    attributes = reaction.header.attributes
    case.check(reaction.header.tag == f"{{{ns.STREAM}}}stream", "<stream:stream>", "another root")
    case.check(attributes.get("id"), "an id in the header", "a header without id")
    if wrong.name == "unknown-host":  # section 4.9.1.3
        case.check(
            attributes.get("from", "") in ("", case.domain),
            "from = a domain of the server, or empty",
            "from = the unknown domain",
        )


@pytest.mark.parametrize("wrong", [pytest.param(w, id=w.name) for w in WRONG])
@requires("stream-error-generate", name=NAMES, uri=URIS)
async def test_refusal_is_final(case: Case, wrong: Wrong, name: str, uri: str) -> None:
    """Section 4.9.1.1: after a stream error come the closing tag and the end."""
    reaction = await refused(case, wrong, name, uri)
    if reaction.error is None:
        case.judge(reaction, wrong.allowed)
        return
    check_final(case, reaction)


async def refused(case: Case, wrong: Wrong, name: str, uri: str) -> Reaction:
    """What the server does with the wrong header."""
    stream = await case.stream()
    text = wrong.text.replace("{domain}", case.domain).replace("{name}", name)
    await stream.send(text.replace("{uri}", uri))
    return await stream.react("^features ")


def check_final(case: Case, reaction: Reaction) -> None:
    """A stream error is well made, and ends stream and connection (sections 4.9.1, 4.9.2)."""
    error = reaction.error
    assert error is not None
    case.saw_close(reaction.close)
    conditions = [c for c in error if c.tag.startswith(_CONDITION) and c.tag != f"{_CONDITION}text"]
    case.check(len(conditions) == 1, "one defined condition", f"{len(conditions)} conditions")
    case.check(reaction.close != "OPEN", "the end of the connection", "a connection left open")
    case.check(reaction.close != "NO-TAG", "the closing tag", "no closing tag")


@pytest.mark.parametrize("prefix", ["other", "s"])
@requires("xml-namespace-streams-prefix")
async def test_another_prefix(case: Case, prefix: str) -> None:
    """Section 4.8.5: a prefix other than `stream` may be refused."""
    stream = await case.stream()
    await stream.send(_header(f"{prefix}:stream", prefix).replace("{domain}", case.domain))
    case.judge(
        await stream.react("^features "),
        Allowed(
            "the stream, or <bad-namespace-prefix/>",
            ("ignored", "*stream error bad-namespace-prefix"),
            ANY_STREAM_ERROR,
        ),
    )


@requires("xml-namespace-streams-declaration", "xml-namespace-content-client")
async def test_response_declares_its_namespaces(case: Case) -> None:
    stream = await case.at(Stage.OPENED)
    assert stream.header is not None
    declared = stream.header.namespaces
    case.check(
        stream.header.tag == f"{{{ns.STREAM}}}stream",
        "a root in the stream namespace",
        "a root in another namespace",
    )
    case.check(
        declared.get("stream") == ns.STREAM,
        "the stream namespace bound to the prefix `stream`",
        "another prefix",
    )
    case.check(
        declared.get("", ns.CLIENT) == ns.CLIENT,
        "jabber:client as content namespace",
        "another content namespace",
    )


@requires(
    "xml-namespace-content-client", uri=st.sampled_from([ns.SERVER, "jabber:component:accept"])
)
async def test_stanza_of_another_content_namespace(case: Case, uri: str) -> None:
    """Section 4.8.3: it is no stanza of this stream."""
    stream = await case.bound()
    await stream.send(f"<message xmlns='{uri}' to='{case.jid()}'><body>x</body></message>")
    ping = f"<iq type='get' id='fence' to='{case.domain}'><ping xmlns='urn:xmpp:ping'/></iq>"
    await stream.send(ping)
    case.judge(
        await stream.react("^iq .*fence$"),
        Allowed(
            "<invalid-namespace/>, or nothing",
            ("*stream error invalid-namespace",),
            ("ignored", *ANY_STREAM_ERROR),
        ),
    )


@requires("xml-namespace-content-client", uri=URIS)
async def test_foreign_message_is_not_delivered(case: Case, uri: str) -> None:
    """Section 4.8.4: what only looks like a stanza is not routed."""
    receiver, sender = await case.pair()
    await sender.send(
        f"<m:message xmlns:m='{uri}' to='{receiver.jid}' id='foreign'><body>x</body></m:message>"
        f"<message to='{receiver.jid}' id='fence' type='headline'><body>x</body></message>"
    )
    refusal = await after(case, sender, "")
    if refusal.ending != "fence":
        case.judge(refusal, Allowed("the element ignored, or a stream error", ANY_STREAM_ERROR))
        return
    reaction = await receiver.react("^message .*fence$")
    case.check(reaction.ending == "fence", "the message behind it delivered", "nothing delivered")
    case.judge(reaction, Allowed("the element not delivered", ("ignored",)))
