"""Accounts of ours that see each other's presence for as long as a case needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conformance.rfc6120.common import after, forget
from conformance.rfc6120.streams import reached
from conformance.suite import Case
from conformance.wire.stream import RawStream


@asynccontextmanager
async def friends(
    case: Case, one: int = 0, two: int = 1
) -> AsyncIterator[tuple[RawStream, RawStream]]:
    """Available streams of two accounts of which each is subscribed to the other; nothing is on
    its way to them."""
    first = await case.bound(one, available=True)
    second = await case.bound(two, available=True)
    try:
        await subscribe(case, first, one, second, two)
        await subscribe(case, second, two, first, one)
        for stream in (first, second):
            await reached(stream)
        yield first, second
    finally:
        await forget(case, one, two)


async def subscribe(
    case: Case, asking: RawStream, asker: int, asked: RawStream, account: int
) -> None:
    """Subscribe the first account to the second, both of which have available streams."""
    await asking.send(f"<presence to='{case.jid(account)}' type='subscribe'/>")
    await asked.react("^presence subscribe ")
    await after(case, asked, f"<presence to='{case.jid(asker)}' type='subscribed'/>")
    await reached(asking)
