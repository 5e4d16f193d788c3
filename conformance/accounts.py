"""Accounts that live for one case: made by in-band registration (XEP-0077), and removed by it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from xml.etree.ElementTree import Element

from conformance.suite import Case, Stage, Unknown
from conformance.wire.negotiation import advance, authenticate
from conformance.wire.stream import RawStream
from harness.targets.base import Account
from harness.xmpp import stanza

REGISTER = "jabber:iq:register"
STREAM_FEATURE = "{http://jabber.org/features/iq-register}register"
_ANSWER = "^iq (result|error.*)"


def new_account(case: Case) -> Account:
    """A name that nobody has, and a password that the transcripts hide."""
    return Account(f"new-{secrets.token_hex(8)}", case.subject.accounts[0].password)


def registration(inner: str, *, type_: str = "set", to: str = "") -> str:
    """A request of the registration protocol."""
    address = f" to='{to}'" if to else ""
    query = f"<query xmlns='{REGISTER}'>{inner}</query>"
    return f"<iq type='{type_}' id='reg'{address}>{query}</iq>"


def credentials(user: str | None, password: str | None) -> str:
    """The fields of a form; None leaves one out."""
    fields = {"username": user, "password": password}
    return "".join(
        f"<{name}>{stanza.escape(value).decode()}</{name}>"
        for name, value in fields.items()
        if value is not None
    )


async def early(case: Case) -> RawStream:
    """A stream on which nobody is authenticated, as safe as the run's mode makes it.

    Raises Absent where it does not offer registration.
    """
    stream = await case.secured()
    if stream.features is None or stream.features.find(STREAM_FEATURE) is None:
        raise case.absent("in-band registration is not among the stream features")
    return stream


async def answered(stream: RawStream, text: str) -> Element:
    """The answer to a request on a stream on which nothing else comes."""
    await stream.send(text)
    return await stream.element(_ANSWER)


async def create(case: Case) -> Account:
    """A new account. Raises Absent and Unknown."""
    account = new_account(case)
    text = registration(credentials(account.user, account.password))
    if (await answered(await early(case), text)).get("type") != "result":
        raise case.unknown("an account cannot be registered")
    return account


async def remove(case: Case, account: Account) -> None:
    """Take an account away again, if it is there."""
    if await can_log_in(case, account):
        stream = await login(case, account)
        await stream.send(registration("<remove/>"))
        await stream.react(f"{_ANSWER} reg$")


@asynccontextmanager
async def fresh(case: Case) -> AsyncIterator[Account]:
    """A new account that has nothing yet, until the end of the context."""
    account = await create(case)
    try:
        yield account
    finally:
        await remove(case, account)


async def login(case: Case, account: Account) -> RawStream:
    """A bound stream of an account that is none of the run's."""
    stream = await case.stream()
    await advance(stream, Stage.BOUND, account, len(case.subject.accounts))
    return stream


async def can_log_in(case: Case, account: Account) -> bool:
    """Whether SASL succeeds with these credentials."""
    stream = await case.secured()
    try:
        await authenticate(stream, account, len(case.subject.accounts))
    except Unknown as error:
        if "sasl failure" in str(error):
            return False
        raise
    return True
