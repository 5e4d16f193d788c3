"""Real ejabberd, jabberd2 and Prosody: started, filled, logged in to, killed, stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import psutil
import pytest

from harness import targets
from harness.errors import HarnessError, StreamError
from harness.targets import jabberd2, local
from harness.targets.base import Account, TargetOptions, TlsMode
from harness.targets.local import LocalServer
from harness.tests.targets.client import roster_of

NAMES = ("ejabberd", "jabberd2", "prosody")
SERVERS = [pytest.param(name, marks=pytest.mark.server(name)) for name in NAMES]
# These have no package: unpacked distributions, where somebody names them.
INSTALLED = [pytest.param(n, marks=pytest.mark.installation(n)) for n in ("openfire", "tigase")]
NOT_JABBERD2 = [parameter for parameter in SERVERS if parameter.values != ("jabberd2",)]

SCRAM_LOGIN = """
import asyncio, json, ssl, sys
import slixmpp

async def main(given):
    client = slixmpp.ClientXMPP(given["jid"], given["password"], sasl_mech="SCRAM-SHA-1")
    client.ssl_context.load_verify_locations(given["ca"])
    client.ssl_context.check_hostname = True
    client.ssl_context.verify_mode = ssl.CERT_REQUIRED
    client.connect(given["host"], given["port"])
    await asyncio.wait_for(client.wait_until("session_start", 20), 20)
    roster = await client.get_roster()
    print(json.dumps(sorted(str(jid) for jid in roster["roster"]["items"])))
    await client.disconnect()

