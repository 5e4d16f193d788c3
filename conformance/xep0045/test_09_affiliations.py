"""Sections 5.1.2 and 9: what affiliations bring, who is banned, who is a member."""

from __future__ import annotations

import pytest

from conformance.player import name_of
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import RawStream
from conformance.xep0045.common import (
    ADMIN_ITEM,
    FORBIDDEN,
    NOT_ALLOWED,
    Room,
    admin,
    client,
    of,
    opened,
    presences,
    words,
)

_CONFLICT = Allowed("<conflict/>", ("iq error conflict",))
_RESULT = Allowed("a result", ("iq result",))
_ROLES = {"none": "participant", "member": "participant", "admin": "moderator"}


@pytest.mark.parametrize("moderated", ["0", "1"], ids=["open", "moderated"])
@pytest.mark.parametrize("affiliation", ["none", "member", "admin", "owner"])
@requires("muc-role-default")
async def test_role_of_a_newcomer(case: Case, affiliation: str, moderated: str) -> None:
    made, (owner,) = await opened(case, 0, moderatedroom=moderated)
    if affiliation != "none":
        await made.granted(owner, f"jid='{case.jid(1)}' affiliation='{affiliation}'")
    seen = of(await made.enter(await client(case, 1), "n1"), made, "n1")
    case.check(len(seen) == 1, "presence of the newcomer", words(seen))
    case.check(seen[0].affiliation == affiliation, "the affiliation", "another affiliation")
    expected = _ROLES.get(affiliation, "moderator")
    if moderated == "1" and affiliation == "none":
        expected = "visitor"
    case.prefer(seen[0].role == expected, expected, seen[0].role)


# Bans


@requires("muc-ban")
async def test_ban(case: Case) -> None:
    made, (owner, *others) = await opened(case, 2)
    answer = await made.change(owner, f"jid='{case.jid(1)}' affiliation='outcast'")
    case.judge(name_of(answer), _RESULT)
    for stream in others:
        seen = of(await made.seen(stream), made, "n1")
        said = [(one.type, one.affiliation, one.role) for one in seen]
        right = said == [("unavailable", "outcast", "none")]
        case.check(right, "unavailable presence of an outcast", words(seen))
        case.check("301" in seen[0].codes, "status 301", "no status 301")


@requires("muc-ban-owner")
async def test_ban_of_an_owner(case: Case) -> None:
    made, (owner, other) = await opened(case)
    await made.granted(owner, f"jid='{case.jid(1)}' affiliation='admin'")
    await made.seen(owner)
    answer = await made.change(other, f"jid='{case.jid(0)}' affiliation='outcast'")
    case.judge(name_of(answer), NOT_ALLOWED)
    seen = presences(await made.seen(owner), made)
    case.check(not seen, "nothing happens", words(seen))


@pytest.mark.parametrize("affiliation", ["admin", "owner"])
@requires("muc-ban-oneself")
async def test_ban_of_oneself(case: Case, affiliation: str) -> None:
    made, (owner, other) = await opened(case)
    await made.granted(owner, f"jid='{case.jid(1)}' affiliation='{affiliation}'")
    answer = await made.change(other, f"jid='{case.jid(1)}' affiliation='outcast'")
    case.judge(name_of(answer), _CONFLICT)


@requires("muc-ban-list")
async def test_list_of_the_banned(case: Case) -> None:
    made, (owner,) = await opened(case, 0)
    banned = {f"q1@{case.domain}", case.jid(1)}
    for jid in sorted(banned):
        await made.granted(owner, f"jid='{jid}' affiliation='outcast'")
    await _check_banned(case, made, owner, banned)
    await made.granted(owner, f"jid='{case.jid(1)}' affiliation='none'")
    await _check_banned(case, made, owner, banned - {case.jid(1)})
    seen = of(await made.enter(await client(case, 1), "n1"), made, "n1")
    case.check([one.type for one in seen] == ["available"], "let in again", words(seen))


@requires("muc-ban-several")
async def test_several_bans_at_once(case: Case) -> None:
    made, (owner,) = await opened(case, 0)
    banned = {f"q{number}@{case.domain}" for number in range(3)}
    await made.granted(owner, *(f"jid='{jid}' affiliation='outcast'" for jid in sorted(banned)))
    await _check_banned(case, made, owner, banned)


async def _check_banned(case: Case, made: Room, owner: RawStream, expected: set[str]) -> None:
    answer = await made.ask(owner, admin("affiliation='outcast'"), "get")
    found = {(e.get("jid"), e.get("affiliation")) for e in answer.iter(ADMIN_ITEM)}
    right = found == {(jid, "outcast") for jid in expected}
    case.check(right, "each of the banned", "others")


# Members


@requires("muc-member-granted")
async def test_new_member(case: Case) -> None:
    made, (owner, *others) = await opened(case, 2)
    answer = await made.change(owner, f"jid='{case.jid(1)}' affiliation='member'")
    case.judge(name_of(answer), _RESULT)
    for stream in others:
        seen = of(await made.seen(stream), made, "n1")
        right = [(one.type, one.affiliation) for one in seen] == [("available", "member")]
        case.check(right, "presence of a member", words(seen))


@pytest.mark.parametrize("closed", ["0", "1"], ids=["open", "members-only"])
@requires("muc-member-revoked")
async def test_member_no_more(case: Case, closed: str) -> None:
    made, (owner,) = await opened(case, 0, membersonly=closed)
    streams = []
    for account in (1, 2):
        await made.granted(owner, f"jid='{case.jid(account)}' affiliation='member'")
        streams.append(await client(case, account))
        await made.enter(streams[-1], f"n{account}")
    await made.seen(streams[0])
    await made.granted(owner, f"jid='{case.jid(1)}' affiliation='none'")
    expected = ("unavailable", "none") if closed == "1" else ("available", "none")
    for stream in streams:
        seen = of(await made.seen(stream), made, "n1")
        right = [(one.type, one.affiliation) for one in seen][-1:] == [expected]
        case.check(right, " ".join(expected), words(seen))
        told = "321" in seen[-1].codes
        case.check(told or closed == "0", "status 321", "no status 321")


@pytest.mark.parametrize(
    ("item", "type_"),
    [
        pytest.param("jid='{}' affiliation='member'", "set", id="member"),
        pytest.param("jid='{}' affiliation='outcast'", "set", id="outcast"),
        pytest.param("affiliation='outcast'", "get", id="list"),
    ],
)
@requires("muc-admins-only")
async def test_request_of_a_participant(case: Case, item: str, type_: str) -> None:
    made, (_, participant, other) = await opened(case, 2)
    payload = admin(item.format(case.jid(2)))
    case.judge(name_of(await made.ask(participant, payload, type_)), FORBIDDEN)
    seen = presences(await made.seen(other), made)
    case.check(not seen, "nothing happens", words(seen))
