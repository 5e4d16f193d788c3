"""Openfire and Tigase without either: what is written for them, what a machine may lack."""

from __future__ import annotations

import base64
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from harness import targets
from harness.errors import HarnessError
from harness.targets import certificates, installation, local, openfire, tigase, verifier
from harness.targets.base import TargetOptions
from harness.targets.local import DOMAIN, RosterChange

PORTS = {"c2s": 15222, "tls": 15223, "admin": 19090}
VERIFIER = verifier.scram_sha1("secret", b"0123456789abcdef")
SCRIPT = """\
CREATE MEMORY TABLE PUBLIC.OFUSER(USERNAME VARCHAR(64),STOREDKEY VARCHAR(64))
INSERT INTO OFID VALUES(18,1)
INSERT INTO OFID VALUES(19,1)
INSERT INTO OFROSTER VALUES(1001,'u0','u1@bench.test',3,-1,-1,NULL,NULL)
INSERT INTO OFROSTER VALUES(1002,'u1','u0@bench.test',3,-1,-1,NULL,NULL)
"""
KINDS = {
    "openfire": (openfire.VARIABLE, "lib/startup.jar"),
    "tigase": (tigase.VARIABLE, "jars/tigase-server.jar"),
}
EACH = pytest.mark.parametrize("name", list(KINDS))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """An installation of that name with a java that does what the shell script says."""

    def make(name: str, script: str) -> Path:
        variable, proof = KINDS[name]
        home = tmp_path / name
        (home / proof).parent.mkdir(parents=True)
        (home / proof).write_bytes(b"")
        (home / "database").mkdir(exist_ok=True)
        java = tmp_path / "jdk" / "bin" / "java"
        java.parent.mkdir(parents=True)
        version = 'if [ "$1" = -version ]; then echo \'openjdk version "17.0.1"\' >&2; exit; fi'
        java.write_text(f"#!/bin/sh\n{version}\n{script}\n")
        java.chmod(0o700)
        monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
        monkeypatch.setenv(variable, str(home))
        return home

    return make


@EACH
def test_no_installation(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KINDS[name][0], raising=False)
    monkeypatch.setattr(f"harness.targets.{name}._PLACES", ())
    usability = targets.load(name).usable()
    assert not usability.usable
    assert "no installation" in (usability.reason or "")
    assert KINDS[name][0] in (usability.remedy or "")


@EACH
def test_where_was_looked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KINDS[name][0], raising=False)
    monkeypatch.setattr(f"harness.targets.{name}._PLACES", ("/none/a", "/none/b"))
    with pytest.raises(HarnessError) as caught:
        targets.load(name)(TargetOptions()).start()
    assert f"(looked at {KINDS[name][0]}, /none/a, /none/b)" in str(caught.value)
    assert "--installation" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_directory_by_option_by_profile_by_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = tmp_path / "servers.toml"
    profile.write_text('[installation]\nopenfire = "of"\n')
    monkeypatch.setenv("OPENFIRE_HOME", "/by/variable")
    monkeypatch.setenv("TIGASE_HOME", "~/tigase")
    of, tg = openfire.DISTRIBUTION, tigase.DISTRIBUTION
    named = TargetOptions(profile=profile, installation=Path("/by/option"))
    assert installation.find(of, (), named) == Path("/by/option")
    assert installation.find(of, (), TargetOptions(profile=profile)) == tmp_path / "of"
    assert installation.find(of, (), TargetOptions()) == Path("/by/variable")
    assert installation.find(tg, (), TargetOptions(profile=profile)) == Path.home() / "tigase"
    profile.write_text('installation = "/one/for/all"\n')
    assert installation.find(tg, (), TargetOptions(profile=profile)) == Path("/one/for/all")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('instalation = "x"\n', "instalation"),
        ("installation = 7\n", r"\$\.installation"),
        ('[installation]\nejabberd = "x"\n', "ejabberd is for no server"),
        ("installation =\n", "line 1"),
    ],
)
def test_a_wrong_profile(text: str, said: str, tmp_path: Path) -> None:
    profile = tmp_path / "servers.toml"
    profile.write_text(text)
    with pytest.raises(HarnessError, match=said) as caught:
        targets.load("openfire")(TargetOptions(profile=profile)).start()
    assert "\n" not in str(caught.value)
    assert str(profile) in str(caught.value)


def test_directories_of_several_targets() -> None:
    both = ["ejabberd", "openfire", "tigase"]
    words = ["openfire=/a", "tigase=~/b=c"]
    expected = {"openfire": Path("/a"), "tigase": Path.home() / "b=c"}
    assert installation.assign(words, both) == expected
    assert installation.assign(["some/where"], ["tigase"]) == {"tigase": Path.cwd() / "some/where"}
    assert installation.assign([], ["ejabberd"]) == {}


