from __future__ import annotations

import asyncio
import base64
import re

import pytest

from harness.errors import StreamError
from harness.tests.targets.embedded.conftest import StartBench
from harness.tests.targets.embedded.driver import DOMAIN, HEADER, Bench, Raw
from harness.xmpp import namespaces as ns

LATER = "<stream:features>.*</stream:features>"


def header(**changes: str | None) -> str:
    """A stream header with other attributes than the usual."""
    attributes: dict[str, str | None] = {
        "to": DOMAIN,
        "version": "1.0",
        "xmlns": ns.CLIENT,
        "xmlns:stream": ns.STREAM,
        **changes,
    }
    text = "".join(f" {name}='{value}'" for name, value in attributes.items() if value is not None)
    return f"<stream:stream{text}>"


async def response(bench: Bench, text: str) -> str:
    raw = await bench.raw(text)
    return (await raw.until("<stream:stream [^>]*>"))[0]


async def test_response_header(bench: Bench) -> None:
    first, second = await response(bench, HEADER), await response(bench, HEADER)
    for text in (first, second):
        assert f"from='{DOMAIN}'" in text
        assert "version='1.0'" in text
        assert "xml:lang='en'" in text
        assert " to=" not in text
    ids = [re.search("id='([^']+)'", text)[1] for text in (first, second)]  # type: ignore[index]
    assert ids[0] != ids[1]
    assert len(ids[0]) >= 16


async def test_response_header_answers_from_and_version(bench: Bench) -> None:
    text = await response(bench, header(**{"from": f"a@{DOMAIN}/x", "version": "1.11"}))
    assert f"to='a@{DOMAIN}'" in text
    assert "version='1.0'" in text
    for higher in ("12.3", "01.0", "1.00", "2.0", "1.99"):
        assert "version='1.0'" in await response(bench, header(version=higher))
    assert "to='a@bench.test'" in await response(bench, header(**{"from": "A@bench.test/x"}))
    assert "version" not in await response(bench, header(version=None))


async def test_prefix_free_header_is_as_good(bench: Bench) -> None:
    raw = await bench.raw(f"<stream to='{DOMAIN}' version='1.0' xmlns='{ns.STREAM}'>")
    await raw.until(LATER)
    auth = base64.b64encode(b"n,,n=a,r=abc").decode()
    raw.send(f"<auth xmlns='{ns.SASL}' mechanism='SCRAM-SHA-1'>{auth}</auth>")
    await raw.until("<challenge")


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        (header(to="other.test"), "host-unknown"),
        (header(to=None), "improper-addressing"),
        (header(to="@"), "improper-addressing"),
        (header(version=None), "unsupported-version"),
        (header(version="0.9"), "unsupported-version"),
        (header(version="one"), "unsupported-version"),
        (header(version="0.10"), "unsupported-version"),
        (header(version="1" * 5_000 + ".0"), "unsupported-version"),
        (header(**{"from": "@"}), "improper-addressing"),
        (header(**{"from": ""}), "improper-addressing"),
        (header(**{"xmlns:x": "urn:example:x"}), "invalid-namespace"),
        (header(**{"xmlns:stream": "http://wrong.test/"}), "invalid-namespace"),
        (header(xmlns="jabber:server"), "invalid-namespace"),
        (HEADER.replace("stream:", "foo:").replace(":stream=", ":foo="), "bad-namespace-prefix"),
        (header().replace("<stream:stream", "<stream:other"), "bad-format"),
        ("<?xml version='1.0' encoding='UTF-16'?>" + header(), "unsupported-encoding"),
        ("<!-- no -->" + header(), "restricted-xml"),
        ("<!DOCTYPE a>" + header(), "restricted-xml"),
        ("<?php no ?>" + header(), "restricted-xml"),
        ("hello <", "not-well-formed"),
        ("<stream:stream>", "not-well-formed"),
    ],
)
async def test_faulty_header(bench: Bench, text: str, condition: str) -> None:
    raw = await bench.raw(text)
    answer = await raw.until("<stream:stream [^>]*>")
    assert f"from='{DOMAIN}'" in answer[0]
    assert await raw.stream_error() == condition


