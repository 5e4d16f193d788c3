"""How the defects of headers, features, restarts, TLS and EXTERNAL show."""

from __future__ import annotations

import asyncio
import ssl

from harness.tests.targets.embedded.defects.scenes import (
    AUTH,
    BIND,
    END,
    STARTTLS,
    Sign,
    after_login,
    authenticated,
    base,
    certified,
    header,
    last,
    open_to_features,
    opened,
    plain,
    rest,
    start,
    starttls,
    unbound,
    when_bound,
)
from harness.tests.targets.embedded.driver import DOMAIN, HEADER, Bench
from harness.transport.tls import TlsLayer, client_context
from harness.xmpp import namespaces as ns

FROM = {"from": f"a@{DOMAIN}/x"}
EXTERNAL = AUTH.format("EXTERNAL", "=")


async def ids_of_a_login(bench: Bench) -> str:
    """The ids of the two streams of a login are the same, or not."""
    raw = await bench.raw(HEADER, direct=True)
    first = (await raw.until(" id='([^']*)'"))[1]
    await raw.until("</stream:features>")
    raw.send(plain())
    await raw.until("<success")
    raw.send(HEADER)
    return "same" if (await raw.until(" id='([^']*)'"))[1] == first else "different"


async def closing_of_tls(bench: Bench) -> str:
    """Whether close_notify comes before the end of the connection."""
    layer = TlsLayer(client_context(str(bench.issued.ca), True), DOMAIN)
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.ports["direct_port"])
    done, out = layer.handshake()
    while not done:
        writer.write(out)
        done, out = layer.handshake(await reader.read(65_536))
    writer.write(out + layer.encrypt((HEADER + END).encode()))
    while data := await reader.read(65_536):
        layer.decrypt(data)
    writer.transport.abort()
    try:
        layer.ssl.read()
    except ssl.SSLWantReadError:
        return "the end"
    return "close_notify"


async def restart(bench: Bench) -> str:
    """What comes behind <success>, and after the new header."""
    return await last(await authenticated(bench), HEADER)


async def failed_handshake(bench: Bench) -> str:
    raw = await bench.raw()
    await open_to_features(raw)
    raw.send(STARTTLS)
    await raw.until("<proceed[^>]*/>")
    raw.send(b"this is no TLS at all")
    return await rest(raw)


async def header_after_login_without_language(bench: Bench) -> str:
    other = await unbound(bench, "b")
    other.send(BIND.format("r"))
    await other.until("</iq>")
    raw = await unbound(bench, text=header())
    raw.send(BIND.format("r"))
    await last(raw, f"<message to='b@{DOMAIN}/r' type='headline' id='m'/>")
    return await last(other, "")


