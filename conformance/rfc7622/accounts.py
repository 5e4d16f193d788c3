"""Accounts of names that no account of a run has, by in-band registration (XEP-0077)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conformance.player import name_of
from conformance.suite import Case, Stage
from conformance.wire.negotiation import advance
from conformance.wire.stream import RawStream
from harness.targets.base import Account
from harness.xmpp import stanza

_FEATURE = "{http://jabber.org/features/iq-register}register"
_QUERY = "<iq type='set' id='{}'><query xmlns='jabber:iq:register'>{}</query></iq>"
_PASSWORD = "q7-secret"


async def register(case: Case, name: str) -> str:
    """Ask for an account of this name on a stream of its own; the answer in few words. Raises
    Absent where the server does not offer it."""
    stream = await case.secured()
    if stream.features is None or stream.features.find(_FEATURE) is None:
        raise case.absent("accounts cannot be registered in-band")
    user = f"<username>{stanza.escape(name).decode()}</username>"
    password = f"<password>{_PASSWORD}</password>"
    await stream.send(_QUERY.format("register", user + password))
    return name_of(await stream.element("^iq "))


@asynccontextmanager
async def registered(case: Case, name: str, canonical: str) -> AsyncIterator[RawStream]:
    """An account of this name, and a resource of it that logged in by the canonical name. It is
    removed at the end. Raises Unknown where it cannot be made, or not used."""
    answer = await register(case, name)
    if answer != "iq result":
        raise case.unknown(f"the account cannot be registered: {answer}")
    stream = await case.stream()
    await advance(stream, Stage.BOUND, Account(canonical, _PASSWORD))
    try:
        yield stream
    finally:
        await stream.send(_QUERY.format("unregister", "<remove/>"))
        await stream.react("^iq (result|error.*) unregister$")
