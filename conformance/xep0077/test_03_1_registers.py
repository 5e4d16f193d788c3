"""Section 3.1: a new account; sections 4, 8 and 10: what is said about it."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from conformance.accounts import (
    REGISTER,
    answered,
    can_log_in,
    credentials,
    early,
    fresh,
    new_account,
    registration,
    remove,
)
from conformance.player import name_of
from conformance.suite import Allowed, Case, requires
from conformance.xep0030.common import ask, features_in, info

_URI = f"{{{REGISTER}}}"
_GET = f"<query xmlns='{REGISTER}'/>"
_FIELDS = (
    *("registered", "instructions", "username", "nick", "password", "name", "first", "last"),
    *("email", "address", "city", "state", "zip", "phone", "url", "date", "misc", "text", "key"),
    "remove",
)
_NOT_ACCEPTABLE = Allowed("<not-acceptable/>", ("iq error not-acceptable",))
_PASSWORDS = st.from_regex(r"[A-Za-z0-9]{8,20}", fullmatch=True)


async def _form(case: Case) -> list[str]:
    """The names of what the form for a newcomer holds in its namespace."""
    answer = await answered(await early(case), registration("", type_="get"))
    case.judge(name_of(answer), Allowed("a result", ("iq result",)))
    tags = [child.tag for child in answer]
    case.check(tags == [f"{_URI}query"], "one <query/>", "something else")
    return [e.tag.removeprefix(_URI) for e in answer[0] if e.tag.startswith(_URI)]


@requires("registration-form")
async def test_form(case: Case) -> None:
    names = await _form(case)
    told = {"username", "password"} <= set(names) or "instructions" in names
    case.check(told, "the fields, or instructions", "neither")


@requires("registration-form-unregistered")
async def test_form_of_a_newcomer(case: Case) -> None:
    case.prefer("registered" not in await _form(case), "no <registered/>", "<registered/>")


@requires("registration-no-new-fields")
async def test_fields(case: Case) -> None:
    case.check(set(await _form(case)) <= set(_FIELDS), "known fields", "a field of its own")


@pytest.mark.parametrize(
    "what",
    [
        pytest.param("registered", marks=pytest.mark.requires("registration-form-registered")),
        pytest.param("on-file", marks=pytest.mark.requires("registration-form-on-file")),
    ],
)
@requires()
async def test_form_when_logged_in(case: Case, what: str) -> None:
    await early(case)
    answer = await ask(case, await case.bound(), _GET)
    if answer.get("type") == "error":
        raise case.absent(f"a logged-in client gets {name_of(answer)}")
    query = answer[0]
    if what == "registered":
        found = query.findall(f"{_URI}registered")
        case.check(len(found) == 1, "<registered/>", "no <registered/>")
        empty = not len(found[0]) and not (found[0].text or "").strip()
        case.check(empty, "an empty <registered/>", "one with content")
    else:
        own = case.jid().partition("@")[0]
        case.prefer(query.findtext(f"{_URI}username") == own, "the user name", "no user name")
        told = query.find(f"{_URI}instructions") is not None
        case.prefer(told, "instructions", "no instructions")


@requires("registration-creates", password=_PASSWORDS)
async def test_new_account(case: Case, password: str) -> None:
    account = new_account(case)
    text = registration(credentials(account.user, account.password))
    answer = await answered(await early(case), text)
    try:
        case.judge(name_of(answer), Allowed("a result", ("iq result",)))
        case.check(await can_log_in(case, account), "a login that succeeds", "one that fails")
    finally:
        await remove(case, account)


@pytest.mark.parametrize("capitals", [False, True], ids=["same", "capitals"])
@requires("registration-conflict", password=_PASSWORDS)
async def test_name_that_is_taken(case: Case, capitals: bool, password: str) -> None:
    async with fresh(case) as account:
        user = account.user.upper() if capitals else account.user
        answer = await answered(await early(case), registration(credentials(user, password)))
        case.judge(name_of(answer), Allowed("<conflict/>", ("iq error conflict",), ("iq error *",)))
        case.check(await can_log_in(case, account), "the old password", "another password")


@pytest.mark.parametrize(
    "inner",
    [
        pytest.param("<username>{}</username>", id="no-password"),
        pytest.param("<username>{}</username><password/>", id="empty-password"),
        pytest.param("<username>{}</username><password></password>", id="password-without-text"),
        pytest.param("<password>secret-7</password>", id="no-username"),
        pytest.param("<username/><password>secret-7</password>", id="empty-username"),
        pytest.param("", id="nothing"),
    ],
)
@requires("registration-incomplete")
async def test_incomplete(case: Case, inner: str) -> None:
    account = new_account(case)
    stream = await early(case)
    answer = await answered(stream, registration(inner.format(account.user)))
    case.judge(name_of(answer), _NOT_ACCEPTABLE)
    complete = registration(credentials(account.user, account.password))
    free = (await answered(stream, complete)).get("type") == "result"
    await remove(case, account)
    case.check(free, "a name that is still free", "a name that is taken")


@requires("registration-stream-feature")
async def test_stream_feature(case: Case) -> None:
    """Offered is what then is there."""
    answer = await answered(await early(case), registration("", type_="get"))
    case.judge(name_of(answer), Allowed("a result", ("iq result",)))


@requires("registration-feature")
async def test_feature(case: Case) -> None:
    await early(case)
    stream = await case.bound()
    listed = REGISTER in features_in(await info(case, stream, case.domain))
    case.prefer(listed, "the feature jabber:iq:register", "no feature")
