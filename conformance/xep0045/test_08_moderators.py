"""Sections 8.1 and 8.2: the subject, and who is kicked."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from conformance.player import name_of
from conformance.suite import Allowed, Case, requires
from conformance.xep0045.common import (
    FORBIDDEN,
    NOT_ALLOWED,
    SUBJECT,
    SUBJECT_CHANGE,
    Room,
    admin,
    answers,
    client,
    of,
    opened,
    presences,
    subjects,
    words,
)
from harness.xmpp import namespaces as ns

_KICK = "nick='{}' role='none'"


@requires("muc-subject-change")
async def test_subject(case: Case) -> None:
    made, streams = await opened(case)
    for text in ("about x", ""):
        said = SUBJECT_CHANGE.format(made.jid, text)
        for came in await made.heard(streams, streams[0], said):
            found = [(e.get("from"), e.findtext(SUBJECT)) for e in subjects(came, made)]
            right = found in ([(made.jid, text)], [(made.at("n0"), text)])
            case.check(right, "the subject for each occupant", "another or none")
    case.check(await _subject(case, made, 2) == "", "no subject for a newcomer", "a subject")


async def _subject(case: Case, made: Room, account: int) -> str:
    """What somebody who enters gets as the subject."""
    found = subjects(await made.enter(await client(case, account), f"n{account}"), made)
    return ", ".join(e.findtext(SUBJECT) or "" for e in found)


@pytest.mark.parametrize("inner", ["<body>x</body>", "<thread>x</thread>"], ids=["body", "thread"])
@requires("muc-subject-with-body")
async def test_no_change_of_the_subject(case: Case, inner: str) -> None:
    made, (owner, other) = await opened(case)
    inner += "<subject>about x</subject>"
    await made.say(owner, f"<message to='{made.jid}' type='groupchat' id='x'>{inner}</message>")
    found = [e for e in await made.seen(other) if _is_titled(e)]
    case.check(len(found) == 1, "the message for the others", f"{len(found)} messages")
    case.check(await _subject(case, made, 2) == "", "no subject for a newcomer", "a subject")


def _is_titled(element: Element) -> bool:
    return element.tag == ns.MESSAGE and bool(element.findtext(SUBJECT))


@requires("muc-subject-refused")
async def test_subject_of_a_participant(case: Case) -> None:
    made, (owner, other) = await opened(case, changesubject="0")
    came = await made.say(other, SUBJECT_CHANGE.format(made.jid, "about x"))
    refused = Allowed("<forbidden/>", ("message error forbidden",))
    case.judge(answers(came, made), refused)
    case.check(not subjects(await made.seen(owner), made), "no new subject", "a new subject")


# Kicks


@requires("muc-kick")
async def test_kick(case: Case) -> None:
    made, (owner, *others) = await opened(case, 2)
    before: list[Element] = []
    answer = await made.change(owner, _KICK.format("n1"), before=before)
    case.judge(name_of(answer), Allowed("a result", ("iq result",)))
    heard = [before + await made.seen(owner)] + [await made.seen(one) for one in others]
    for came in heard:
        seen = of(came, made, "n1")
        right = [(one.type, one.role) for one in seen] == [("unavailable", "none")]
        case.check(right, "unavailable presence with role none", words(seen))
        case.check("307" in seen[0].codes, "status 307", "no status 307")
    again = of(await made.enter(others[0], "n1"), made, "n1")
    case.check([one.type for one in again] == ["available"], "let in again", words(again))


@requires("muc-kick-order")
async def test_order_of_a_kick(case: Case) -> None:
    made, (owner, _) = await opened(case)
    before: list[Element] = []
    await made.done(await made.change(owner, _KICK.format("n1"), before=before))
    early = presences(before, made)
    case.check(not early, "the result before presence", "presence before the result")


@pytest.mark.parametrize(("lower", "higher"), [("member", "admin"), ("admin", "owner")])
@requires("muc-kick-higher")
async def test_kick_of_a_higher_one(case: Case, lower: str, higher: str) -> None:
    made, (owner, moderator, other) = await opened(case, 2)
    await made.granted(owner, f"jid='{case.jid(1)}' affiliation='{lower}'")
    await made.granted(owner, f"jid='{case.jid(2)}' affiliation='{higher}'")
    await made.granted(owner, "nick='n1' role='moderator'")
    await made.seen(other)
    case.judge(name_of(await made.change(moderator, _KICK.format("n2"))), NOT_ALLOWED)
    seen = [one for one in of(await made.seen(other), made, "n2") if one.type == "unavailable"]
    case.check(not seen, "not kicked", "kicked")


@pytest.mark.parametrize(
    ("item", "type_"),
    [(_KICK.format("n2"), "set"), ("role='participant'", "get")],
    ids=["kick", "list"],
)
@requires("muc-moderators-only")
async def test_request_of_a_participant(case: Case, item: str, type_: str) -> None:
    made, (_, participant, other) = await opened(case, 2)
    case.judge(name_of(await made.ask(participant, admin(item), type_)), FORBIDDEN)
    seen = presences(await made.seen(other), made)
    case.check(not seen, "nothing happens", words(seen))


@requires("muc-admin-role-and-affiliation")
async def test_role_and_affiliation_at_once(case: Case) -> None:
    made, (owner, _) = await opened(case)
    item = f"nick='n1' jid='{case.jid(1)}' role='moderator' affiliation='member'"
    answer = await made.change(owner, item)
    case.judge(name_of(answer), Allowed("<bad-request/>", ("iq error bad-request",)))
