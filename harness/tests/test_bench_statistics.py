"""The server's own statistics in runs of `bench`, on servers of ours and by a profile."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from harness.record.reader import Run
from harness.tests.bench import bench, chat, external, one_line, profile_of, running

USERS = 20
LOAD = ("--users", USERS, "--rate", 20, "--no-floor")


@pytest.mark.parametrize(
    "target", ["embedded", pytest.param("ejabberd", marks=pytest.mark.server("ejabberd"))]
)
def test_sessions_of_the_server_are_ours(target: str, tmp_path: Path) -> None:
    summary = chat(tmp_path / "r", "--target", target, *LOAD)
    assert summary["statistics"]["sessions"] == summary["statistics"]["online"] == USERS
    run = Run(tmp_path / "r")
    seconds = [round(b.t - a.t) for a, b in pairwise(run.statistics)]
    assert set(seconds) == {1}
    assert "counted by the server" in (tmp_path / "r" / "report.html").read_text()


def test_with_several_processes(tmp_path: Path) -> None:
    summary = chat(tmp_path / "r", "--target", "embedded", "--processes", 2, *LOAD)
    assert summary["statistics"]["sessions"] == USERS


def observing(folder: Path, endpoint: object, accounts: Path, **keys: object) -> Path:
    """A profile that names a page of statistics."""
    profile = profile_of(endpoint, accounts, folder)
    with profile.open("a") as file:
        file.write("[observe]\n")
        file.writelines(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
    return profile


@pytest.mark.server("prosody")
def test_a_page_of_another_server(tmp_path: Path) -> None:
    with running("prosody", tls="starttls") as (target, _):
        users = tmp_path / "users.csv"
        users.write_text("".join(f"{a.user},{a.password}\n" for a in target.provision(USERS)))
        url = f"http://127.0.0.1:{target.ports['http']}/metrics"
        figures = ["prosody_mod_c2s__encrypted_total", "prosody_mod_muc__live_room"]
        endpoint = target.endpoint()
        profile = observing(tmp_path, endpoint, users, openmetrics=url, figures=figures)
        summary = chat(tmp_path / "r", *external(profile), *LOAD)
        assert summary["statistics"]["sessions"] == USERS
        assert summary["statistics"]["figures"]["prosody_mod_c2s__encrypted_total"] >= USERS
        wrong = observing(tmp_path, endpoint, users, openmetrics=url, sessions="no_such_metric")
        said = one_line(bench("chat", *external(wrong), *LOAD, "--out", tmp_path / "w"))
        assert "none of the metrics no_such_metric" in said
        absent = observing(tmp_path, endpoint, users, openmetrics="http://127.0.0.1:1/metrics")
        said = one_line(bench("chat", *external(absent), *LOAD, "--out", tmp_path / "w"))
        assert "observe in the profile): Connection refused" in said


def test_a_page_on_another_machine_needs_leave(tmp_path: Path) -> None:
    with running("embedded") as (target, _):
        profile = observing(
            tmp_path, target.endpoint(), tmp_path, openmetrics="http://192.0.2.1:9090/metrics"
        )
        said = one_line(bench("chat", *external(profile), "--out", tmp_path / "r"))
    assert "192.0.2.1 is not this machine" in said
    assert "--i-am-allowed-to-load-this-host" in said


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:5280/metrics", "ftp://127.0.0.1/", "http://", "http://u:pw@h/", "http://h:x/"],
)
def test_an_address_that_is_none(url: str, tmp_path: Path) -> None:
    with running("embedded") as (target, _):
        profile = observing(tmp_path, target.endpoint(), tmp_path, openmetrics=url)
    said = one_line(bench("chat", *external(profile), "--out", tmp_path / "r"))
    assert "observe.openmetrics must be an address" in said
    assert "pw@" not in said
