"""Sections 7.2.14 and 7.2.15: the past and the subject, as who enters gets them."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from conformance.suite import Case, requires
from conformance.xep0045.common import (
    GROUPCHAT,
    SUBJECT,
    SUBJECT_CHANGE,
    Room,
    client,
    opened,
    spoken,
    subjects,
)

_DELAY = "{urn:xmpp:delay}delay"


@pytest.mark.parametrize("limit", ["maxstanzas", "maxchars"])
@requires("muc-history-none")
async def test_no_history(case: Case, limit: str) -> None:
    made, (owner,) = await opened(case, 0)
    await made.say(owner, GROUPCHAT.format(made.jid) * 2)
    came = await made.enter(await client(case, 1), "n1", f"<history {limit}='0'/>")
    case.check(not spoken(came, made), "no message of the past", "some")


async def _subject(case: Case, made: Room) -> Element:
    """The one message about the subject that a newcomer gets."""
    found = subjects(await made.enter(await client(case, 2), "n2"), made)
    case.check(len(found) == 1, "one subject for the newcomer", f"{len(found)}")
    return found[0]


@requires("muc-subject-sent")
async def test_no_subject(case: Case) -> None:
    made, _ = await opened(case)
    text = (await _subject(case, made)).findtext(SUBJECT)
    case.check(not text, "an empty subject", "another")


@requires("muc-subject-sent", "muc-subject-change")
async def test_subject(case: Case) -> None:
    made, (owner, _) = await opened(case)
    await made.say(owner, SUBJECT_CHANGE.format(made.jid, "about x"))
    text = (await _subject(case, made)).findtext(SUBJECT)
    case.check(text == "about x", "the subject", "another or none")


@requires("muc-subject-delay")
async def test_stamp_of_the_subject(case: Case) -> None:
    made, (owner, _) = await opened(case)
    await made.say(owner, SUBJECT_CHANGE.format(made.jid, "about x"))
    delay = (await _subject(case, made)).find(_DELAY)
    case.prefer(delay is not None, "a stamp", "none")
    if delay is not None:
        case.check(delay.get("from") == made.jid, "a stamp from the room", "from another")
        case.check(delay.get("stamp"), "a time in it", "none")
