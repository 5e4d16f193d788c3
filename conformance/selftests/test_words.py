"""The short forms of outcomes, how they are graded, and what a transcript keeps to itself."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from scramp import ScramMechanism

from conformance import player
from conformance.suite import Allowed, evidence
from conformance.verdicts import stream_error
from conformance.wire.transcript import Transcript
from harness.targets.base import Account

STREAM = "http://etherx.jabber.org/streams"
STREAMS = "urn:ietf:params:xml:ns:xmpp-streams"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"


@pytest.mark.parametrize(
    ("xml", "name"),
    [
        (
            f"<error xmlns='{STREAM}'><text xmlns='{STREAMS}'>t</text>"
            f"<reset xmlns='{STREAMS}'/></error>",
            "stream error reset",
        ),
        (f"<error xmlns='{STREAM}'/>", "stream error without condition"),
        (f"<features xmlns='{STREAM}'/>", "features"),
        (f"<failure xmlns='{SASL}'><aborted/></failure>", "sasl failure aborted"),
        (f"<failure xmlns='{SASL}'/>", "sasl failure"),
        ("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "tls proceed"),
        ("<iq xmlns='jabber:client' type='result'/>", "iq result"),
        ("<message xmlns='jabber:client'/>", "message"),
        (
            "<iq xmlns='jabber:client' type='error'><error><text xmlns='"
            f"{STANZAS}'/><conflict xmlns='{STANZAS}'/></error></iq>",
            "iq error conflict",
        ),
        ("<iq xmlns='jabber:client' type='error'/>", "iq error without child"),
    ],
)
def test_names(xml: str, name: str) -> None:
    assert player.name_of(fromstring(xml)) == name


@pytest.mark.parametrize(
    ("elements", "ending", "words"),
    [
        ([], "fence", "ignored"),
        ([], "open", "silence"),
        ([], "closed", "closed"),
        ([], "broken", "bad XML"),
        (["<iq xmlns='jabber:client' type='result'/>"], "fence", "iq result"),
        (["<iq xmlns='jabber:client' type='result'/>"], "reset", "iq result, reset"),
        (
            [f"<error xmlns='{STREAM}'><reset xmlns='{STREAMS}'/></error>"],
            "open",
            "stream error reset",
        ),
    ],
)
def test_descriptions(elements: list[str], ending: str, words: str) -> None:
    assert player.describe([fromstring(xml) for xml in elements], ending) == words


def test_grades() -> None:
    allowed = Allowed("w", ("iq error *",), ("ignored",))
    grades = [allowed.grade(o) for o in ("iq error conflict", "ignored", "iq result")]
    assert grades == ["PASS", "NON-STRICT", "FAIL"]
    wrong = stream_error("not-well-formed", lenient=("bad-format",))
    grades = [wrong.grade(f"stream error {c}") for c in ("not-well-formed", "bad-format", "reset")]
    assert grades == ["PASS", "NON-STRICT", "FAIL"]


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("wrong", ["", "proof", "nonce"])
def test_scram_of_the_replay_agrees_with_scramp(mechanism: str, wrong: str) -> None:
    server = ScramMechanism(mechanism)
    salt, stored, key, iterations = server.make_auth_info("secret", iteration_count=4096)
    exchange = server.make_server(lambda _user: (salt, stored, key, iterations))
    client = player.Scram(mechanism, "us,er", "secret")
    exchange.set_client_first(client.first().decode())
    final = client.final(exchange.get_server_first().encode(), wrong)
    if wrong:
        with pytest.raises(Exception, match=r"."):
            exchange.set_client_final(final.decode())
        return
    exchange.set_client_final(final.decode())
    assert client.proves(exchange.get_server_final().encode())
    assert not client.proves(b"v=AAAA")


def test_no_password_in_transcript_or_steps() -> None:
    account = Account("juliet", "r0m30-4-ever")
    transcript = Transcript([account], "example.org")
    message = base64.b64encode(player.plain("juliet", account.password))
    told = [
        b"<auth>" + message + b"</auth>",
        b"<password>r0m30-4-ever</password>",
        b"<auth>" + base64.b64encode(b"x\0juliet\0r0m30-4-ever") + b"</auth>",
    ]
    for data in told:
        transcript.line(1, ">", data)
        transcript.step(1, "send", data=transcript.replayable(data), times=1)
    said = transcript.text() + repr(transcript.steps)
    assert account.password not in said
    assert message.decode() not in said
    assert transcript.steps[0]["data"] == "<auth>{{plain0}}</auth>"


def test_steps_speak_of_whoever_replays_them() -> None:
    accounts = [Account("u1", "p"), Account("u10", "q")]
    transcript = Transcript(accounts, "here.test")
    said = transcript.replayable(b"<x a='u1@here.test/r' b='u10@here.test' c='here.test'/>")
    assert said == "<x a='{{jid0}}/r' b='{{jid1}}' c='{{domain}}'/>"
    transcript.step(1, "send", data=said)
    assert transcript.accounts_used() == 2


def test_the_replay_needs_nothing_but_python(tmp_path: Path) -> None:
    """No import from outside the standard library, and it starts alone."""
    copy = tmp_path / "replay.py"
    case = '{"case": "c", "requirements": [], "accounts": 0, "steps": []}'
    copy.write_text(evidence.player().replace("\nCASE = None\n", f"\nCASE = r'''{case}'''\n"))
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(copy), "--help"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert "Replay of c" in done.stdout