async def test_utf_16_is_refused(bench: Bench) -> None:
    raw = await bench.raw()
    raw.send(HEADER.encode("utf-16"))
    assert await raw.stream_error() == "unsupported-encoding"


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("<message to='b@bench.test'/>", "not-authorized"),
        ("<presence/>", "not-authorized"),
        ("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>", "not-authorized"),
        ("<foo xmlns='urn:foo'/>", "unsupported-stanza-type"),
        ("text", "bad-format"),
        ("<message><body>no end</message>", "not-well-formed"),
        ("<foo:message/>", "not-well-formed"),
        ("<message><!-- no --></message>", "restricted-xml"),
        ("<message>&foo;</message>", "restricted-xml"),
        ("<message><?php no ?></message>", "restricted-xml"),
        ("<message>\udcff</message>", "unsupported-encoding"),
        (header(), "unsupported-stanza-type"),
        (HEADER, "not-well-formed"),
        ("<message xmlns='jabber:server'/>", "invalid-namespace"),
        ("<c:message xmlns:c='jabber:client'/>", "bad-namespace-prefix"),
    ],
)
async def test_faults_before_login(bench: Bench, text: str, condition: str) -> None:
    raw = await bench.raw()
    await raw.open()
    raw.send(text.encode("utf-8", "surrogateescape"))
    assert await raw.stream_error() == condition


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("<message from='b@bench.test' to='b@bench.test'/>", "invalid-from"),
        ("<message from='a@bench.test/other' to='b@bench.test'/>", "invalid-from"),
        (
            "<message from='b@bench.test' to='b@bench.test' id='xh0-1'><body>x</body></message>",
            "invalid-from",
        ),
        ("<pubsub/>", "unsupported-stanza-type"),
        ("<message xmlns='urn:foo' to='b@bench.test'/>", "unsupported-stanza-type"),
        ("<message xmlns='jabber:server' to='b@bench.test'/>", "invalid-namespace"),
        ("<message xmlns='jabber:component:accept' to='b@bench.test'/>", "invalid-namespace"),
        ("<c:message xmlns:c='jabber:client' to='b@bench.test'/>", "bad-namespace-prefix"),
        (
            "<message to='b@bench.test'><c:body xmlns:c='jabber:client'>x</c:body></message>",
            "bad-namespace-prefix",
        ),
        (header(), "unsupported-stanza-type"),
        ("<message><body>no end</message>", "not-well-formed"),
        ("<message><foo:body/></message>", "not-well-formed"),
        ("<message to='b@bench.test'><body>" + "x" * 300_000, "policy-violation"),
        ("<a>" * 200, "policy-violation"),
    ],
)
async def test_faults_of_bound_clients(bench: Bench, text: str, condition: str) -> None:
    watcher = await bench.online("b")
    client = await bench.login("a")
    client.send(text)
    error = (await client.ended()).error
    assert isinstance(error, StreamError)
    assert error.condition == condition
    assert await watcher.fence() == []


@pytest.mark.parametrize(
    ("pieces", "condition"),
    [
        ((b"<a>\xe2", b"\x28\xa1</a>"), "unsupported-encoding"),
        ((b"<a>\xf0\x9f", b"\x98", b"\x28</a>"), "unsupported-encoding"),
        ((b"<a>\xc3", b"\xa4</b>"), "not-well-formed"),
        ((b"<a>\xf0\x9f", b"\x98", b"\x80</b>"), "not-well-formed"),
        ((b"<a>\xf0\x9f\x98\x80", b"</b>"), "not-well-formed"),
        ((b"<a>", b"\x80</a>"), "unsupported-encoding"),
        ((b"<a>\xed\xa0\x80</a>",), "unsupported-encoding"),
        ((b"<a>\xef\xbf\xbe</a>",), "not-well-formed"),  # U+FFFE, well encoded
        ((b"<a>\x00</a>",), "not-well-formed"),
    ],
)
async def test_bytes_that_come_in_pieces(
    bench: Bench, pieces: tuple[bytes, ...], condition: str
) -> None:
    """Characters may be cut; what is wrong is named as if they were not."""
    raw, other = await bench.raw(), await bench.login("b")
    await raw.open()
    for piece in pieces:
        raw.send(piece)
        await other.fence()  # the server has read what lay on its other sockets too
    assert await raw.stream_error() == condition


async def test_white_space_is_nothing_at_any_stage(bench: Bench) -> None:
    raw = await bench.raw()
    await raw.open()
    raw.send(" \r\n\t" * 100_000)
    auth = base64.b64encode(b"n,,n=a,r=abc").decode()
    raw.send(f"<auth xmlns='{ns.SASL}' mechanism='SCRAM-SHA-1'>{auth}</auth>\n")
    await raw.until("<challenge")
    client = await bench.login("a")
    client.send(" " * 600_000)
    assert await client.fence() == []


async def test_dialback_may_be_declared(bench: Bench) -> None:
    raw = await bench.raw(header(**{"xmlns:db": "jabber:server:dialback"}))
    await raw.until(LATER)


async def test_languages_that_are_none_are_not_passed_on(bench: Bench) -> None:
    receiver = await bench.online("b")
    for lang, stamped in (("pt-BR", "pt-BR"), ("not a language", None), ("", None)):
        raw = await authenticated(bench, header(**{"xml:lang": lang}))
        raw.send(f"<message to='{receiver.jid}' type='headline'/>")
        assert (await receiver.next()).get(ns.LANG) == stamped