@pytest.mark.parametrize(
    ("words", "names", "said"),
    [
        (["/a"], ["openfire", "tigase"], "write openfire=/a"),
        (["/a"], ["ejabberd"], "ejabberd is not started from an unpacked distribution"),
        (["prosody=/a"], ["prosody"], "prosody is not started from an unpacked distribution"),
        (["tigase=/a"], ["openfire"], "tigase is no --target"),
        (["tigase=/a", "/b"], ["tigase"], "twice"),
    ],
)
def test_directories_that_fit_no_target(words: list[str], names: list[str], said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        installation.assign(words, names)


@EACH
def test_a_wrong_directory(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KINDS[name][0], str(tmp_path))
    with pytest.raises(HarnessError, match=rf"{tmp_path} is no installation .* {KINDS[name][1]}"):
        targets.load(name)(TargetOptions()).start()
    options = TargetOptions(installation=tmp_path / "absent")
    assert "absent is no installation" in (targets.load(name).usable(options).reason or "")


@EACH
@pytest.mark.parametrize(
    ("says", "word"), [('openjdk version "11.0.2"', "Java 11"), ("gibberish", "none")]
)
def test_a_wrong_java(
    name: str, says: str, word: str, installed: Callable[[str, str], Path]
) -> None:
    home = installed(name, "")
    java = home.parent / "jdk" / "bin" / "java"
    java.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    usability = targets.load(name).usable()
    assert not usability.usable
    assert usability.reason is not None
    assert f"needs Java 17 or newer, and there is {word}" in usability.reason
    assert str(java) in usability.reason


@pytest.mark.parametrize(
    ("says", "version"),
    [('openjdk version "21" 2023-09-19', 21), ('java version "1.8.0_381"', 8), ("", None)],
)
def test_versions_of_java(
    says: str, version: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    java.chmod(0o700)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert installation.java_version() == version


def test_a_server_that_exits_at_once_is_quoted(installed: Callable[[str, str], Path]) -> None:
    installed("openfire", "echo the disk is full; exit 3")
    with pytest.raises(HarnessError) as caught:
        targets.load("openfire")(TargetOptions()).start(20)
    assert "openfire ended with code 3; its log ends: the disk is full" in str(caught.value)


def test_the_log_of_a_failed_start_is_kept(
    installed: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = r"echo one; echo two; printf 'Exception: three\n\tat a.B(C.java:7)\n'; echo four"
    installed("openfire", f"{lines}; exit 1")
    for _ in range(2):  # the second one replaces what the first one left
        with pytest.raises(HarnessError) as caught:
            targets.load("openfire")(TargetOptions()).start(20)
    kept = Path("out") / "failed-start-openfire.log"
    assert "its log ends: two | Exception: three | four" in str(caught.value)
    assert str(caught.value).endswith(f"(all of it in {kept})")
    assert "a.B(C.java:7)" in kept.read_text()
    assert [file.name for file in Path("out").iterdir()] == [kept.name]


def test_a_port_that_is_taken(
    installed: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    installed("openfire", "sleep 60")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ports = {"c2s": port, "tls": 1, "admin": 2}
        monkeypatch.setattr(local, "free_ports", lambda names: ports)
        with pytest.raises(HarnessError, match=f"port {port} was taken by another process"):
            targets.load("openfire")(TargetOptions()).start(20)


def test_a_set_up_that_fails_is_quoted(installed: Callable[[str, str], Path]) -> None:
    installed("tigase", "echo no driver; exit 1")
    with pytest.raises(HarnessError, match="install-schema ended with code 1: no driver"):
        targets.load("tigase")(TargetOptions()).start(20)


def test_a_server_that_never_gets_ready(installed: Callable[[str, str], Path]) -> None:
    installed("openfire", "echo still thinking; sleep 60")
    target = targets.load("openfire")(TargetOptions())
    with pytest.raises(HarnessError, match=r"openfire was not ready after 1 s .*still thinking"):
        target.start(1)
    assert target.pids() == []  # type: ignore[attr-defined]


def test_the_installation_of_openfire_stays_as_it_is(
    installed: Callable[[str, str], Path],
) -> None:
    home = installed("openfire", "exit 3")
    (home / "conf").mkdir()
    (home / "conf" / "openfire.xml").write_text("theirs")
    (home / "embedded-db").mkdir()
    (home / "embedded-db" / "openfire.script").write_text("theirs")
    with pytest.raises(HarnessError):
        targets.load("openfire")(TargetOptions()).start(20)
    assert (home / "conf" / "openfire.xml").read_text() == "theirs"
    assert not (home / "resources").exists()


def test_openfire_is_set_up_without_questions() -> None:
    text = openfire.config.setup(domain=DOMAIN, ports=PORTS, password="p4ss")
    root = fromstring(text)
    assert root.findtext("autosetup/run") == "true"
    assert root.findtext("autosetup/admin/password") == "p4ss"
    assert root.findtext("xmpp/socket/plain/port") == "15222"
    assert root.findtext("xmpp/socket/ssl/port") == "15223"
    assert root.findtext("adminConsole/interface") == "127.0.0.1"


def test_openfire_gets_our_certificate(tmp_path: Path) -> None:
    files = certificates.issue(tmp_path, DOMAIN)
    store = tmp_path / "keystore"
    openfire.config.keystore(files, DOMAIN, store)
    key, leaf, _ = pkcs12.load_key_and_certificates(
        store.read_bytes(), openfire.config.STORE_PASSWORD
    )
    assert key is not None
    assert leaf is not None
    assert stat.S_IMODE(store.stat().st_mode) == 0o600


def test_openfire_accounts_and_rosters_are_lines_of_its_script(tmp_path: Path) -> None:
    script = tmp_path / "openfire.script"
    script.write_text(SCRIPT)
    changes = [
        RosterChange(0, frozenset({1}), frozenset({2})),
        RosterChange(2, frozenset(), frozenset({0})),
    ]
    openfire.provisioning.change(script, DOMAIN, ["u2"], VERIFIER, changes)
    lines = script.read_text().splitlines()
    items = [line.split("VALUES")[1] for line in lines if "OFROSTER" in line]
    assert items == [
        "(1002,'u1','u0@bench.test',3,-1,-1,NULL,NULL)",  # as it was
        "(1003,'u0','u2@bench.test',3,-1,-1,NULL,NULL)",
        "(1004,'u2','u0@bench.test',3,-1,-1,NULL,NULL)",
    ]
    (account,) = [line for line in lines if "INTO OFUSER" in line]
    stored = base64.b64encode(VERIFIER.stored_key).decode()
    assert account.startswith(f"INSERT INTO OFUSER VALUES('u2','{stored}',")
    assert f",{VERIFIER.iterations},NULL" in account
    (counter,) = [line for line in lines if line.startswith("INSERT INTO OFID VALUES(18,")]
    assert int(counter.split(",")[1].rstrip(")")) > 1004
    assert "INSERT INTO OFID VALUES(19,1)" in lines


def test_openfire_with_another_database(tmp_path: Path) -> None:
    script = tmp_path / "openfire.script"
    script.write_text(SCRIPT.replace("STOREDKEY", "ELSEWHERE"))
    with pytest.raises(HarnessError, match="in a way that is not known here"):
        openfire.provisioning.change(script, DOMAIN, ["u2"], VERIFIER, [])
    assert "u2'" not in script.read_text()


def test_tigase_accounts_and_rosters_are_portable_data(tmp_path: Path) -> None:
    changes = [
        RosterChange(0, frozenset({1}), frozenset({2})),
        RosterChange(2, frozenset(), frozenset({0})),
    ]
    tigase.provisioning.write(tmp_path, DOMAIN, ["u2"], VERIFIER, changes)
    text = (tmp_path / tigase.provisioning.NAME).read_text()
    assert "ns0:" not in text  # the tool knows no prefixes
    data, scram, roster = "{urn:xmpp:pie:0}", "{urn:xmpp:pie:0#scram}", "{jabber:iq:roster}"
    users = {user.get("name"): user for user in fromstring(text).iter(f"{data}user")}
    assert set(users) == {"u0", "u2"}
    salt = users["u2"].findtext(f"{scram}scram-credentials/{scram}salt")
    assert salt == base64.b64encode(VERIFIER.salt).decode()
    assert users["u0"].find(f"{scram}scram-credentials") is None
    items = [(i.get("jid"), i.get("subscription")) for i in users["u0"].iter(f"{roster}item")]
    assert items == [("u1@bench.test", "remove"), ("u2@bench.test", "both")]


def test_tigase_listens_on_loopback_and_does_not_throttle() -> None:
    text = tigase.config.text(domain=DOMAIN, ports=PORTS)
    assert "ports = [ 15222, 15223 ]" in text
    assert text.count("ifc = [ '127.0.0.1' ]") == 2
    assert "xmpp:0:0:disc" in text
