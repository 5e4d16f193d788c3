"""One second's statistics from a source. A reader keeps its connection from second to second."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

from harness.errors import HarnessError
from harness.statistics import adhoc, openmetrics
from harness.statistics.said import Said
from harness.targets.sources import AdHoc, Control, EjabberdApi, OpenMetrics, Source
from harness.targets.unix_http import UnixHTTPConnection

Reader = Callable[[], Said]
TIMEOUT_S = 10.0


def reader(source: Source) -> Reader:
    """What asks this source. Each call returns sessions and figures (without time), or raises
    HarnessError, PeerError, OSError or ValueError; after that, a new reader is to be made."""
    if isinstance(source, OpenMetrics):
        return openmetrics.Reader(source, TIMEOUT_S)
    if isinstance(source, EjabberdApi):
        return _Ejabberd(source)
    if isinstance(source, Control):
        return lambda: _control(source)
    assert isinstance(source, AdHoc)
    return adhoc.Reader(source, TIMEOUT_S)


class _Ejabberd:
    """Two cheap commands of the API, over one connection."""

    def __init__(self, source: EjabberdApi) -> None:
        self._http = UnixHTTPConnection(source.socket, TIMEOUT_S)

    def __call__(self) -> Said:
        sessions = self._ask("connected_users_number", {})["num_sessions"]
        processes = self._ask("stats", {"name": "processes"})["stat"]
        return Said(0.0, sessions=int(sessions), figures={"Erlang processes": float(processes)})

    def _ask(self, command: str, arguments: dict[str, str]) -> dict[str, Any]:
        kind = {"Content-Type": "application/json"}
        self._http.request("POST", f"/api/{command}", json.dumps(arguments), kind)
        response = self._http.getresponse()
        body = response.read()
        if response.status != 200:
            raise HarnessError(f"ejabberd answered {response.status} to its command {command}")
        found: dict[str, Any] = json.loads(body)
        return found


def _control(source: Control) -> Said:
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(TIMEOUT_S)
        channel.connect(source.socket)
        channel.sendall(b'{"type":"count"}\n')
        with channel.makefile("rb") as lines:
            answer = json.loads(lines.readline())
    return Said(0.0, sessions=answer["sessions"], figures={"accounts": float(answer["accounts"])})
