"""`bench` on real servers."""

from __future__ import annotations

import json

import psutil
import pytest

from harness.record.reader import Run
from harness.tests.bench import Started, bench, chat, nothing_lost, reconciles

SERVERS = [pytest.param(n, marks=pytest.mark.server(n)) for n in ("ejabberd", "prosody")]


@pytest.mark.parametrize("tls", ["off", "on", "direct"])
@pytest.mark.parametrize("name", SERVERS)
def test_real_servers(tmp_path, name, tls):
    summary = chat(tmp_path / "run", "--target", name, "--users", 50, "--rate", 200, "--tls", tls)
    reconciles(summary, 50)
    nothing_lost(summary)
    manifest = Run(tmp_path / "run").manifest
    assert manifest.target.version
    assert manifest.target.sasl_mechanism.startswith("SCRAM")
    assert (manifest.target.tls_version is None) == (tls == "off")


@pytest.mark.parametrize("client", ["slixmpp", "mix"])
@pytest.mark.parametrize("name", SERVERS)
def test_real_servers_with_complete_clients(tmp_path, name, client):
    summary = chat(
        tmp_path / "run", "--target", name, "--users", 60, "--rate", 100, "--client", client
    )
    reconciles(summary, 60)
    nothing_lost(summary)


@pytest.mark.parametrize("name", SERVERS)
def test_a_day_on_real_servers(tmp_path, name):
    out = tmp_path / "run"
    summary = chat(
        out,
        *("--target", name, "--users", 40, "--client", "mix", "--archive", "on"),
        *("--hour", 10, "--room-size", 8, "--duration", 10, "--no-floor"),
        scenario="day",
    )
    reconciles(summary, 40)
    nothing_lost(summary)
    measured = {"iq", "presence", "roster", "archive", "join", "message.groupchat"}
    assert set(summary["operations_ms"]) == measured
    assert summary["login"]["phases"]["whole"]["count"] > 40  # some were away
    assert Run(out).manifest.target.differences == []


@pytest.mark.server("jabberd2")
def test_what_a_server_does_not_offer_is_left_out_and_said(tmp_path):
    out = tmp_path / "run"
    summary = chat(
        out,
        *("--target", "jabberd2", "--users", 20, "--hour", 10, "--absences", 0, "--refreshes", 9),
        *("--duration", 5, "--no-floor"),
        scenario="day",
    )
    nothing_lost(summary)
    assert {"iq", "presence", "roster"} == set(summary["operations_ms"])
    left_out = [d for d in Run(out).manifest.target.differences if d.startswith("without ")]
    assert [d.partition(":")[0] for d in left_out] == [
        "without group chat",
        "without archive catch-up",
    ]


@pytest.mark.server("ejabberd")
def test_ejabberd_killed_in_mid_run(tmp_path):
    started = Started(tmp_path / "run", "--target", "ejabberd")
    started.server("beam.smp").kill()
    summary, _ = started.end()
    assert "ejabberd" in summary["verdict"]
    assert "signal 9" in summary["verdict"]


@pytest.mark.parametrize("name", SERVERS)
def test_nothing_stays_when_all_of_the_harness_is_killed(tmp_path, name):
    started = Started(tmp_path / "run", "--target", name, "--processes", 2)
    for process in [psutil.Process(started.process.pid), *started.locust()]:
        process.kill()
    started.process.communicate(timeout=10)
    started.nobody_stays()


@pytest.mark.server("prosody")
def test_presence_on_prosody(tmp_path):
    done = bench(
        *("presence", "--target", "prosody", "--users", 50, "--duration", 3, "--pause", 1),
        *("--out", tmp_path / "run"),
    )
    assert done.returncode == 0, done.stderr
    windows = [w for w in Run(tmp_path / "run").windows if w.op == "presence"]
    assert sum(w.count for w in windows) == sum(w.started for w in windows) > 100


@pytest.mark.server("ejabberd")
@pytest.mark.server("prosody")
def test_servers_beside_each_other(tmp_path):
    out = tmp_path / "side"
    done = bench(
        *("chat", "--target", "ejabberd,external,prosody", "--repeat", 2, "--users", 30),
        *("--rate", 50, "--duration", 2, "--no-floor", "--json", "--out", out),
    )
    assert done.returncode == 2  # external needs a profile
    found = json.loads(done.stdout)
    assert list(found) == ["ejabberd", "external", "prosody"]
    assert "--profile" in found["external"]["error"]
    for name in ("ejabberd", "prosody"):
        assert len(found[name]["runs"]) == 2
        for summary in found[name]["runs"]:
            reconciles(summary, 30)
            nothing_lost(summary)
    assert (out / "report.html").stat().st_size > 1e6