asyncio.run(main(json.load(sys.stdin)))
"""


def ring(count: int, each_side: int) -> list[list[int]]:
    """Everybody knows the `each_side` accounts before and after it."""
    offsets = [o for o in range(-each_side, each_side + 1) if o]
    return [[(i + o) % count for o in offsets] for i in range(count)]


def make(name: str, tls: TlsMode = "starttls") -> LocalServer:
    return cast(LocalServer, targets.load(name)(TargetOptions(tls=tls)))


def contacts(server: LocalServer, account: Account) -> set[str]:
    """Whom the roster names. jabberd2 may end a stream that follows another one closely."""
    for _ in range(20 if server.name == "jabberd2" else 0):
        try:
            return set(roster_of(server.endpoint(), account))
        except StreamError as error:
            if error.condition != "internal-server-error":
                raise
    return set(roster_of(server.endpoint(), account))


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[LocalServer]:
    target = make(request.param)
    target.start()
    yield target
    target.stop()


@pytest.mark.parametrize("name", [*SERVERS, *INSTALLED])
def test_ten_thousand_accounts_with_ten_contacts(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    target = make(name)
    started = time.perf_counter()
    target.start()
    try:
        ready = time.perf_counter()
        accounts = target.provision(10_000, ring(10_000, 5))
        filled = time.perf_counter()
        assert [a.user for a in accounts[:2]] == ["u0", "u1"]
        assert len(accounts) == 10_000
        expected = {f"u{i}@bench.test": "both" for i in (9994, 9995, 9996, 9997, 9998)}
        expected |= {f"u{i}@bench.test": "both" for i in (0, 1, 2, 3, 4)}
        found = roster_of(target.endpoint(), accounts[9999])
        assert found == expected
    finally:
        stopping = time.perf_counter()
        target.stop()
        stopped = time.perf_counter()
    with capsys.disabled():
        print(
            f"\n{name}: start {ready - started:.2f} s, 10,000 accounts with 10 contacts "
            f"{filled - ready:.2f} s, stop {stopped - stopping:.2f} s"
        )


@pytest.mark.parametrize("tls", ["off", "starttls", "direct"])
@pytest.mark.parametrize("name", [*SERVERS, *INSTALLED])
def test_login_in_each_tls_mode(name: str, tls: TlsMode) -> None:
    target = make(name, tls)
    if (name, tls) == ("tigase", "off"):
        with pytest.raises(HarnessError, match="takes no clients without TLS"):
            target.start()
        return
    target.start()
    try:
        accounts = target.provision(3, ring(3, 1))
        assert target.endpoint().tls == tls
        assert roster_of(target.endpoint(), accounts[0]) == {
            "u1@bench.test": "both",
            "u2@bench.test": "both",
        }
    finally:
        target.stop()


@pytest.mark.parametrize("server", [*NOT_JABBERD2, *INSTALLED], indirect=True)
def test_scram_login_of_another_client(server: LocalServer) -> None:
    account = server.provision(2, [[1], [0]])[0]
    endpoint = server.endpoint()
    given = {
        "jid": f"{account.user}@{endpoint.domain}",
        "password": account.password,
        "ca": endpoint.ca,
        "host": endpoint.host,
        "port": endpoint.port,
    }
    command = [sys.executable, "-c", SCRAM_LOGIN]
    done = subprocess.run(
        command, input=json.dumps(given), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["u1@bench.test"]


@pytest.mark.parametrize("server", [*SERVERS, *INSTALLED], indirect=True)
def test_more_accounts_later_replace_the_rosters(server: LocalServer) -> None:
    first = server.provision(3, [[1, 2], [0, 2], [0, 1]])
    contacts(server, first[0])
    second = server.provision(5, [[1, 4], [0], [], [], [0]])
    assert second[:3] == first
    assert contacts(server, second[0]) == {"u1@bench.test", "u4@bench.test"}
    assert contacts(server, second[2]) == set()
    assert contacts(server, second[4]) == {"u0@bench.test"}


@pytest.mark.parametrize("server", [*SERVERS, *INSTALLED], indirect=True)
def test_a_killed_server_is_noticed(server: LocalServer) -> None:
    assert server.alive()
    assert server.last_words() == ""
    os.kill(server.pids()[0], signal.SIGKILL)
    deadline = time.monotonic() + 5
    while server.alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not server.alive()
    assert server.pids() == []
    main = "jabberd2-c2s" if server.name == "jabberd2" else server.name
    assert server.last_words().startswith(f"{main} ended by signal 9; its log ")
    with pytest.raises(HarnessError, match="ended by signal 9"):
        server.provision(1)


@pytest.mark.parametrize("name", [*SERVERS, *INSTALLED])
def test_stop_leaves_nothing(name: str) -> None:
    target = make(name)
    target.stop()
    target.start()
    target.provision(10)
    processes = [psutil.Process(pid) for pid in target.pids()]
    directory = Path(str(target.endpoint().ca)).parent
    assert directory.stat().st_mode & 0o077 == 0
    target.stop()
    target.stop()
    assert not any(process.is_running() for process in processes)
    assert not directory.exists()
    assert not target.alive()
    assert target.last_words() == f"{name} was stopped"


@pytest.mark.parametrize("name", [*SERVERS, *INSTALLED])
def test_the_end_of_our_process_stops_the_server(name: str) -> None:
    program = (
        "from harness import targets; from harness.targets.base import TargetOptions\n"
        f"t = targets.load({name!r})(TargetOptions()); t.start()\n"
        "import os\n"
        "child = os.fork()\n"
        "if child == 0: raise SystemExit\n"
        "os.waitpid(child, 0); assert t.alive()\n"
        "print(t.endpoint().ca, *t.pids())\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    ca, *pids = done.stdout.split()
    assert not Path(ca).parent.exists()
    assert not any(psutil.pid_exists(int(pid)) for pid in pids)


@pytest.mark.parametrize("name", SERVERS)
def test_a_port_that_somebody_else_took(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    other = make(name)
    other.start()
    try:
        taken = other.ports["c2s"]
        real = local.free_ports
        chooser = jabberd2 if name == "jabberd2" else local
        monkeypatch.setattr(chooser, "free_ports", lambda names: real(names) | {"c2s": taken})
        with pytest.raises(HarnessError, match=f"port {taken} was taken by another process"):
            make(name).start()
    finally:
        other.stop()


@pytest.mark.parametrize("name", NOT_JABBERD2)
def test_a_server_that_ends_during_its_start(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = sys.modules[f"harness.targets.{name}.config"]
    monkeypatch.setattr(config, "text", lambda **_: "hosts: {{{ not a configuration")
    with pytest.raises(HarnessError) as caught:
        make(name).start(20)
    line = str(caught.value)
    assert line.startswith(f"during its start, {name} ended with code 1; its log ends: ")
    assert "\n" not in line


@pytest.mark.parametrize("name", ["ejabberd", "prosody"])
def test_a_missing_package(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    usability = targets.load(name).usable()
    assert not usability.usable
    with pytest.raises(HarnessError, match=f"{name} is not installed: apt-get install {name}"):
        make(name).start()


@pytest.mark.parametrize("rosters", [[[1]], [[0]], [[-1]], [[], [], []]])
def test_impossible_rosters(rosters: list[list[int]]) -> None:
    with pytest.raises(HarnessError, match="roster"):
        make("prosody").provision(1, rosters)


def test_no_password_in_words() -> None:
    target = make("prosody")
    assert target._password not in repr(target)
    assert target._password not in repr(target._verifier)
