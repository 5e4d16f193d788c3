"""Accounts of a server that does not take them in the fast way: they are registered in-band."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import pytest

from harness import targets
from harness.errors import HarnessError
from harness.targets.base import TargetOptions
from harness.targets.local import LocalServer, RosterChange
from harness.tests.targets.client import roster_of

SERVERS = [
    "embedded",
    *(pytest.param(name, marks=pytest.mark.server(name)) for name in ("ejabberd", "prosody")),
    pytest.param("jabberd2", marks=pytest.mark.server("jabberd2")),
    *(pytest.param(n, marks=pytest.mark.installation(n)) for n in ("openfire", "tigase")),
]


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[LocalServer]:
    target = cast(LocalServer, targets.load(request.param)(TargetOptions()))
    target.start()
    yield target
    target.stop()


def refuse(_users: Sequence[str], _changes: Sequence[RosterChange]) -> None:
    raise HarnessError("its tables are of wood")


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_registered_in_band(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    before = server.facts().differences
    monkeypatch.setattr(server, "_write", refuse)
    accounts = server.provision(3, [[1], [0]])
    more = server.provision(5)
    assert more[:3] == accounts
    assert len({account.user for account in more}) == 5
    assert roster_of(server.endpoint(), more[4]) == {}
    said = server.facts().differences[len(before) :]
    assert said == [
        "accounts registered in-band, because its tables are of wood",
        "contact lists are empty",
    ]


@pytest.mark.parametrize("server", ["embedded"], indirect=True)
def test_accounts_from_before_stay(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    first = server.provision(2, [[1], [0]])
    monkeypatch.setattr(server, "_write", refuse)
    more = server.provision(3, [[1], [0]])
    assert more[:2] == first
    assert roster_of(server.endpoint(), more[0]) == {"u1@bench.test": "both"}
    assert "contact lists are empty" not in server.facts().differences


@pytest.mark.parametrize("server", ["embedded"], indirect=True)
def test_a_server_that_takes_none_at_all(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_write", refuse)
    server.ports["c2s"] = 1  # where nobody listens
    with pytest.raises(HarnessError, match=r"of wood; then .*cannot connect") as caught:
        server.provision(1)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("server", ["embedded"], indirect=True)
def test_a_server_that_died_is_not_asked_in_band(server: LocalServer) -> None:
    assert server._child is not None
    server._child.terminate(1.0)
    with pytest.raises(HarnessError, match="embedded ended"):
        server.provision(1)
