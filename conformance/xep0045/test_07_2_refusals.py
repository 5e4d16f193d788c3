"""Sections 7.2.5 to 7.2.9: who does not get into a room."""

from __future__ import annotations

import pytest

from conformance.suite import Allowed, Case, requires
from conformance.xep0045.common import (
    GROUPCHAT,
    PRIVATE,
    answers,
    client,
    leaving,
    of,
    opened,
    spoken,
    words,
)

_PASSWORD = {"passwordprotectedroom": "1", "roomsecret": "secret"}


def _refused(condition: str) -> Allowed:
    return Allowed(f"<{condition}/>", (f"presence error {condition}",))


@pytest.mark.parametrize("inner", ["", "<password>other</password>"], ids=["none", "wrong"])
@requires("muc-password")
async def test_password(case: Case, inner: str) -> None:
    made, (owner,) = await opened(case, 0, **_PASSWORD)
    came = await made.enter(await client(case, 1), "n1", inner)
    case.judge(answers(came, made), _refused("not-authorized"))
    seen = of(await made.seen(owner), made, "n1")
    case.check(not seen, "nobody let in", words(seen))


@requires("muc-password")
async def test_right_password(case: Case) -> None:
    made, _ = await opened(case, 0, **_PASSWORD)
    came = await made.enter(await client(case, 1), "n1", "<password>secret</password>")
    seen = of(came, made, "n1")
    case.check([one.type for one in seen] == ["available"], "let in", words(seen))


@requires("muc-members-only")
async def test_members_only(case: Case) -> None:
    made, (owner,) = await opened(case, 0, membersonly="1")
    other = await client(case, 1)
    case.judge(answers(await made.enter(other, "n1"), made), _refused("registration-required"))
    await made.granted(owner, f"jid='{case.jid(1)}' affiliation='member'")
    seen = of(await made.enter(other, "n1"), made, "n1")
    right = [(one.type, one.affiliation) for one in seen] == [("available", "member")]
    case.check(right, "a member let in", words(seen))


@requires("muc-banned")
async def test_banned(case: Case) -> None:
    made, (owner,) = await opened(case, 0)
    await made.granted(owner, f"jid='{case.jid(1)}' affiliation='outcast'")
    came = await made.enter(await client(case, 1), "n1")
    case.judge(answers(came, made), _refused("forbidden"))


@requires("muc-nick-conflict")
async def test_nickname_in_use(case: Case) -> None:
    made, (owner,) = await opened(case, 0)
    came = await made.enter(await client(case, 1), "n0")
    case.judge(answers(came, made), _refused("conflict"))
    came = await made.seen(owner)
    case.check(not came, "nothing to the occupant", "something")


@requires("muc-nick-shared", "muc-nick-shared-messages")
async def test_two_resources_with_one_nickname(case: Case) -> None:
    made, (owner, first) = await opened(case)
    second = await client(case, 1)
    seen = of(await made.enter(second, "n1"), made, "n1")
    allowed = [one.type for one in seen] == ["available"]
    case.prefer(allowed, "let in", words(seen))
    if not allowed:
        return
    await made.seen(first)
    await made.say(owner, GROUPCHAT.format(made.jid))
    for stream in (first, second):
        got = len(spoken(await made.seen(stream), made))
        case.check(got == 1, "a message to all for each resource", f"{got} messages")
    for stream in (first, second):
        await made.say(stream, GROUPCHAT.format(made.jid))
        got = len(spoken(await made.seen(owner), made))
        case.check(got == 1, "a message of each resource", f"{got} messages")
    await made.say(owner, PRIVATE.format(made.at("n1")))
    found = [len(spoken(await made.seen(stream), made)) for stream in (second, first)]
    case.check(any(found), "a private message for a resource", "for none")


@requires("muc-full", "muc-full-owner")
async def test_full(case: Case) -> None:
    """The owner leaves a place that is taken; somebody else is refused, the owner is not."""
    made, (owner, _) = await opened(case, maxusers="2")
    third = await client(case, 2)
    came = await made.enter(third, "n2")
    outcome = answers(came, made)
    strict = ("presence error service-unavailable",)
    case.judge(outcome, Allowed("<service-unavailable/>", strict, ("presence error *", "no error")))
    await made.say(owner, leaving(made.at("n0")))
    await made.enter(third, "n2")
    seen = of(await made.enter(owner, "n0"), made, "n0")
    case.check([one.type for one in seen] == ["available"], "the owner let in", words(seen))
