"""Sections 3 and 4: one's own vCard, and those of others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from xml.etree.ElementTree import Element

import pytest
from hypothesis import strategies as st

from conformance.accounts import fresh, login
from conformance.generate.text import XML_TEXT
from conformance.player import name_of
from conformance.rfc6120.common import NO_USER, came
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import RawStream
from conformance.xep0030.common import ask, features_in, info, need
from harness.xmpp import stanza

_URI = "vcard-temp"
_GET = f"<vCard xmlns='{_URI}'/>"
_RESULT = Allowed("a result", ("iq result",))
_UNAVAILABLE = Allowed("<service-unavailable/>", ("iq error service-unavailable",))
_TEXT = XML_TEXT.map(lambda text: " ".join(text.split())).filter(bool)
_FIELDS = st.fixed_dictionaries(
    {"FN": _TEXT}, optional=dict.fromkeys(("NICKNAME", "URL", "TITLE", "ROLE"), _TEXT)
)
Fields = dict[str, str]


def _vcard(fields: Fields) -> str:
    inner = "".join(
        f"<{name}>{stanza.escape(text).decode()}</{name}>" for name, text in fields.items()
    )
    return f"<vCard xmlns='{_URI}'>{inner}</vCard>"


def _fields(answer: Element) -> Fields:
    """What the vCard of an answer holds, as far as it is text."""
    vcard = answer.find(f"{{{_URI}}}vCard")
    children = list(vcard) if vcard is not None else []
    return {e.tag.partition("}")[2]: e.text or "" for e in children if (e.text or "").strip()}


@asynccontextmanager
async def _stored(case: Case, fields: Fields, account: int = 0) -> AsyncIterator[RawStream]:
    """A stream of an account of ours that has stored this; afterwards an empty one."""
    stream = await case.bound(account)
    await need(case, stream, _URI)
    case.judge(name_of(await ask(case, stream, _vcard(fields), type_="set")), _RESULT)
    try:
        yield stream
    finally:
        await ask(case, stream, _GET, type_="set")


@requires("vcard-set-answered", "vcard-own-returned", fields=_FIELDS)
async def test_ones_own(case: Case, fields: Fields) -> None:
    async with _stored(case, fields) as stream:
        answer = await ask(case, stream, _GET)
        case.judge(name_of(answer), _RESULT)
        case.check(_fields(answer) == fields, "the vCard that was stored", "another vCard")


@requires("vcard-set-replaces", fields=_FIELDS)
async def test_replaced(case: Case, fields: Fields) -> None:
    async with _stored(case, {"FN": "x", "NICKNAME": "y", "URL": "z", "ROLE": "r"}) as stream:
        await ask(case, stream, _vcard(fields), type_="set")
        answer = await ask(case, stream, _GET)
        left = set(_fields(answer)) - set(fields)
        case.check(not left, "nothing of the old vCard", "a field of the old one")


@requires("vcard-own-none")
async def test_none(case: Case) -> None:
    await need(case, await case.bound(), _URI)
    async with fresh(case) as account:
        answer = await ask(case, await login(case, account), _GET)
        case.judge(
            f"{name_of(answer)}{', not empty' if _fields(answer) else ''}",
            Allowed(
                "<item-not-found/>, or an empty <vCard/>",
                ("iq error item-not-found", "iq result"),
                ("iq error *",),
            ),
        )
        if answer.get("type") == "result":
            tags = [child.tag for child in answer]
            case.check(tags == [f"{{{_URI}}}vCard"], "an empty <vCard/>", "something else")


@pytest.mark.parametrize("online", [False, True], ids=["offline", "online"])
@requires("vcard-of-another-returned", "vcard-answered-by-server", fields=_FIELDS)
async def test_of_another(case: Case, online: bool, fields: Fields) -> None:
    async with _stored(case, fields, 1) as owner:
        if online:
            await owner.send("<presence/>")
        stream = await case.bound()
        answer = await ask(case, stream, _GET, case.jid(1))
        case.judge(name_of(answer), _RESULT)
        case.check(answer.get("from") == case.jid(1), "from = the account", "another from")
        case.check(_fields(answer) == fields, "the vCard that was stored", "another vCard")
        case.check(not await came(owner, "iq"), "nothing delivered", "the request delivered")


@pytest.mark.parametrize(
    "what",
    [
        pytest.param("answer", marks=pytest.mark.requires("vcard-of-another-none")),
        pytest.param("delivered", marks=pytest.mark.requires("vcard-answered-by-server")),
    ],
)
@requires()
async def test_of_another_none(case: Case, what: str) -> None:
    stream = await case.bound()
    await need(case, stream, _URI)
    async with fresh(case) as account:
        owner = await login(case, account)
        answer = await ask(case, stream, _GET, f"{account.user}@{case.domain}")
        if what == "answer":
            case.judge(name_of(answer), _UNAVAILABLE)
        else:
            case.check(not await came(owner, "iq"), "nothing delivered", "the request delivered")


@requires("vcard-of-another-none")
async def test_of_nobody(case: Case) -> None:
    stream = await case.bound()
    await need(case, stream, _URI)
    case.judge(name_of(await ask(case, stream, _GET, NO_USER.of(case))), _UNAVAILABLE)


@requires("vcard-accounts-not-told-apart")
async def test_accounts_are_not_told_apart(case: Case) -> None:
    stream = await case.bound()
    await need(case, stream, _URI)
    async with fresh(case) as account:
        known = name_of(await ask(case, stream, _GET, f"{account.user}@{case.domain}"))
        nobody = name_of(await ask(case, stream, _GET, NO_USER.of(case)))
        case.check(known == nobody, "the same answer for both", f"{known}, but {nobody}")


@requires("vcard-set-of-another-refused", fields=_FIELDS)
async def test_set_of_another(case: Case, fields: Fields) -> None:
    async with _stored(case, {"FN": "owner"}, 1) as owner, _stored(case, {"FN": "x"}) as stream:
        answer = await ask(case, stream, _vcard(fields), case.jid(1), type_="set")
        left = _fields(await ask(case, owner, _GET))
        case.check(left == {"FN": "owner"}, "the owner's vCard as it was", "a changed vCard")
        case.judge(
            name_of(answer),
            Allowed(
                "<forbidden/> or <not-allowed/>",
                ("iq error forbidden", "iq error not-allowed"),
                ("iq error *",),
            ),
        )


@requires("vcard-feature")
async def test_feature(case: Case) -> None:
    stream = await case.bound()
    listed = _URI in features_in(await info(case, stream, case.domain))
    answer = await ask(case, stream, _vcard({"FN": "x"}), type_="set")
    stores = answer.get("type") == "result"
    if not stores and not listed:
        raise case.absent("the server neither lists vcard-temp nor stores a vCard")
    case.check(listed or not stores, "the feature vcard-temp", "no feature")
    await ask(case, stream, _GET, type_="set")
