"""How the defects of stream errors, of streams' ends, and of XML show."""

from __future__ import annotations

from harness.tests.targets.embedded.defects.scenes import (
    BIND,
    END,
    PING,
    Sign,
    bound,
    header,
    heard,
    last,
    online,
    open_to_features,
    opened,
    rest,
    start,
    unbound,
    when_bound,
)
from harness.tests.targets.embedded.driver import DOMAIN, Bench
from harness.xmpp import namespaces as ns

B = f"b@{DOMAIN}"
PING_SERVER = PING.format(DOMAIN)
MALFORMED = "<message><x></y></message>"
FOREIGN = "<foreign xmlns='urn:example:x'/>"
CLIENT_ERROR = f"<stream:error><reset xmlns='{ns.STREAMS}'/></stream:error>"


def to_b(body: str = "x", name: str = "m") -> str:
    return f"<message to='{B}/r' type='headline' id='{name}'><body>{body}</body></message>"


async def without_waiting(bench: Bench) -> str:
    """Whether the connection is still open when the server's closing tag has come."""
    raw = await bench.raw()
    await open_to_features(raw)
    raw.send(FOREIGN)
    await raw.until("</stream:stream>")
    ended = any(connection._finished for connection in bench.server._connections)
    return "ended" if ended else "waiting"


async def half_closed(bench: Bench) -> str:
    raw = await bench.raw()
    await open_to_features(raw)
    raw.writer.write_eof()
    return await rest(raw)


async def old_and_new(bench: Bench) -> str:
    older, newer = await bound(bench, "a", "same"), await unbound(bench, "a")
    await last(newer, BIND.format("same"))
    return await last(older, "")


async def before_login(bench: Bench) -> str:
    other = await online(bench, "b")
    raw = await bench.raw()
    await open_to_features(raw)
    return f"A: {await last(raw, to_b())}\nB: {await last(other, '')}"


async def in_pieces(bench: Bench) -> str:
    """A ping in two writes, the first of which has been read when the second comes."""
    raw, other = await bound(bench, "a"), await bound(bench, "b")
    raw.send(PING_SERVER[:20])
    other.send(PING_SERVER)
    await other.until("id='ping'")
    return await last(raw, PING_SERVER[20:])


async def without_last_byte(bench: Bench) -> str:
    raw, other = await bound(bench, "a"), await bound(bench, "b")
    raw.send(to_b()[:-1])
    said = await last(other, PING_SERVER)
    await last(raw, ">")
    return said


