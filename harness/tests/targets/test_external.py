"""Profiles: what is wrong in them is said in one line; a running Prosody serves as the stranger."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from harness import targets
from harness.errors import ConnectionLost, HarnessError, NoReply, PeerError, StreamViolation
from harness.targets import external, probe
from harness.targets.base import TargetOptions
from harness.targets.external import External, registration
from harness.targets.local import LocalServer
from harness.tests.targets.client import roster_of

BASE = 'host = "127.0.0.1"\ndomain = "bench.test"\n'
PATTERN = '[accounts]\npattern = "u{n}"\npassword = "tiptop-secret"\ncount = 3\n'


@pytest.fixture
def profile(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "profile.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture(scope="module")
def prosody() -> Iterator[LocalServer]:
    target = cast(LocalServer, targets.load("prosody")(TargetOptions()))
    target.start()
    yield target
    target.stop()


def make(path: Path, *, allow_remote: bool = False) -> External:
    return External(TargetOptions(tls=None, profile=path, allow_remote=allow_remote))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BASE + "port = 1\naccounts = 'a'\nprot = 2\n", "prot"),
        (BASE + "accounts = 'a'\n", "port"),
        (BASE + "port = '5222'\naccounts = 'a'\n", r"\$.port"),
        (BASE + "port = 70000\naccounts = 'a'\n", "port"),
        (BASE + "port = 1\ntls = 'ssl'\naccounts = 'a'\n", r"\$.tls"),
        (BASE + "port = 1\naccounts = 7\n", r"\$.accounts"),
        (BASE + "port = 1\naccounts = ''\n", "accounts"),
        (BASE + "port = 1\n" + PATTERN.replace("{n}", ""), "accounts.pattern"),
        (BASE + "port = 1\n" + PATTERN + "last = 9\n", "last"),
        (BASE + "port = 1\nca = 'none.pem'\naccounts = 'a'\n", "none.pem"),
        (BASE + "port = = 1\n", "line 3"),
    ],
)
def test_a_wrong_profile_names_the_key(
    profile: Callable[[str], Path], text: str, said: str
) -> None:
    with pytest.raises(HarnessError, match=said) as caught:
        make(profile(text))
    assert "\n" not in str(caught.value)
    assert "tiptop-secret" not in str(caught.value)


def test_no_profile_and_a_missing_one(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="--profile"):
        External(TargetOptions())
    with pytest.raises(HarnessError, match=r"absent\.toml"):
        make(tmp_path / "absent.toml")


def test_pattern(profile: Callable[[str], Path]) -> None:
    target = make(profile(BASE + "port = 1\n" + PATTERN + "first = 5\n"))
    assert [a.user for a in target.provision(2)] == ["u5", "u6"]
    with pytest.raises(HarnessError, match=r"4 accounts are needed, .* gives 3: add 1 or ask"):
        target.provision(4)
    assert "tiptop-secret" not in repr(target._profile)


def test_csv(profile: Callable[[str], Path], tmp_path: Path) -> None:
    target = make(profile(BASE + "port = 1\naccounts = 'users.csv'\n"))
    with pytest.raises(HarnessError, match=r"users\.csv"):
        target.provision(1)
    (tmp_path / "users.csv").write_text('zoe,"a,b"\nadam,c\n')
    assert [(a.user, a.password) for a in target.provision(2)] == [("zoe", "a,b"), ("adam", "c")]
    with pytest.raises(HarnessError, match=r"3 accounts are needed, .* gives 2"):
        target.provision(3)
    (tmp_path / "users.csv").write_text("zoe,tiptop-secret,x\n")
    with pytest.raises(HarnessError, match="account 1") as caught:
        target.provision(1)
    assert "tiptop-secret" not in str(caught.value)


@pytest.mark.parametrize("found", [["192.0.2.1"], ["127.0.0.1", "192.0.2.1"], ["::ffff:192.0.2.1"]])
def test_a_remote_host_needs_leave(
    profile: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, found: list[str]
) -> None:
    def resolve(*_: object, **__: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [(2, 1, 6, "", (address, 1)) for address in found]

    monkeypatch.setattr(external.socket, "getaddrinfo", resolve)
    with pytest.raises(HarnessError, match="--i-am-allowed-to-load-this-host"):
        make(profile(BASE + "port = 1\n" + PATTERN)).start()


def test_leave_for_a_remote_host_is_accepted(
    profile: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external, "_is_loopback", lambda host, port: False)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        text = BASE + f"port = {unused.getsockname()[1]}\n" + PATTERN
        with pytest.raises(ConnectionLost):
            make(profile(text), allow_remote=True).start()


@pytest.mark.parametrize(
    ("greeting", "error"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", StreamViolation),
        (b"<html><body/></html>", StreamViolation),
        (b"", NoReply),
        (None, ConnectionLost),
    ],
)
def test_somebody_who_does_not_speak_xmpp(
    profile: Callable[[str], Path], greeting: bytes | None, error: type[PeerError]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                if greeting is not None:
                    connection.sendall(greeting)
                    connection.recv(65536)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        with pytest.raises(error, match=str(port)) as caught:
            make(profile(BASE + f"port = {port}\n" + PATTERN)).start(1.0)
        assert "\n" not in str(caught.value)
        thread.join(5)


def running(server: LocalServer, tls: str = "starttls", accounts: str = "'register'") -> str:
    port = server.ports["tls" if tls == "direct" else "c2s"]
    ca = server.endpoint().ca
    return BASE + f"port = {port}\nca = '{ca}'\ntls = '{tls}'\naccounts = {accounts}\n"


@pytest.mark.server("prosody")
@pytest.mark.parametrize("tls", ["off", "starttls", "direct"])
def test_registers_accounts(profile: Callable[[str], Path], prosody: LocalServer, tls: str) -> None:
    target = make(profile(running(prosody, tls)))
    target.start()
    first = target.provision(30)
    more = target.provision(31)
    assert more[:30] == first
    assert len({account.user for account in more}) == 31
    assert target.endpoint().tls == tls
    assert roster_of(target.endpoint(), more[-1]) == {}
    target.stop()
    assert prosody.alive()


@pytest.mark.server("ejabberd")
def test_registers_accounts_on_ejabberd(profile: Callable[[str], Path]) -> None:
    server = cast(LocalServer, targets.load("ejabberd")(TargetOptions()))
    server.start()
    try:
        target = make(profile(running(server)))
        target.start()
        assert roster_of(target.endpoint(), target.provision(27)[26]) == {}
    finally:
        server.stop()


@pytest.mark.server("prosody")
def test_names_that_are_taken(
    profile: Callable[[str], Path], prosody: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefixes = iter(["taken-", "taken-", "free-", *["taken-"] * 9])
    monkeypatch.setattr(registration, "_new_prefix", lambda: next(prefixes))
    path = profile(running(prosody))
    users = []
    for _ in range(2):
        target = make(path)
        target.start()
        users.append(target.provision(1)[0].user)
    assert users == ["taken-0", "free-0"]
    target = make(path)
    target.start()
    with pytest.raises(registration.AlreadyRegistered, match="conflict"):
        target.provision(1)


class Refusing(probe.Stream):
    """A stream on which every registration is refused as often as `left` says."""

    left = 0
    condition = "resource-constraint"

    def request(self, xml: str) -> registration.Element:
        reply = super().request(xml.replace("type='set'", "type='get'") if self.left else xml)
        if "type='set'" in xml and Refusing.left:
            Refusing.left -= 1
            reply.set("type", "error")
            error = registration.Element("{jabber:client}error")
            error.append(registration.Element(f"{registration._STANZAS}{self.condition}"))
            reply.append(error)
        return reply


@pytest.mark.server("prosody")
@pytest.mark.parametrize(
    ("condition", "times", "waits"),
    [
        ("resource-constraint", 2, [0.5, 1.0]),
        ("not-allowed", 99, [0.5, 1.0, 2.0, 4.0, 8.0]),
        ("forbidden", 1, []),
    ],
)
def test_backs_off(
    profile: Callable[[str], Path],
    prosody: LocalServer,
    monkeypatch: pytest.MonkeyPatch,
    condition: str,
    times: int,
    waits: list[float],
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(probe, "Stream", Refusing)
    monkeypatch.setattr(registration.time, "sleep", slept.append)
    monkeypatch.setattr(Refusing, "left", times)
    monkeypatch.setattr(Refusing, "condition", condition)
    target = make(profile(running(prosody)))
    target.start()
    if condition == "resource-constraint":
        assert len(target.provision(2)) == 2
    else:
        with pytest.raises(PeerError, match=f"{condition}: the server refuses"):
            target.provision(2)
    assert slept == waits


@pytest.mark.server("prosody")
def test_an_untrusted_certificate_is_said_at_the_start(
    profile: Callable[[str], Path], prosody: LocalServer
) -> None:
    text = running(prosody)
    lines = [line for line in text.splitlines() if not line.startswith("ca")]
    with pytest.raises(HarnessError, match=r"not trusted for bench\.test"):
        make(profile("\n".join(lines))).start()
    make(profile("\n".join([*lines, "verify = false"]))).start()


@pytest.mark.server("prosody")
def test_a_domain_that_is_not_served(profile: Callable[[str], Path], prosody: LocalServer) -> None:
    text = running(prosody).replace("bench.test", "other.test")
    with pytest.raises(PeerError, match="host-unknown"):
        make(profile(text)).start()
