"""Accounts of ours that see each other's presence for as long as a case needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conformance.rfc6120.common import after, forget
from conformance.rfc6120.streams import reached
from conformance.suite import Case
from conformance.wire.stream import RawStream


@asynccontextmanager
async def friends(case: Case, one: int = 0, *others: int) -> AsyncIterator[tuple[RawStream, ...]]:
    """An available stream of each account; the first and each of the others (account 1 unless
    said otherwise) are subscribed to each other, and nothing is on its way to any of them."""
    contacts = others or (1,)
    streams = [await case.bound(number, available=True) for number in (one, *contacts)]
    try:
        for number, stream in zip(contacts, streams[1:], strict=True):
            await subscribe(case, streams[0], one, stream, number)
            await subscribe(case, stream, number, streams[0], one)
        for stream in streams:
            await reached(stream)
        yield tuple(streams)
    finally:
        for number in contacts:
            await forget(case, one, number)


async def subscribe(
    case: Case, asking: RawStream, asker: int, asked: RawStream, account: int
) -> None:
    """Subscribe the first account to the second, both of which have available streams."""
    await asking.send(f"<presence to='{case.jid(account)}' type='subscribe'/>")
    await asked.react("^presence subscribe ")
    await after(case, asked, f"<presence to='{case.jid(asker)}' type='subscribed'/>")
    await reached(asking)