SIGNS = [
    # Stream errors
    Sign(
        "error-keeps-open",
        when_bound(FOREIGN + PING_SERVER),
        sound="</stream:error></stream:stream>",
        wrong="</stream:error><iq [^>]*'ping'",
    ),
    Sign(
        "error-without-header",
        start(header(to="other.test")),
        sound="<stream:stream .*<stream:error>",
        wrong=r"\A<stream:error>",
    ),
    Sign(
        "error-without-closing-tag",
        start(header(to="other.test")),
        sound="</stream:error></stream:stream>",
        wrong=r"</stream:error>\Z",
    ),
    Sign(
        "error-unsaid",
        opened(FOREIGN),
        sound="<stream:error>",
        wrong=r"\A</stream:stream>\Z",
    ),
    Sign("error-drops-connection", opened(FOREIGN), sound="<stream:error>", wrong=r"\A\Z"),
    Sign("error-overlooked", heard(FOREIGN + to_b()), wrong="B: .*<message "),
    Sign(
        "stream-error-without-condition",
        opened(FOREIGN),
        sound="<stream:error><unsupported-stanza-type ",
        wrong="<stream:error/>",
    ),
    Sign(
        "stream-error-with-two-conditions",
        opened(FOREIGN),
        wrong="<stream:error><reset [^>]*/><unsupported-stanza-type ",
    ),
    Sign(
        "stream-error-in-stanza-namespace",
        opened(FOREIGN),
        sound="<unsupported-stanza-type xmlns='urn:ietf:params:xml:ns:xmpp-streams'",
        wrong="<unsupported-stanza-type xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'",
    ),
    Sign(
        "stream-error-text-without-lang",
        opened(FOREIGN),
        sound="<text [^>]*xml:lang='en'>",
        wrong="<text xmlns='[^']*'>",
    ),
    Sign(
        "not-well-formed-by-old-name",
        opened(MALFORMED),
        sound="<not-well-formed ",
        wrong="<xml-not-well-formed ",
    ),
    Sign(
        "not-well-formed-is-policy",
        opened(MALFORMED),
        sound="<not-well-formed ",
        wrong="<policy-violation ",
    ),
    Sign(
        "not-authorized-is-timeout",
        opened(to_b()),
        sound="<not-authorized ",
        wrong="<connection-timeout ",
    ),
    Sign("conflict-is-reset", old_and_new, sound="<conflict ", wrong="<reset "),
    Sign(
        "host-unknown-is-shutdown",
        start(header(to="other.test")),
        sound="<host-unknown ",
        wrong="<system-shutdown ",
    ),
    Sign(
        "version-unsupported-is-internal",
        start(header(version="0.9")),
        sound="<unsupported-version ",
        wrong="<internal-server-error ",
    ),
    Sign(
        "client-error-answered",
        opened(CLIENT_ERROR),
        sound=r"\A</stream:stream>\Z",
        wrong="<undefined-condition ",
    ),
    # The end
    Sign("closing-tag-unanswered", opened(""), sound=r"\A</stream:stream>\Z", wrong=r"\A\Z"),
    Sign(
        "closing-tag-with-more",
        opened(""),
        sound=r"\A</stream:stream>\Z",
        wrong=r"\A</stream:stream>\n\Z",
    ),
    Sign("connection-kept", opened(""), wrong=r"\(open\)"),
    Sign("connection-not-kept", without_waiting, sound="waiting", wrong="ended"),
    Sign("half-close-hangs", half_closed, wrong=r"\(open\)"),
    Sign(
        "replies-lost-at-close",
        when_bound(PING_SERVER),
        sound="id='ping'.*</stream:stream>",
        wrong=r"\A</stream:stream>",
    ),
    Sign("stanzas-lost-at-close", heard(to_b() + END), sound="B: .*<message "),
    Sign("stanzas-behind-close", heard(END + to_b()), wrong="B: .*<message "),
    # Before SASL
    Sign(
        "message-before-login",
        before_login,
        sound="A: .*<not-authorized ",
        wrong="B: .*<message ",
    ),
    Sign(
        "request-before-login",
        opened(PING_SERVER),
        sound="<not-authorized ",
        wrong="<iq [^>]*type='result'",
    ),
    # What XMPP forbids
    Sign(
        "comment-accepted",
        heard(to_b("<!-- x -->y")),
        sound="A: .*<restricted-xml ",
        wrong="B: .*<body>y</body>",
    ),
    Sign(
        "processing-instruction-accepted",
        heard(to_b("<?x y?>y")),
        sound="A: .*<restricted-xml ",
        wrong="B: .*<body>y</body>",
    ),
    Sign(
        "doctype-accepted",
        start(header().replace("?>", "?><!DOCTYPE x [<!ENTITY e 'v'>]>")),
        sound="<restricted-xml ",
        wrong="<stream:features>",
    ),
    Sign(
        "entity-accepted",
        heard(to_b("&nothing;")),
        sound="A: .*<restricted-xml ",
        wrong=r"B: .*<body>\?</body>",
    ),
    Sign(
        "undeclared-prefix-accepted",
        heard(to_b("</body><foo:x/><body>")),
        sound="A: .*<not-well-formed ",
        wrong="B: .*<x/>",
    ),
    Sign(
        "malformed-mended",
        heard(to_b("a && b")),
        sound="A: .*<not-well-formed ",
        wrong="B: .*<body>a &amp;&amp; b</body>",
    ),
    Sign(
        "declared-encoding-ignored",
        start(header().replace("?>", " encoding='ISO-8859-1'?>")),
        sound="<unsupported-encoding ",
        wrong="<stream:features>",
    ),
    Sign(
        "bad-utf8-accepted",
        heard(to_b("x").encode().replace(b"<body>x", b"<body>\xff")),
        sound="A: .*<unsupported-encoding ",
        wrong="B: .*<body>\ufffd</body>",
    ),
    # What XMPP allows
    Sign(
        "cdata-refused",
        heard(to_b("<![CDATA[a < b]]>")),
        sound="B: .*<body>a &lt; b</body>",
        wrong="A: .*<restricted-xml ",
    ),
    Sign(
        "character-reference-refused",
        heard(to_b("&#228;")),
        sound="B: .*<body>ä</body>",
        wrong="A: .*<restricted-xml ",
    ),
    Sign(
        "apostrophe-entity-refused",
        heard(to_b("&apos;")),
        sound="B: .*<body>&apos;</body>",
        wrong="A: .*<restricted-xml ",
    ),
    Sign(
        "white-space-refused",
        when_bound("\n"),
        sound=r"\A</stream:stream>\Z",
        wrong="<bad-format ",
    ),
    Sign(
        "entities-escaped-twice",
        heard(to_b("a &amp; b")),
        sound="B: .*<body>a &amp; b</body>",
        wrong="B: .*<body>a &amp;amp; b</body>",
    ),
    Sign(
        "output-not-escaped",
        heard(to_b("a &lt; b")),
        sound="B: .*<body>a &lt; b</body>",
        wrong="B: .*<body>a < b</body>",
    ),
    Sign(
        "output-limited-to-basic-plane",
        heard(to_b("ä\U0001f600")),
        sound="B: .*<body>ä\U0001f600</body>",
        wrong=r"B: .*<body>ä\?</body>",
    ),
    Sign(
        "output-with-prefix",
        heard(to_b()),
        sound="B: .*<message ",
        wrong="B: .*<c:message xmlns:c='jabber:client' .*</c:message>",
    ),
    Sign("output-in-server-namespace", heard(to_b()), wrong="B: .*<message xmlns='jabber:server'"),
    Sign(
        "lookalike-delivered",
        heard(to_b().replace("<message", "<message xmlns='urn:example:x'")),
        sound="A: .*<unsupported-stanza-type ",
        wrong="B: .*<message ",
    ),
    # Pieces and limits
    Sign("pieces-refused", in_pieces, sound="id='ping'", wrong="<not-well-formed "),
    Sign("last-byte-unneeded", without_last_byte, wrong="<message "),
    Sign(
        "big-stanza-drops",
        when_bound(to_b("x" * 30_000)),
        sound="<policy-violation ",
        wrong=r"\A\Z",
    ),
    Sign(
        "small-limit",
        heard(to_b("x" * 9_000)),
        sound="B: .*<body>x{9000}</body>",
        wrong="A: .*<policy-violation ",
    ),
    Sign("faulty-write-dropped", heard(to_b() + MALFORMED), sound="B: .*<message "),
]
