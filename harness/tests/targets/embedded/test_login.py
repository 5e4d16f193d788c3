from __future__ import annotations

import base64

import pytest

from harness.errors import SaslError
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