async def authenticated(bench: Bench, text: str) -> Raw:
    """A bound stream with this header."""
    raw = await bench.raw(HEADER, direct=True)
    await raw.until(LATER)
    data = base64.b64encode(b"\0a\0pencil").decode()
    raw.send(f"<auth xmlns='{ns.SASL}' mechanism='PLAIN'>{data}</auth>")
    await raw.until("<success")
    raw.send(text)
    await raw.until(LATER)
    raw.send(f"<iq type='set' id='b'><bind xmlns='{ns.BIND}'/></iq>")
    await raw.until("<jid>")
    return raw


async def test_stanza_before_bind(bench: Bench) -> None:
    raw = await bench.raw(direct=True)
    await raw.open()
    data = base64.b64encode(b"\0a\0pencil").decode()
    raw.send(f"<auth xmlns='{ns.SASL}' mechanism='PLAIN'>{data}</auth>")
    await raw.until("<success")
    await raw.open()
    raw.send("<message to='b@bench.test'><body>early</body></message>")
    assert await raw.stream_error() == "not-authorized"
    assert bench.domain.store.accounts["b"].offline == []


async def test_orderly_end(bench: Bench) -> None:
    client = await bench.login("a")
    client.send("<presence/></stream:stream>")
    assert (await client.ended()).error is None
    assert bench.domain.sessions == {}


async def test_stream_error_of_the_client_is_answered_with_the_end(bench: Bench) -> None:
    raw = await bench.raw()
    await raw.open()
    raw.send("<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>")
    await raw.until("</stream:stream>")
    raw.send("</stream:stream>")
    assert await raw.rest() == ""


async def test_connection_stays_until_the_client_ends_its_stream(start_bench: StartBench) -> None:
    bench = await start_bench(closing_s=0.2)
    raw = await bench.raw()
    await raw.open()
    raw.send("<presence/>")
    await raw.until("</stream:stream>")
    assert not raw.reader.at_eof()
    assert await raw.rest() == ""  # nobody waits for ever


async def test_the_clients_closing_tag_may_come_in_pieces(start_bench: StartBench) -> None:
    bench = await start_bench(closing_s=60)
    raw, other = await bench.raw(), await bench.login("b")
    await raw.open()
    raw.send("<presence/>")
    await raw.until("</stream:stream>")
    for piece in ("</stre", "am:stre", "am>"):
        raw.send(piece)
        await other.fence()
    assert await raw.rest() == ""


@pytest.mark.parametrize("direct", [False, True])
async def test_a_client_that_just_goes_away(
    bench: Bench, direct: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Its end of the connection is answered by ours, whether or not the stream was closed."""
    for text in ("", "<presence/>", "</stream:stream>"):
        raw = await bench.raw(direct=direct)
        await raw.open()
        raw.send(text)
        if direct:
            raw.writer.close()
        else:
            raw.writer.write_eof()
            await raw.rest()
    while bench.server._connections:
        await asyncio.sleep(0.01)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_late_closing_tag_on_tls(
    start_bench: StartBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench = await start_bench(closing_s=0.05)
    raw = await bench.raw(direct=True)
    await raw.open()
    raw.send("<presence/>")
    await raw.until("</stream:stream>")
    await raw.rest()
    raw.send("</stream:stream>")
    while bench.server._connections:
        await asyncio.sleep(0.01)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize(
    "first", [b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n\r\n", bytes(16)]
)
async def test_first_bytes_that_are_no_xml(bench: Bench, first: bytes) -> None:
    """A TLS ClientHello, for one, does not wait for ever on the port for plaintext."""
    raw = await bench.raw()
    raw.send(first)
    await raw.until("<stream:stream [^>]*>")
    assert await raw.stream_error() in ("not-well-formed", "unsupported-encoding")


async def test_plaintext_on_the_port_for_tls(bench: Bench) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.ports["direct_port"])
    writer.write(HEADER.encode())
    assert b"stream" not in await asyncio.wait_for(reader.read(), 5)
    writer.close()


async def test_negotiation_takes_no_longer_than_allowed(start_bench: StartBench) -> None:
    bench = await start_bench(negotiation_s=0.1)
    raw = await bench.raw(HEADER)
    assert await raw.stream_error() == "connection-timeout"


async def test_slow_reader_is_closed(start_bench: StartBench) -> None:
    bench = await start_bench(output_bytes=200_000, closing_s=0.2)
    reader, writer = await bench.login("a"), await bench.login("b")
    reader.send("<presence/>")
    await reader.fence()
    body = "x" * 100_000
    for _ in range(200):
        writer.send(f"<message to='{reader.jid}'><body>{body}</body></message>")
        await writer.fence()
        if reader.jid not in bench.domain.sessions:
            break
    assert reader.jid not in bench.domain.sessions


async def test_shutdown(bench: Bench) -> None:
    client = await bench.online("a")
    await bench.server.stop()
    error = (await client.ended()).error
    assert isinstance(error, StreamError)
    assert error.condition == "system-shutdown"
