"""Sections 7.6, 7.7, 7.14, 17.3 and 18.1.2: other nicknames, availability, and the way out."""

from __future__ import annotations

import pytest

from conformance.rfc6120.common import after
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import shown
from conformance.xep0045.common import (
    GROUPCHAT,
    ITEM,
    USER,
    answers,
    check_new,
    client,
    leaving,
    of,
    opened,
    presences,
    spoken,
    words,
)
from harness.xmpp import namespaces as ns

_STATUS = f"{{{ns.CLIENT}}}status"


@requires("muc-nick-change")
async def test_another_nickname(case: Case) -> None:
    made, streams = await opened(case, 2)
    for came in await made.heard(streams, streams[1], f"<presence to='{made.at('m1')}'/>"):
        seen = presences(came, made)
        told = [(one.nick, one.type) for one in seen]
        right = told == [("n1", "unavailable"), ("m1", "available")]
        case.check(right, "the old nickname gone, the new one there", words(seen))
        old, new = seen
        case.check("303" in old.codes, "status 303", "no status 303")
        case.check(old.new_nick == "m1", "the new nickname in it", "another or none")
        case.check(new.role == "participant", "the role as it was", "another role")


@requires("muc-nick-change-conflict")
async def test_nickname_of_another(case: Case) -> None:
    made, (owner, first, second) = await opened(case, 2)
    came = await made.say(first, f"<presence to='{made.at('n2')}'/>")
    case.judge(answers(came, made), Allowed("<conflict/>", ("presence error conflict",)))
    for stream in (owner, second):
        seen = presences(await made.seen(stream), made)
        case.check(not seen, "nothing to the others", words(seen))


@requires("muc-availability")
async def test_availability(case: Case) -> None:
    made, streams = await opened(case, 2)
    inner = "<show>away</show><status>gone for lunch</status>"
    said = f"<presence to='{made.at('n1')}'>{inner}</presence>"
    for came in await made.heard(streams, streams[1], said):
        case.check(len(of(came, made, "n1")) == 1, "the presence once", words(of(came, made, "n1")))
        (presence,) = [e for e in came if presences([e], made)]
        found = (presence.findtext(f"{{{ns.CLIENT}}}show"), presence.findtext(_STATUS))
        case.check(found == ("away", "gone for lunch"), "what it says", "something else")


@requires("muc-presence-forged")
async def test_forged_extension(case: Case) -> None:
    made, (owner, other, third) = await opened(case, 2)
    item = "<item affiliation='owner' role='moderator' jid='a@b/c'/><status code='333'/>"
    extension = f"<x xmlns='{ns.MUC_USER}'>{item}</x>"
    await made.say(other, f"<presence to='{made.at('n1')}'>{extension}</presence>")
    for stream in (owner, third):
        came = await made.seen(stream)
        found = {item.get("role") for e in came for item in e.iterfind(f"{USER}/{ITEM}")}
        case.check(found <= {"participant"}, "the role of the room's making", "that of the client")
        codes = {code for one in of(came, made, "n1") for code in one.codes}
        case.check("333" not in codes, "no status code of the client", "its status code")


@pytest.mark.parametrize("type_", ["probe", "subscribe"])
@requires("muc-probe-no-exit")
async def test_other_presence_is_no_way_out(case: Case, type_: str) -> None:
    made, (owner, other) = await opened(case)
    to = made.at("n1") if type_ != "subscribe" else made.jid
    await made.say(other, f"<presence to='{to}' type='{type_}'/>")
    await made.say(owner, GROUPCHAT.format(made.jid))
    case.check(spoken(await made.seen(other), made), "still in the room", "no longer in it")


# The way out


@pytest.mark.parametrize(
    ("leaver", "affiliation"), [(0, "owner"), (1, "none")], ids=["owner", "participant"]
)
@requires("muc-leave")
async def test_leaving(case: Case, leaver: int, affiliation: str) -> None:
    made, streams = await opened(case, 2)
    nick, gone = f"n{leaver}", streams[leaver]
    heard = await made.heard(streams, gone, leaving(made.at(nick)))
    for stream, came in zip(streams, heard, strict=True):
        seen = of(came, made, nick)
        said = [(one.type, one.affiliation, one.role) for one in seen]
        right = said == [("unavailable", affiliation, "none")]
        case.check(right, "unavailable, role none, the affiliation", words(seen))
        own = "110" in seen[0].codes
        case.check(own or stream is not gone, "status 110 for who leaves", "no status 110")
        case.check(not own or stream is gone, "no status 110 for others", "status 110 for others")


@pytest.mark.parametrize("how", ["unavailable", "closed", "cut"])
@requires("muc-session-end")
async def test_end_of_the_session(case: Case, how: str) -> None:
    made, (owner,) = await opened(case, 0)
    other = await case.bound(1, available=True)
    await made.enter(other, "n1")
    await made.seen(owner)
    if how == "unavailable":
        await other.send("<presence type='unavailable'/>")
    elif how == "closed":
        await other.close()
    else:
        other.cut()
    item = await owner.next()
    came = shown(item)
    case.check(came == "presence unavailable", "unavailable presence", came)


@requires("muc-empty-room-gone")
async def test_empty_room(case: Case) -> None:
    made, (owner,) = await opened(case, 0, persistentroom="0")
    await owner.send(leaving(made.at("n0")))
    await owner.element("^presence unavailable$")
    await after(case, owner, "")
    await check_new(case, made, await client(case, 1))


_GONE = ["gone", "item-not-found", "recipient-unavailable", "redirect", "remote-server-not-found"]


@pytest.mark.parametrize("condition", [*_GONE, "remote-server-timeout"])
@requires("muc-ghost")
async def test_ghost(case: Case, condition: str) -> None:
    made, (owner, ghost) = await opened(case)
    await made.say(owner, GROUPCHAT.format(made.jid))
    error = f"<error type='cancel'><{condition} xmlns='{ns.STANZAS}'/></error>"
    bounce = f"<message to='{made.at('n0')}' type='error' id='x'>{error}</message>"
    await made.say(ghost, bounce)
    seen = of(await made.seen(owner), made, "n1")
    gone = [one.type for one in seen] == ["unavailable"]
    case.prefer(gone, "taken out of the room", f"{condition}: still in the room")
