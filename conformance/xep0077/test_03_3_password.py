"""Section 3.3: another password."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from xml.etree.ElementTree import Element, tostring

import pytest
from hypothesis import strategies as st

from conformance.accounts import (
    can_log_in,
    create,
    credentials,
    early,
    login,
    registration,
    remove,
)
from conformance.player import name_of
from conformance.rfc6120.common import answer
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import RawStream
from harness.targets.base import Account

_PASSWORDS = st.from_regex(r"[A-Za-z0-9]{8,20}", fullmatch=True)
_ANSWERED = Allowed("a result or an error", ("iq result", "iq error *"))
_NEVER = ("iq error not-allowed", "iq error not-authorized", "iq error service-unavailable")


@asynccontextmanager
async def _owner(case: Case, *passwords: str) -> AsyncIterator[tuple[Account, RawStream]]:
    """A new account and its stream; removed at the end, also when it has one of these passwords."""
    await early(case)
    account = await create(case)
    try:
        yield account, await login(case, account)
    finally:
        for password in (account.password, *passwords):
            await remove(case, Account(account.user, password))


async def _change(case: Case, stream: RawStream, inner: str) -> Element:
    """The answer to a change of the password."""
    return await answer(case, stream, registration(inner, to=case.domain), "reg")


@requires("registration-password-changed", password=_PASSWORDS)
async def test_change(case: Case, password: str) -> None:
    async with _owner(case, password) as (account, stream):
        found = await _change(case, stream, credentials(account.user, password))
        if name_of(found) in _NEVER:
            raise case.absent("passwords are not changed in-band")
        case.judge(name_of(found), Allowed("a result", ("iq result",)))
        now = Account(account.user, password)
        case.check(await can_log_in(case, now), "a login with the new password", "no login")
        case.check(not await can_log_in(case, account), "none with the old one", "a login")


@pytest.mark.parametrize(
    "password", ["<password/>", "<password></password>"], ids=["empty-tag", "no-text"]
)
@requires("registration-password-never-empty")
async def test_empty_password(case: Case, password: str) -> None:
    async with _owner(case) as (account, stream):
        inner = f"<username>{account.user}</username>{password}"
        case.judge(name_of(await _change(case, stream, inner)), _ANSWERED)
        case.check(await can_log_in(case, account), "the old password", "another password")


@requires("registration-password-incomplete", password=_PASSWORDS)
async def test_no_user_name(case: Case, password: str) -> None:
    """A server that does not want one may take it from the sender's address."""
    async with _owner(case, password) as (account, stream):
        outcome = name_of(await _change(case, stream, credentials(None, password)))
        case.judge(
            outcome,
            Allowed("<bad-request/>", ("iq error bad-request", "iq result"), ("iq error *",)),
        )
        changed = not await can_log_in(case, account)
        case.check(changed == (outcome == "iq result"), "what the answer says", "the contrary")


@requires(
    "registration-password-of-another", "registration-password-not-echoed", password=_PASSWORDS
)
async def test_of_another(case: Case, password: str) -> None:
    async with _owner(case) as (_, stream), _owner(case, password) as (other, _):
        found = await _change(case, stream, credentials(other.user, password))
        case.judge(name_of(found), Allowed("an error", ("iq error *",)))
        case.check(await can_log_in(case, other), "the other's old password", "another password")
        echoed = password in tostring(found, encoding="unicode")
        case.prefer(not echoed, "no password in the error", "the password in the error")