SIGNS = [
    Sign("header-without-id", start(HEADER), sound=" id='"),
    Sign("header-empty-id", start(HEADER), sound=" id='.+?' version", wrong=" id='' "),
    Sign("header-id-counts", start(HEADER), sound=" id='[0-9a-f]{32}'", wrong=" id='1000'"),
    Sign("header-id-of-the-client", start(header(id="mine")), wrong=" id='mine'"),
    Sign("header-id-kept-at-restart", ids_of_a_login, sound="different", wrong="same"),
    Sign("header-without-from", start(HEADER), sound=f" from='{DOMAIN}'"),
    Sign(
        "header-from-as-asked",
        start(header(to="other.test")),
        sound=f" from='{DOMAIN}'.*host-unknown",
        wrong=" from='other.test'.*host-unknown",
    ),
    Sign("header-without-to", start(header(**FROM)), sound=f" to='a@{DOMAIN}'"),
    Sign("header-to-with-resource", start(header(**FROM)), wrong=f" to='a@{DOMAIN}/x'"),
    Sign("header-to-without-from", start(HEADER), wrong=" to='"),
    Sign("header-without-version", start(HEADER), sound=" version='1.0' xml:lang"),
    Sign(
        "header-version-of-the-client",
        start(header(version="7.3")),
        sound=" version='1.0' xml:lang",
        wrong=" version='7.3'",
    ),
    Sign(
        "header-version-as-text",
        start(header(version="01.0")),
        sound="<stream:features>",
        wrong="unsupported-version",
    ),
    Sign("header-without-lang", start(HEADER), sound=" xml:lang='en' xmlns='jabber:client'"),
    Sign(
        "header-lang-of-the-client",
        start(header(**{"xml:lang": "tlh"})),
        sound=" xml:lang='en' xmlns",
        wrong=" xml:lang='tlh' xmlns",
    ),
    Sign("header-with-byte-order-mark", start(HEADER), sound=r"\A<\?xml", wrong=r"\A\ufeff<\?"),
    Sign("header-standalone", start(HEADER), wrong="standalone='yes'"),
    Sign("header-remembered", header_after_login_without_language, wrong="<message [^>]*xml:lang"),
    Sign(
        "unknown-host-served",
        start(header(to="other.test")),
        sound="host-unknown",
        wrong="<stream:features>",
    ),
    Sign(
        "wrong-namespace-served",
        start(header(xmlns="urn:example:x")),
        sound="invalid-namespace",
        wrong="<stream:features>",
    ),
    Sign("features-without-bind", restart, sound="<stream:features><bind "),
    Sign("features-with-mechanisms-after-login", restart, wrong="<mechanisms "),
    Sign(
        "restart-with-closing-tag",
        restart,
        sound=r"\A</success><\?xml",
        wrong=r"\A</success></stream:stream><\?xml",
    ),
    Sign("features-with-bind-before-login", start(HEADER), wrong="<bind "),
    Sign("features-with-starttls-after-tls", start(HEADER, direct=True), wrong="<starttls "),
    Sign("features-without-namespace", start(HEADER), wrong="<chat/>"),
    Sign("features-after-bind", after_login(BIND.format("r")), wrong="</iq><stream:features>"),
    # STARTTLS and TLS.
    Sign("starttls-not-offered", start(HEADER), sound="<starttls "),
    Sign(
        "starttls-twice",
        opened(STARTTLS, direct=True),
        sound=f"<failure xmlns='{ns.TLS}'/>",
        wrong="<proceed ",
    ),
    Sign("starttls-after-login", when_bound(STARTTLS), sound="<failure", wrong="<proceed "),
    Sign(
        "starttls-refusal-keeps-open",
        opened(STARTTLS + AUTH.format("X", ""), direct=True),
        sound=r"<failure [^>]*/></stream:stream>\Z",
        wrong="<invalid-mechanism/>",
    ),
    Sign("starttls-with-white-space", starttls(), sound=r"\A<proceed", wrong=r"\A\s<proceed"),
    Sign(
        "tls-without-restart",
        starttls(),
        sound="<stream:features>",
        wrong="not-well-formed",
    ),
    Sign(
        "tls-injection-read",
        starttls(HEADER + plain("a", "guess"), second=""),
        wrong="<not-authorized/>",
    ),
    Sign("tls-failure-with-closing-tag", failed_handshake, wrong="</stream:stream>"),
    Sign("tls-failure-keeps-open", failed_handshake, wrong=r"\(open\)"),
    Sign(
        "tls-knowledge-kept",
        starttls(first=header(**FROM), second=header()),
        wrong=f" to='a@{DOMAIN}'",
    ),
    Sign("tls-without-close-notify", closing_of_tls, sound="close_notify", wrong="the end"),
    Sign(
        "plain-without-tls",
        opened(plain()),
        sound="<encryption-required/>",
        wrong="<success",
    ),
    # Certificates.
    Sign(
        "external-not-offered",
        certified(f"a@{DOMAIN}", text=EXTERNAL),
        sound=f"<mechanism>EXTERNAL</mechanism>.*<jid>a@{DOMAIN}/r</jid>",
        wrong="<invalid-mechanism/>",
    ),
    Sign(
        "external-last",
        certified(f"a@{DOMAIN}", text=EXTERNAL),
        sound="<mechanisms [^>]*><mechanism>EXTERNAL",
        wrong="EXTERNAL</mechanism></mechanisms>.*<jid>",
    ),
    Sign(
        "external-as-anybody",
        certified(f"a@{DOMAIN}", text=AUTH.format("EXTERNAL", base(f"b@{DOMAIN}"))),
        sound="<invalid-authzid/>",
        wrong=f"<jid>b@{DOMAIN}/r</jid>",
    ),
    Sign(
        "external-of-any-domain",
        certified("a@elsewhere.test", text=EXTERNAL),
        sound="<invalid-mechanism/>",
        wrong=f"<jid>a@{DOMAIN}/r</jid>",
    ),
]
