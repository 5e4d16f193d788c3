from __future__ import annotations

import asyncio
import base64
import re
import shutil
import ssl
import warnings

import pytest
from scramp import ScramClient
from scramp.core import Nonce

from harness.errors import SaslError
from harness.targets.embedded.tls import Records
from harness.tests.targets.embedded.conftest import StartBench
from harness.tests.targets.embedded.driver import DOMAIN, HEADER, Bench
from harness.xmpp import namespaces as ns

SCRAM = ["SCRAM-SHA-1", "SCRAM-SHA-256"]
SECURE = [*SCRAM, "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "PLAIN"]
AUTH = f"<auth xmlns='{ns.SASL}' mechanism='%s'>%s</auth>"


@pytest.mark.parametrize(
    ("tls", "mechanism"),
    [("off", name) for name in SCRAM]
    + [(tls, name) for tls in ("starttls", "direct") for name in SECURE],
)
async def test_login(bench: Bench, tls: str, mechanism: str) -> None:
    client = await bench.login("a", "phone", tls=tls, mechanisms=(mechanism,))
    assert client.jid == f"a@{DOMAIN}/phone"
    assert await client.fence() == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("tls", ["starttls", "direct"])
async def test_both_versions_of_tls(bench: Bench, tls: str, version: ssl.TLSVersion) -> None:
    bench.context.minimum_version = bench.context.maximum_version = version
    client = await bench.login("a", tls=tls)
    assert client.writer.get_extra_info("ssl_object").version() == version.name.replace("_", ".")
    assert await client.fence() == []
    client.send("</stream:stream>")
    assert (await client.ended()).error is None


async def test_older_versions_of_tls(bench: Bench) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        bench.context.minimum_version = ssl.TLSVersion.TLSv1
        bench.context.maximum_version = ssl.TLSVersion.TLSv1_1
    bench.context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        await bench.raw(direct=True)


@pytest.mark.parametrize("mechanism", [*SCRAM, "PLAIN"])
@pytest.mark.parametrize(("user", "password"), [("a", "wrong"), ("nobody", "pencil")])
async def test_wrong_credentials_look_alike(
    bench: Bench, mechanism: str, user: str, password: str
) -> None:
    with pytest.raises(SaslError) as caught:
        await bench.login(user, password=password, tls="direct", mechanisms=(mechanism,))
    assert caught.value.condition == "not-authorized"


def plain(user: str, password: str, authzid: str = "") -> str:
    return base64.b64encode(f"{authzid}\0{user}\0{password}".encode()).decode()


@pytest.mark.parametrize(
    ("mechanism", "data", "condition"),
    [
        ("PLAIN", plain("a", "wrong"), "not-authorized"),
        ("PLAIN", "no base64!", "incorrect-encoding"),
        ("PLAIN", "AGEAcGVuY2lsx=", "incorrect-encoding"),
        ("PLAIN", "AGEAcGVuY2lh", "not-authorized"),
        ("PLAIN", base64.b64encode(b"a").decode(), "malformed-request"),
        ("PLAIN", base64.b64encode(b"\0a\0\xff").decode(), "malformed-request"),
        ("PLAIN", "=", "malformed-request"),
        ("PLAIN", plain("a", "pencil", f"b@{DOMAIN}"), "invalid-authzid"),
        ("CRAM-MD5", "", "invalid-mechanism"),
        ("", "", "invalid-mechanism"),
        ("SCRAM-SHA-1", base64.b64encode(b"nonsense").decode(), "malformed-request"),
        ("SCRAM-SHA-1", base64.b64encode(b"y,,n=a,r=abc").decode(), "not-authorized"),
        ("SCRAM-SHA-1", base64.b64encode(b"n,a=b,n=a,r=abc").decode(), "invalid-authzid"),
        ("SCRAM-SHA-1", base64.b64encode(b"n,a=,n=a,r=abc").decode(), "malformed-request"),
        ("SCRAM-SHA-1", base64.b64encode(b"n,,n=,r=abc").decode(), "malformed-request"),
        ("SCRAM-SHA-1", base64.b64encode(b"p=tls-unique,,n=a,r=b").decode(), "malformed-request"),
        ("SCRAM-SHA-1-PLUS", base64.b64encode(b"n,,n=a,r=abc").decode(), "not-authorized"),
        ("SCRAM-SHA-1-PLUS", base64.b64encode(b"y,,n=a,r=abc").decode(), "not-authorized"),
        ("SCRAM-SHA-1-PLUS", base64.b64encode(b"p=tls-unique,,n=a,r=b").decode(), "not-authorized"),
        ("PLAIN", plain("a", "pencil", f"a@{DOMAIN}/phone"), "invalid-authzid"),
        ("PLAIN", plain("a", "pencil", "@"), "invalid-authzid"),
        ("PLAIN", plain("a", "wrong", f"b@{DOMAIN}"), "not-authorized"),
        ("PLAIN", f" {plain('a', 'pencil')}", "incorrect-encoding"),
        ("PLAIN", plain("a", "pencil") + "\n", "incorrect-encoding"),
        ("PLAIN", "=AAA", "incorrect-encoding"),
        ("PLAIN", "BBBB=CCC", "incorrect-encoding"),
        ("PLAIN", "AGEAcGVuY2ls\u00e4", "incorrect-encoding"),
        ("PLAIN", "<x/>", "malformed-request"),
        ("EXTERNAL", "=", "invalid-mechanism"),
    ],
)
async def test_sasl_failures(bench: Bench, mechanism: str, data: str, condition: str) -> None:
    raw = await bench.raw(direct=True)
    await raw.open()
    raw.send(AUTH % (mechanism, data))
    failure = await raw.until(f"<failure xmlns='{ns.SASL}'><([a-z-]+)/></failure>")
    assert failure[1] == condition
    raw.send(AUTH % ("PLAIN", plain("a", "pencil", f"a@{DOMAIN}")))
    await raw.until("<success")


async def test_plain_needs_tls(bench: Bench) -> None:
    raw = await bench.raw(HEADER)
    features = await raw.until("<stream:features>.*</stream:features>")
    assert "PLAIN" not in features[0]
    assert "PLUS" not in features[0]
    raw.send(AUTH % ("PLAIN", plain("a", "pencil")))
    await raw.until("<encryption-required/>")


async def test_plain_without_initial_response_is_asked_for_it(bench: Bench) -> None:
    raw = await bench.raw(direct=True)
    await raw.open()
    raw.send(AUTH % ("PLAIN", ""))
    await raw.until("<challenge")
    raw.send(f"<response xmlns='{ns.SASL}'>{plain('a', 'pencil')}</response>")
    await raw.until("<success")


async def test_abort_and_a_new_exchange_in_the_middle_of_one(bench: Bench) -> None:
    raw = await bench.raw(direct=True)
    await raw.open()
    first = base64.b64encode(b"n,,n=a,r=abc").decode()
    raw.send(AUTH % ("SCRAM-SHA-1", first))
    await raw.until("<challenge")
    raw.send(f"<abort xmlns='{ns.SASL}'/>")
    await raw.until("<failure[^>]*><aborted/>")
    raw.send(AUTH % ("SCRAM-SHA-256", first))
    await raw.until("<challenge")
    raw.send(AUTH % ("PLAIN", plain("a", "pencil")))
    await raw.until("<success")


async def test_authzid_in_other_letters(bench: Bench) -> None:
    raw = await bench.raw(direct=True)
    await raw.open()
    raw.send(AUTH % ("PLAIN", plain("A", "pencil", f"a@{DOMAIN.upper()}")))
    await raw.until("<success")
    await raw.open()
    raw.send(f"<iq type='set' id='b'><bind xmlns='{ns.BIND}'/></iq>")
    await raw.until(f"<jid>a@{DOMAIN}/")


@pytest.mark.parametrize("element", ["response", "abort"])
async def test_without_a_handshake(bench: Bench, element: str) -> None:
    raw = await bench.raw(direct=True)
    await raw.open()
    raw.send(f"<{element} xmlns='{ns.SASL}'/>")
    await raw.until(f"<failure[^>]*><{'aborted' if element == 'abort' else 'malformed-request'}/>")
    raw.send(AUTH % ("PLAIN", plain("a", "pencil")))
    await raw.until("<success")


async def test_the_wrong_end_of_scram(bench: Bench) -> None:
    """Nonce, proof, binding: each is simply wrong, and bad grammar is bad grammar."""
    for tamper, condition in (
        ("nonce", "not-authorized"),
        ("proof", "not-authorized"),
        ("binding", "not-authorized"),
        ("grammar", "malformed-request"),
    ):
        raw = await bench.raw(direct=True)
        await raw.open()
        client = ScramClient(["SCRAM-SHA-256"], "a", "pencil")
        raw.send(AUTH % ("SCRAM-SHA-256", _base64(client.get_client_first())))
        challenge = (await raw.until("<challenge[^>]*>(.*?)<"))[1]
        client.set_server_first(base64.b64decode(challenge).decode())
        if tamper == "nonce":
            client.nonce = Nonce(str(client.nonce) + "x")
        final = client.get_client_final()
        if tamper == "proof":
            final = re.sub(",p=.*", ",p=" + _base64(bytes(32)), final)
        if tamper == "binding":
            final = re.sub("^c=[^,]*", "c=" + _base64("y,,"), final)
        if tamper == "grammar":
            final = "c=,p="
        raw.send(f"<response xmlns='{ns.SASL}'>{_base64(final)}</response>")
        await raw.until(f"<failure[^>]*><{condition}/></failure>")


def _base64(data: str | bytes) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


# What policy demands.


async def test_required_tls(start_bench: StartBench) -> None:
    bench = await start_bench(tls_required=True)
    raw = await bench.raw(HEADER)
    features = await raw.until("<stream:features>(.*)</stream:features>")
    assert features[1] == f"<starttls xmlns='{ns.TLS}'><required/></starttls>"
    for mechanism in ("PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "EXTERNAL"):
        raw = await bench.raw()
        await raw.open()
        raw.send(AUTH % (mechanism, "="))
        await raw.until("<failure[^>]*><encryption-required/>")
        raw.send("<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>")
        assert await raw.stream_error() == "not-authorized"
    assert (await bench.login("a", tls="starttls")).bare == f"a@{DOMAIN}"
    assert (await bench.login("a", tls="direct")).bare == f"a@{DOMAIN}"


async def test_permitted_mechanisms(start_bench: StartBench) -> None:
    bench = await start_bench(mechanisms=["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1"])
    raw = await bench.raw(HEADER, direct=True)
    features = await raw.until("</stream:features>")
    offered = re.findall("<mechanism>(.*?)<", raw.seen + features.string)
    assert offered == ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1"]
    raw.send(AUTH % ("PLAIN", plain("a", "pencil")))
    await raw.until("<mechanism-too-weak/>")
    raw.send(AUTH % ("CRAM-MD5", ""))
    await raw.until("<invalid-mechanism/>")
    client = await bench.login("a", tls="direct", mechanisms=("SCRAM-SHA-256-PLUS",))
    assert await client.fence() == []


async def test_too_many_failures_end_the_stream(start_bench: StartBench) -> None:
    bench = await start_bench(sasl_retries=2)
    raw = await bench.raw(direct=True)
    await raw.open()
    for _ in range(3):
        raw.send(AUTH % ("PLAIN", plain("a", "wrong")))
        await raw.until("<not-authorized/>")
    assert await raw.stream_error() == "policy-violation"


async def test_header_and_credentials_must_name_the_same_user(bench: Bench) -> None:
    raw = await bench.raw(HEADER.replace(" to=", f" from='b@{DOMAIN}' to="), direct=True)
    await raw.until("</stream:features>")
    raw.send(AUTH % ("PLAIN", plain("a", "pencil")))
    assert await raw.stream_error() == "invalid-from"


@pytest.mark.parametrize(
    "injected",
    [AUTH % ("SCRAM-SHA-1", base64.b64encode(b"n,,n=a,r=abc").decode()), "<message><body>", "</"],
)
async def test_what_follows_starttls_unprotected_is_never_read(bench: Bench, injected: str) -> None:
    raw = await bench.raw()
    await raw.open()
    raw.send(f"<starttls xmlns='{ns.TLS}'/>{injected}")
    await raw.until(f"<proceed xmlns='{ns.TLS}'/>")
    await raw.writer.start_tls(bench.context, server_hostname=DOMAIN)
    await raw.open()
    assert "challenge" not in raw.seen


async def test_starttls_is_offered_once(bench: Bench) -> None:
    raw = await bench.raw(HEADER, direct=True)
    features = await raw.until("<stream:features>.*</stream:features>")
    assert "starttls" not in features[0]
    assert "<channel-binding type='tls-server-end-point'/>" in features[0]
    raw.send(f"<starttls xmlns='{ns.TLS}'/>")
    await raw.until(f"<failure xmlns='{ns.TLS}'/></stream:stream>")


@pytest.mark.parametrize(
    "inner", ["<required xmlns='urn:example:x'/>", "text", "' attribute='value"]
)
async def test_malformed_starttls(bench: Bench, inner: str) -> None:
    raw = await bench.raw()
    await raw.open()
    text = f"<starttls xmlns='{ns.TLS}'>{inner}</starttls>"
    raw.send(text if "attribute" not in inner else f"<starttls xmlns='{ns.TLS}{inner}'/>")
    await raw.until(f"^<failure xmlns='{ns.TLS}'/></stream:stream>")
    raw.send("</stream:stream>")
    assert await raw.rest() == ""


@pytest.mark.parametrize("stage", ["challenged", "unbound", "bound"])
async def test_starttls_out_of_place(bench: Bench, stage: str) -> None:
    raw = await bench.raw(direct=stage != "challenged")
    await raw.open()
    if stage == "challenged":
        raw.send(AUTH % ("SCRAM-SHA-1", _base64("n,,n=a,r=abc")))
        await raw.until("</challenge>")
    else:
        raw.send(AUTH % ("PLAIN", plain("a", "pencil")))
        await raw.until("</success>")
        await raw.open()
    if stage == "bound":
        raw.send(f"<iq type='set' id='b'><bind xmlns='{ns.BIND}'/></iq>")
        await raw.until("</iq>")
    raw.send(f"<starttls xmlns='{ns.TLS}'/>")
    await raw.until(f"^<failure xmlns='{ns.TLS}'/></stream:stream>")
    raw.send("</stream:stream>")
    assert await raw.rest() == ""


async def test_no_xml_while_the_handshake_lasts(start_bench: StartBench) -> None:
    bench = await start_bench(negotiation_s=0.2)
    raw = await bench.raw()
    await raw.open()
    raw.send(f"<starttls xmlns='{ns.TLS}'/>")
    await raw.until("<proceed[^>]*/>")
    assert await raw.rest() == ""


async def test_failed_handshake_ends_the_connection_without_a_word(bench: Bench) -> None:
    raw = await bench.raw()
    await raw.open()
    raw.send(f"<starttls xmlns='{ns.TLS}'/>")
    await raw.until("<proceed[^>]*/>")
    raw.send(b"this is no TLS at all")
    data = await raw.reader.read()
    assert b"stream" not in data


# TLS renegotiation (section 5.3.5).


def record(kind: int, body: bytes) -> bytes:
    return bytes((kind, 3, 3)) + len(body).to_bytes(2) + body


HANDSHAKE = record(22, b"x" * 100) + record(22, b"y" * 50) + record(20, b"\x01")


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_end_of_a_handshake_is_no_renegotiation(size: int) -> None:
    records = Records()
    data = HANDSHAKE + record(22, b"finished") + record(23, b"data" * 500) + record(21, b"\x01\x00")
    for start in range(0, len(data), size):
        records.feed(data[start : start + size])
    with pytest.raises(ssl.SSLError, match="renegotiation"):
        records.feed(record(22, b"again"))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
async def test_renegotiation_ends_the_connection(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    port = bench.ports["direct_port"]
    client = await asyncio.create_subprocess_exec(
        *("openssl", "s_client", "-tls1_2", "-connect", f"127.0.0.1:{port}"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert client.stdin is not None
    assert client.stdout is not None
    client.stdin.write(HEADER.encode() + b"\n")
    seen = b""
    while b"</stream:features>" not in seen:
        seen += await asyncio.wait_for(client.stdout.read(65_536), 5)
    client.stdin.write(b"R\n")
    rest, _ = await asyncio.wait_for(client.communicate(), 10)
    assert b"<stream:error" not in rest
    assert any("renegotiation is not supported" in r.getMessage() for r in caplog.records)
    assert bench.server._connections == set()
