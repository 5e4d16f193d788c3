"""The complete client against servers: verbs, refusals, losses; in a process of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from harness import targets
from harness.load.session import Session, to_wire
from harness.targets.base import Account, Endpoint, TargetOptions
from harness.targets.local import LocalServer

ROOT = Path(__file__).parents[3]
SERVERS = ["embedded", pytest.param("ejabberd", marks=pytest.mark.server("ejabberd"))]
CROWD = 6
HEADER = (
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "id='1' version='1.0' from='bench.test'>"
)
SASL = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
PLAIN = f"<mechanisms {SASL}><mechanism>PLAIN</mechanism></mechanisms>"
STREAMS = "xmlns='urn:ietf:params:xml:ns:xmpp-streams'"
BIND = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"


def features(inner: str) -> str:
    return f"{HEADER}<stream:features>{inner}</stream:features>"


def run(
    scene: str,
    endpoint: Endpoint,
    accounts: list[Account],
    mechanisms: tuple[str, ...] = ("SCRAM-SHA-1", "PLAIN"),
    login_timeout: float = 10.0,
    says: str = "",
    **more: Any,
) -> Any:
    """What the driver's scene returns. Its stderr must begin with `says`, or be empty."""
    session = Session(
        worker=0,
        workers=1,
        endpoint=endpoint,
        accounts=accounts,
        first_index=0,
        step=1,
        contacts=[[1], [0]],
        mechanisms=mechanisms,
        logins="constant:1000",
        login_timeout=login_timeout,
        drain=1,
    )
    done = subprocess.run(
        [sys.executable, "-m", "harness.tests.load.slix_driver"],
        input=json.dumps({"scene": scene, "session": to_wire(session), **more}),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert (done.returncode, done.stderr[: len(says) or None]) == (0, says)
    return json.loads(done.stdout)


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[LocalServer]:
    target = cast(LocalServer, targets.load(request.param)(TargetOptions()))
    target.start()
    yield target
    target.stop()


@pytest.fixture(scope="module")
def accounts(server: LocalServer) -> list[Account]:
    return server.provision(CROWD, [[1], [0], *[[] for _ in range(CROWD - 2)]])


def endpoint(server: LocalServer, tls: str) -> Endpoint:
    port = server.ports["tls" if tls == "direct" else "c2s"]
    return msgspec.structs.replace(server.endpoint(), tls=tls, port=port)


@pytest.mark.parametrize("tls", ["off", "starttls", "direct"])
def test_every_verb_with_light_clients_as_company(server, accounts, tls):
    got = run("verbs", endpoint(server, tls), accounts)
    secure = [] if tls == "off" else ["tls"]
    assert got == {
        "phases": ["begin", "tcp", *secure, "sasl", "bind", "roster", "presence"],
        "users": [CROWD, CROWD, CROWD],
        "jid": True,
        "arrived": True,
        "delivered": [CROWD * (CROWD - 1), CROWD * (CROWD - 1), 0, 0],
        "presence": [True, 2],
        "ping": "result",
        "refused": ["StanzaError", "service-unavailable"],
        "roster": ["u1@bench.test"],
        "disco": "bench.test",
        "backlog": 0,
        "online": 0,
        "gone": True,
        "loss": None,
    }


@pytest.mark.parametrize("mechanisms", [("SCRAM-SHA-1", "PLAIN"), ("PLAIN", "SCRAM-SHA-1")])
def test_a_client_logs_in_again_by_the_first_allowed_mechanism(server, accounts, mechanisms):
    got = run("again", endpoint(server, "starttls"), accounts[:1], mechanisms)
    assert got == {
        "sessions": 4,
        "mechanism": mechanisms[0],
        "after": ["ConnectionLost", "not-connected"],
        "online": 0,
    }


@pytest.mark.parametrize("tls", ["off", "starttls", "direct"])
def test_a_wrong_password_is_a_sasl_error(server, accounts, tls):
    wrong = [Account(accounts[0].user, "wrong")]
    got = run("refusal", endpoint(server, tls), wrong)
    assert got["SlixmppClient"][:2] == got["LightClient"][:2] == ["SaslError", "not-authorized"]
    assert got["seconds"] < 5


@pytest.mark.parametrize("tls", ["starttls", "direct"])
def test_an_unknown_authority_is_not_trusted(server, accounts, tls):
    strange = msgspec.structs.replace(endpoint(server, tls), ca=None)
    got = run("refusal", strange, accounts[:1])
    assert got["SlixmppClient"] == got["LightClient"]
    assert got["SlixmppClient"][:2] == ["PeerError", "certificate-not-trusted"]


def test_a_mechanism_that_is_not_on_offer(server, accounts):
    got = run("refusal", endpoint(server, "off"), accounts[:1], mechanisms=("EXTERNAL",))
    assert got["SlixmppClient"][:2] == got["LightClient"][:2]
    assert got["SlixmppClient"][:2] == ["NegotiationError", "invalid-mechanism"]


def test_a_dying_server_ends_what_waits():
    target = cast(LocalServer, targets.load("embedded")(TargetOptions(tls="off")))
    target.start()
    try:
        accounts = target.provision(2)
        silent = f"{accounts[1].user}@bench.test/nobody"
        pids = target.pids()
        got = run("loss", target.endpoint(), accounts[:1], pids=pids, to=silent)
    finally:
        target.stop()
    assert got["lost"] == ["ConnectionLost", True]
    assert got["call"] == "ConnectionLost"
    assert got["online"] == 0


def test_nobody_listens():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    got = run("refusal", Endpoint("127.0.0.1", port, "bench.test", "off"), [Account("u", "p")])
    assert got["SlixmppClient"] == got["LightClient"]
    assert got["SlixmppClient"][:2] == ["ConnectionLost", "connection-refused"]


# A server that says one line after another, whatever it hears.
SCRIPTS = {
    "silence": ([""], "off", ["NoReply", "timeout"]),
    "stream error": (
        [f"{HEADER}<stream:error><host-unknown {STREAMS}/></stream:error></stream:stream>"],
        "off",
        ["StreamError", "host-unknown"],
    ),
    "redirect": (
        [
            f"{HEADER}<stream:error><see-other-host {STREAMS}>127.0.0.1</see-other-host>"
            "</stream:error></stream:stream>"
        ],
        "off",
        ["StreamError", "see-other-host"],
    ),
    "closing tag": ([f"{HEADER}</stream:stream>"], "off", ["NegotiationError", "closed"]),
    "hang up": ([HEADER, None], "off", ["ConnectionLost", "connection-closed"]),
    "not XML": ([f"{HEADER}<a></b>"], "off", ["StreamViolation", "not-well-formed"]),
    "no STARTTLS": ([features(PLAIN)], "starttls", ["NegotiationError", "no-starttls"]),
    "no mechanism": ([features("")], "off", ["NegotiationError", "invalid-mechanism"]),
    "no bind": (
        [features(PLAIN), f"<success {SASL}/>", features("")],
        "off",
        ["NegotiationError", "no-bind"],
    ),
    "bind refused": (
        [
            features(PLAIN),
            f"<success {SASL}/>",
            features(BIND),
            "<iq type='error' id='ID'><error type='wait'><resource-constraint "
            "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
        ],
        "off",
        ["StanzaError", "resource-constraint"],
    ),
}


def speak(listener: socket.socket, lines: list[str | None]) -> None:
    while True:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        with peer:
            for line in lines:
                if line is None:
                    break
                heard = peer.recv(4096)
                id = heard.partition(b'id="')[2].partition(b'"')[0].decode() or "bind"  # noqa: A001
                peer.sendall(line.replace("ID", id).encode())
            else:
                while peer.recv(4096):
                    pass


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_login_ends_for_the_reason_that_the_server_gives(name):
    lines, tls, expected = SCRIPTS[name]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=speak, args=(listener, lines), daemon=True).start()
        where = Endpoint("127.0.0.1", listener.getsockname()[1], "bench.test", tls)
        says = "Parse error" if name == "not XML" else ""
        got = run("refusal", where, [Account("u", "p")], ("PLAIN",), login_timeout=2, says=says)
        listener.shutdown(socket.SHUT_RDWR)
    assert got["SlixmppClient"][:2] == expected
    assert got["LightClient"][:2] == expected
    assert (got["seconds"] < 1) == (expected[1] != "timeout")
