"""Sections 7.4 and 7.5: messages to all, and to one."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from conformance.generate.text import IDENTIFIERS, XML_TEXT
from conformance.player import name_of
from conformance.suite import Allowed, Case, requires
from conformance.suite.effort import fewer
from conformance.wire.stream import RawStream
from conformance.xep0045.common import (
    BODY,
    GROUPCHAT,
    PRIVATE,
    USER,
    Room,
    answers,
    client,
    opened,
    room,
    spoken,
)
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

_EXTENSION = "{urn:example:x}x"
_THREAD = f"{{{ns.CLIENT}}}thread"


@fewer(3)
@requires("muc-message-reflected", "muc-message-id", text=XML_TEXT, identifier=IDENTIFIERS)
async def test_to_all(case: Case, text: str, identifier: str) -> None:
    made, streams = await opened(case, 2)
    inner = f"<body>{stanza.escape(text).decode()}</body>"
    said = f"<message to='{made.jid}' type='groupchat' id='{identifier}'>{inner}</message>"
    for came in await made.heard(streams, streams[1], said):
        found = spoken(came, made)
        case.check(len(found) == 1, "the message once for each occupant", f"{len(found)} times")
        (message,) = found
        case.check(message.get("from") == made.at("n1"), "from the sender", "from another")
        case.check(message.get("type") == "groupchat", "of type groupchat", "of another type")
        case.check(message.findtext(ns.BODY) == text, "with its body", "with another body")
        case.prefer(message.get("id") == identifier, "with its id", "with another id")


@requires("muc-message-content")
async def test_content(case: Case) -> None:
    made, streams = await opened(case)
    inner = f"{BODY}<x xmlns='urn:example:x'>y</x><thread>t</thread>"
    said = f"<message to='{made.jid}' type='groupchat'>{inner}</message>"
    for came in await made.heard(streams, streams[1], said):
        kept = [(e.findtext(_EXTENSION), e.findtext(_THREAD)) for e in spoken(came, made)]
        case.prefer(kept == [("y", "t")], "all that is in the message", "not all of it")


@requires("muc-message-visitor")
async def test_of_a_visitor(case: Case) -> None:
    made, (owner, visitor) = await opened(case, moderatedroom="1")
    await made.granted(owner, "nick='n1' role='visitor'")
    came = await made.say(visitor, GROUPCHAT.format(made.jid))
    case.judge(answers(came, made), Allowed("<forbidden/>", ("message error forbidden",)))
    case.check(not spoken(came + await made.seen(owner), made), "for nobody", "for somebody")


@requires("muc-message-outsider")
async def test_of_an_outsider(case: Case) -> None:
    made, streams = await opened(case)
    came = await made.say(await client(case, 2), GROUPCHAT.format(made.jid))
    for stream in streams:
        case.check(not spoken(await made.seen(stream), made), "for nobody", "for somebody")
    errors = ("message error not-acceptable", "message error forbidden")
    allowed = Allowed("<not-acceptable/>", errors, ("message error *", "no error"))
    case.judge(answers(came, made), allowed)


@requires("muc-message-no-room")
async def test_to_no_room(case: Case) -> None:
    stream = await client(case)
    nowhere = await room(case, stream)
    came = await nowhere.say(stream, GROUPCHAT.format(nowhere.jid))
    error = ("message error item-not-found",)
    allowed = Allowed("<item-not-found/>", error, ("message error *", "no error"))
    case.judge(answers(came, nowhere), allowed)


# Private ones


async def _private(
    case: Case, said: str, sender: int = 1
) -> tuple[Room, list[Element], list[list[Element]]]:
    """A message to "n2", with {} for the address, of an occupant or an outsider (3): the room, what
    the sender has got, and the messages that came to "n0", "n1" and "n2"."""
    made, streams = await opened(case, 2)
    source: RawStream = streams[sender] if sender < 3 else await client(case, sender)
    came = await made.say(source, said.format(made.at("n2")))
    found = [spoken(came if s is source else await made.seen(s), made) for s in streams]
    return made, came, found


@pytest.mark.parametrize("type_", ["chat", "normal"])
@requires("muc-private", "muc-private-mark")
async def test_to_one(case: Case, type_: str) -> None:
    said = PRIVATE.replace("'chat'", f"'{type_}'")
    made, _, (others, own, found) = await _private(case, said)
    case.check(len(found) == 1, "the message for the recipient", f"{len(found)} messages")
    case.check(not others + own, "nothing for the others", "something for another")
    case.check(found[0].get("from") == made.at("n1"), "from the sender", "from another")
    case.prefer(found[0].find(USER) is not None, "<x/> of muc#user", "without it")


async def _refused(case: Case, condition: str, said: str, sender: int = 1) -> None:
    made, came, found = await _private(case, said, sender)
    case.check(not any(found), "nothing delivered", "something delivered")
    case.judge(answers(came, made), Allowed(f"<{condition}/>", (f"message error {condition}",)))


@requires("muc-private-groupchat")
async def test_groupchat_to_one(case: Case) -> None:
    await _refused(case, "bad-request", GROUPCHAT)


@requires("muc-private-outsider")
async def test_to_one_of_an_outsider(case: Case) -> None:
    await _refused(case, "not-acceptable", PRIVATE, sender=3)


@requires("muc-private-nobody")
async def test_to_nobody(case: Case) -> None:
    made, (owner,) = await opened(case, 0)
    came = await made.say(owner, PRIVATE.format(made.at("nobody")))
    errors = [name_of(e) for e in came if e.get("type") == "error"]
    expected = Allowed("<item-not-found/>", ("message error item-not-found",))
    case.judge(", ".join(errors) or "no error", expected)
