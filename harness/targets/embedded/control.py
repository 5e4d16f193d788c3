"""The channel to the process that started us: a unix socket, one JSON line each way."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec

from harness.errors import HarnessError
from harness.targets.embedded.domain import Domain

_MAX_LINE = 1 << 30
_POLL_S = 1.0
_TIMEOUT_S = 60.0


class Provision(msgspec.Struct, frozen=True, tag="provision"):
    """New accounts, and for some accounts all their contacts (subscription "both")."""

    users: list[str]
    password: str
    rosters: dict[str, list[str]] = {}


class Count(msgspec.Struct, frozen=True, tag="count"):
    """How many accounts and bound sessions there are."""


class Answer(msgspec.Struct, frozen=True):
    """How it went; `error` is empty if well."""

    accounts: int = 0
    sessions: int = 0
    error: str = ""


def provision(path: Path, request: Provision) -> None:
    """Have the server that listens at `path` do it. Raises OSError and HarnessError."""
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(_TIMEOUT_S)
        channel.connect(str(path))
        channel.sendall(msgspec.json.encode(request) + b"\n")
        with channel.makefile("rb") as lines:
            answer = msgspec.json.decode(lines.readline() or b"{}", type=Answer)
    if answer.error or not answer.accounts:
        raise HarnessError(f"the embedded server did not provision: {answer.error or 'no answer'}")


async def listen(domain: Domain, path: str) -> asyncio.Server:
    """Serve requests at this path."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(msgspec.json.encode(_answer(domain, await reader.readline())) + b"\n")
        await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(serve, path, limit=_MAX_LINE)


def _answer(domain: Domain, line: bytes) -> Answer:
    try:
        request = msgspec.json.decode(line, type=Provision | Count)
        if isinstance(request, Count):
            return Answer(len(domain.store.accounts), len(domain.sessions))
        for user in request.users:
            domain.store.create(user, request.password)
        for user, contacts in request.rosters.items():
            domain.store.fill_roster(user, contacts)
    except (msgspec.DecodeError, ValueError) as error:
        return Answer(error=str(error))
    gc.freeze()  # accounts live as long as the process: the collector need not visit them
    return Answer(accounts=len(domain.store.accounts))


async def watch_parent(parent: int, end: Callable[[], None]) -> None:
    """Call `end` when that process is no longer our parent: then there is nobody to serve."""
    while os.getppid() == parent:
        await asyncio.sleep(_POLL_S)
    end()
