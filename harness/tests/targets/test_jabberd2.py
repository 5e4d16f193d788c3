"""What only jabberd2 has: three processes, a database, passwords in clear text."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import psutil
import pytest

from harness.errors import HarnessError
from harness.targets import jabberd2, probe
from harness.targets.base import TargetOptions, TlsMode
from harness.targets.external.registration import Registrar
from harness.targets.jabberd2 import Jabberd2, config, provisioning
from harness.targets.local import RosterChange
from harness.tests.targets.client import roster_of

PARTS = ("c2s", "router", "sm")
needs_jabberd2 = pytest.mark.server("jabberd2")


@pytest.fixture
def server() -> Iterator[Jabberd2]:
    target = Jabberd2(TargetOptions())
    target.start()
    yield target
    target.stop()


def mechanisms(features: Element) -> set[str | None]:
    return {m.text for m in features.iter("{urn:ietf:params:xml:ns:xmpp-sasl}mechanism")}


def dead(server: Jabberd2) -> bool:
    deadline = time.monotonic() + 5
    while server.alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    return not server.alive()


def running_of_ours() -> list[str]:
    children = psutil.Process().children(recursive=True)
    return [child.name() for child in children if child.name().startswith("jabberd2")]


@needs_jabberd2
def test_facts(server: Jabberd2) -> None:
    facts = server.facts()
    assert facts.server == "jabberd2"
    assert facts.version is not None
    assert facts.version.startswith("2.")
    assert facts.password_store == "clear text"
    assert facts.archive == "off"
    assert any("clear text" in difference for difference in facts.differences)


@needs_jabberd2
def test_its_three_processes_are_observed(server: Jabberd2) -> None:
    names = [psutil.Process(pid).name() for pid in server.pids()]
    assert names == [f"jabberd2-{part}" for part in PARTS]


@needs_jabberd2
@pytest.mark.parametrize("tls", ["off", "starttls", "direct"])
def test_what_it_offers(server: Jabberd2, tls: TlsMode) -> None:
    endpoint = server.endpoint(tls)
    with probe.connect(endpoint, probe.tls_context(endpoint.ca)) as stream:
        assert stream.features is not None
        assert {"PLAIN", "SCRAM-SHA-1"} <= mechanisms(stream.features)
        assert (stream.features.find(f"{probe.TLS}starttls") is not None) == (tls == "off")


@needs_jabberd2
def test_in_band_registration(server: Jabberd2) -> None:
    endpoint = server.endpoint()
    registrar = Registrar(endpoint, probe.tls_context(endpoint.ca))
    (account,) = registrar.register(0, 1)
    assert roster_of(endpoint, account) == {}


@needs_jabberd2
def test_a_burst_is_not_throttled(server: Jabberd2) -> None:
    question = "<iq type='get' id='1' to='bench.test'><query xmlns='jabber:iq:register'/></iq>"
    endpoint = server.endpoint("off")
    stream = probe.Stream(endpoint.host, endpoint.port, endpoint.domain, timeout_s=3.0)
    with stream:
        stream.open()
        stream.request(question * 3000)
        for _ in range(2999):
            stream.request("")


@needs_jabberd2
@pytest.mark.parametrize("part", PARTS)
def test_the_death_of_any_process_is_that_of_the_server(server: Jabberd2, part: str) -> None:
    directory = Path(str(server.endpoint().ca)).parent
    processes = {psutil.Process(pid).name(): psutil.Process(pid) for pid in server.pids()}
    last = (directory / part / "output.log").read_text().splitlines()[-1]
    os.kill(processes[f"jabberd2-{part}"].pid, signal.SIGKILL)
    assert dead(server)
    words = server.last_words()
    assert words.startswith(f"jabberd2-{part} ended by signal 9; its log ends: ")
    assert words.endswith(last)
    assert server.pids() == []
    with pytest.raises(HarnessError, match=f"jabberd2-{part} ended by signal 9"):
        server.endpoint()
    server.stop()
    assert server.last_words() == words
    assert not any(process.is_running() for process in processes.values())
    assert not directory.exists()


@needs_jabberd2
@pytest.mark.parametrize("part", PARTS)
def test_a_process_that_ends_during_the_start(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = config.files
    broken = {f"{part}/{part}.xml": "not a configuration"}
    monkeypatch.setattr(config, "files", lambda **values: real(**values) | broken)
    started = time.monotonic()
    with pytest.raises(HarnessError) as caught:
        Jabberd2(TargetOptions()).start(20)
    words = rf"(during its start, )?jabberd2-{part} ended with code \d; its log ends: .+"
    assert re.fullmatch(words, str(caught.value))
    assert time.monotonic() - started < 5
    assert running_of_ours() == []


@needs_jabberd2
def test_nothing_stays_when_the_last_process_cannot_be_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = config.files
    without = "c2s/c2s.xml"  # nor the directory in which c2s would run
    monkeypatch.setattr(
        config, "files", lambda **v: {n: t for n, t in real(**v).items() if n != without}
    )
    with pytest.raises(OSError, match="c2s"):
        Jabberd2(TargetOptions()).start()
    assert running_of_ours() == []


@needs_jabberd2
def test_provisioning_is_all_or_nothing(server: Jabberd2) -> None:
    database = Path(str(server.endpoint().ca)).parent / config.DATABASE
    with sqlite3.connect(database) as connection:
        connection.execute('DROP TABLE "roster-items"')
    changes = [RosterChange(0, frozenset(), frozenset({1}))]
    with pytest.raises(OSError, match="no such table"):
        server._write(["u0", "u1"], changes)
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM authreg").fetchone() == (0,)


@pytest.mark.parametrize("part", PARTS)
def test_a_missing_program(part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for other in set(PARTS) - {part}:
        program = tmp_path / f"jabberd2-{other}"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(jabberd2, "_SYSTEM_PROGRAMS", "/nonexistent")
    with pytest.raises(HarnessError, match="jabberd2 is not installed: apt-get install jabberd2"):
        Jabberd2(TargetOptions()).start()


@needs_jabberd2
def test_an_ordinary_search_path_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    usability = Jabberd2.usable()
    assert usability.usable
    assert usability.version is not None


@needs_jabberd2
def test_a_missing_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = tmp_path / "db-setup.sqlite.gz"
    monkeypatch.setattr(provisioning, "SCHEMA", schema)
    usability = Jabberd2.usable()
    assert not usability.usable
    assert str(schema) in str(usability.reason)
    assert str(schema) in str(usability.remedy)
    schema.write_bytes(b"not compressed")
    with pytest.raises(HarnessError, match="cannot make jabberd2's tables from"):
        Jabberd2(TargetOptions()).start()
