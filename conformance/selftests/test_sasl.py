"""The client's side of SASL, where it is to be wrong: each fault is one, and the only one."""

from __future__ import annotations

import base64
from xml.etree.ElementTree import Element, fromstring

import pytest
from scramp import ScramException, ScramMechanism

from conformance.player import SaslClient, spoilt
from conformance.wire.sasl import PLAIN, SCRAM_FIRST, Sasl
from conformance.wire.stream import RawStream
from conformance.wire.transcript import Transcript
from harness.targets.base import Account, Endpoint

NAMESPACE = "urn:ietf:params:xml:ns:xmpp-sasl"


def said(client: SaslClient, **step: object) -> bytes:
    """The message in the element of a step."""
    element = fromstring(client.element(step))
    assert element.tag == f"{{{NAMESPACE}}}{step['element']}"
    return base64.b64decode(element.text or "")


def final(wrong: str, first: str = SCRAM_FIRST) -> str:
    """What scramp says to a SCRAM exchange with this fault; empty when it succeeds."""
    mechanism = ScramMechanism("SCRAM-SHA-1")
    known = mechanism.make_auth_info("secret", iteration_count=4096)
    server = mechanism.make_server(lambda _user: (known[0], known[1], known[2], known[3]))
    client = SaslClient("us,er", "secret", "here.test")
    message = said(client, element="auth", mechanism="SCRAM-SHA-1", message=first)
    try:
        server.set_client_first(message.decode())
        challenge = Element(f"{{{NAMESPACE}}}challenge")
        challenge.text = base64.b64encode(server.get_server_first().encode()).decode()
        client.took(challenge)
        server.set_client_final(
            said(client, element="response", wrong=wrong, challenge=-1).decode()
        )
    except ScramException as error:
        return str(error)
    assert client.scram is not None
    assert client.scram.proves(server.get_server_final().encode())
    return ""


def test_right_and_harmless() -> None:
    assert not final("")
    assert not final("extension")


@pytest.mark.parametrize(
    "wrong",
    [
        "proof",
        "short-proof",
        "bad-proof",
        "no-proof",
        "nonce",
        "own-nonce",
        "no-nonce",
        "header",
        "no-binding",
    ],
)
def test_wrong(wrong: str) -> None:
    assert final(wrong)


def test_marks_are_filled_in() -> None:
    client = SaslClient("us=er", "secret", "here.test")
    message = said(client, element="auth", mechanism="PLAIN", message="{user}@{domain}" + PLAIN)
    assert message == b"us=er@here.test\0us=er\0secret"
    assert said(client, element="response", message="{prefix}") == b"secre"
    scram = said(client, element="auth", mechanism="SCRAM-SHA-1", message=SCRAM_FIRST)
    assert client.scram is not None
    assert scram == f"n,,n=us=3Der,r={client.scram.nonce}".encode()


def test_no_message_is_not_an_empty_one() -> None:
    client = SaslClient("u", "p", "d")
    step = {"element": "auth", "mechanism": "PLAIN"}
    assert fromstring(client.element({**step, "message": None})).text is None
    assert fromstring(client.element({**step, "message": ""})).text == "="


@pytest.mark.parametrize("length", [4, 5, 7, 8])
def test_padding_bits_are_the_only_change(length: int) -> None:
    text = base64.b64encode(bytes(range(length))).decode()
    changed = spoilt(text, "padding-bits")
    assert changed != text
    assert len(changed) == len(text)
    assert base64.b64decode(changed) == base64.b64decode(text)


def test_other_faults_of_base64() -> None:
    assert spoilt("QUJDRA==", "no-padding") == "QUJDRA"
    assert spoilt("QUJDRA==", "0.5:*") == "QUJD*RA=="
    assert spoilt("QUJD", "0.0:=") == "=QUJD"
    assert spoilt("QUJD", "") == "QUJD"


class Sink:
    """A connection that only takes."""

    tls = None

    def __init__(self) -> None:
        self.taken = b""

    async def send(self, data: bytes) -> None:
        self.taken += data


@pytest.mark.parametrize("spoil", ["", "0.5:*", "padding-bits"])
@pytest.mark.parametrize("message", [PLAIN, "\0{user}\0{prefix}", "\0{user}\0x{password}"])
async def test_no_part_of_a_password_is_recorded(message: str, spoil: str) -> None:
    account = Account("juliet", "r0m30-4-ever-and-a-day")
    transcript = Transcript([account], "here.test")
    sink = Sink()
    stream = RawStream(sink, Endpoint("::1", 1, "here.test", "off"), 1, transcript)  # type: ignore[arg-type]
    await Sasl(stream, account).auth("PLAIN", message, spoil=spoil)
    sent = fromstring(sink.taken).text or ""
    shown = transcript.text() + repr(transcript.steps)
    assert account.password[:8] not in shown
    assert not any(sent[n : n + 12] in shown for n in range(len(sent) - 12))
    assert transcript.steps[-1]["message"] == message
