"""Section 10: the settings of a room, its owners, and its end."""

from __future__ import annotations

import pytest

from conformance.player import name_of
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import RawStream
from conformance.xep0045.common import (
    DESTROY,
    DESTROYED,
    FORBIDDEN,
    FORM,
    GROUPCHAT,
    Room,
    check_new,
    client,
    configuration,
    leaving,
    notices,
    of,
    opened,
    presences,
    room,
    spoken,
    values_in,
    words,
)
from harness.xmpp import namespaces as ns

_CANCEL = configuration().replace("'submit'", "'cancel'")
_RESULT = Allowed("a result", ("iq result",))
_DESTROY = DESTROY.replace("<destroy/>", "<destroy jid='{}'><reason>why</reason></destroy>")


async def _name(made: Room, owner: RawStream) -> str:
    return values_in(await made.ask(owner, FORM, "get")).get("roomname", "")


@requires("muc-create-cancelled")
async def test_cancelled_creation(case: Case) -> None:
    owner = await client(case)
    made = await room(case, owner)
    await made.enter(owner, "n0")
    await owner.send(f"<iq type='set' id='q' to='{made.jid}'>{_CANCEL}</iq>")
    came = (await owner.react("^iq (result|error.*) q$")).elements
    came += await made.seen(owner)
    seen = of(came, made, "n0")
    case.check([one.type for one in seen] == ["unavailable"], "unavailable presence", words(seen))
    await check_new(case, made, await client(case, 1))


@requires("muc-create-cancelled")
async def test_creator_leaves(case: Case) -> None:
    owner = await client(case)
    made = await room(case, owner)
    await made.enter(owner, "n0")
    await owner.send(leaving(made.at("n0")))
    await owner.element("^presence unavailable$")
    await check_new(case, made, await client(case, 1))


@requires("muc-config-form")
async def test_form(case: Case) -> None:
    made, (owner,) = await opened(case, 0, roomname="first")
    for name in ("first", "second"):
        found = await _name(made, owner)
        case.check(found == name, "a form with the room's name", "another name or none")
        answer = await made.ask(owner, configuration(roomname="second"))
        case.judge(name_of(answer), _RESULT)


@pytest.mark.parametrize(
    ("payload", "type_"),
    [(FORM, "get"), (configuration(roomname="second"), "set")],
    ids=["get", "set"],
)
@requires("muc-config-owners-only")
async def test_settings_of_another(case: Case, payload: str, type_: str) -> None:
    made, (owner, other) = await opened(case, roomname="first")
    case.judge(name_of(await made.ask(other, payload, type_)), FORBIDDEN)
    case.check(await _name(made, owner) == "first", "the settings as they were", "others")


@requires("muc-config-cancelled")
async def test_cancelled_settings(case: Case) -> None:
    made, (owner, other) = await opened(case, roomname="first")
    await made.ask(owner, _CANCEL)
    case.check(await _name(made, owner) == "first", "the settings as they were", "others")
    await made.say(owner, GROUPCHAT.format(made.jid))
    case.check(spoken(await made.seen(other), made), "the room as it was", "no message in it")


@pytest.mark.parametrize("affiliation", ["admin", "none"])
@requires("muc-last-owner")
async def test_last_owner(case: Case, affiliation: str) -> None:
    made, (owner,) = await opened(case, 0)
    answer = await made.change(owner, f"jid='{case.jid()}' affiliation='{affiliation}'")
    case.judge(name_of(answer), Allowed("<conflict/>", ("iq error conflict",)))


@requires("muc-config-members-only")
async def test_members_only_from_now_on(case: Case) -> None:
    made, (owner, *others) = await opened(case, 2, membersonly="0")
    await made.granted(owner, f"jid='{case.jid(2)}' affiliation='member'")
    await made.seen(others[0])
    await made.done(await made.ask(owner, configuration(membersonly="1")))
    for stream in others:
        seen = of(await made.seen(stream), made, "n1")
        case.check([one.type for one in seen] == ["unavailable"], "taken out", words(seen))
        case.check("322" in seen[0].codes, "status 322", "no status 322")
    await made.say(owner, GROUPCHAT.format(made.jid))
    case.check(spoken(await made.seen(others[1]), made), "a member stays", "taken out, too")


@pytest.mark.parametrize(
    ("before", "after", "code"), [("moderators", "anyone", "172"), ("anyone", "moderators", "173")]
)
@requires("muc-config-privacy-notice")
async def test_other_privacy(case: Case, before: str, after: str, code: str) -> None:
    made, (owner, *others) = await opened(case, 2, whois=before)
    await made.done(await made.ask(owner, configuration(whois=after)))
    for stream in others:
        told = notices(await made.seen(stream), made)
        case.check(code in told, f"status {code}", ", ".join(sorted(told)) or "no status")


@requires("muc-config-notice")
async def test_other_name(case: Case) -> None:
    made, (owner, other) = await opened(case, roomname="first")
    await made.done(await made.ask(owner, configuration(roomname="second")))
    told = notices(await made.seen(other), made)
    case.prefer("104" in told, "status 104", ", ".join(sorted(told)) or "no status")


# The end


@pytest.mark.parametrize("persistent", ["0", "1"], ids=["temporary", "persistent"])
@requires("muc-destroy", "muc-destroy-once")
async def test_destroyed(case: Case, persistent: str) -> None:
    made, (owner, *others) = await opened(case, 2, persistentroom=persistent)
    venue = (await room(case, owner)).jid
    answer = await made.ask(owner, _DESTROY.format(venue))
    case.judge(name_of(answer), _RESULT)
    for number, stream in enumerate(others, start=1):
        came = await made.seen(stream)
        seen = of(came, made, f"n{number}")
        case.check([one.type for one in seen] == ["unavailable"], "taken out", words(seen))
        found = [
            e for one in came if of([one], made, f"n{number}") for e in one.iterfind(DESTROYED)
        ]
        case.check(len(found) == 1, "one <destroy/>", f"{len(found)}")
        case.check(found[0].get("jid") == venue, "the address in it", "another or none")
        why = found[0].findtext(f"{{{ns.MUC_USER}}}reason")
        case.check(why == "why", "the reason in it", "another or none")
        case.prefer(len(presences(came, made)) == 1, "presence of oneself alone", "of others, too")
    await check_new(case, made, others[0])


@requires("muc-destroy-owners-only")
async def test_destroyed_by_another(case: Case) -> None:
    made, (owner, other) = await opened(case)
    case.judge(name_of(await made.ask(other, DESTROY)), FORBIDDEN)
    await made.say(owner, GROUPCHAT.format(made.jid))
    case.check(spoken(await made.seen(other), made), "the room as it was", "no message in it")
