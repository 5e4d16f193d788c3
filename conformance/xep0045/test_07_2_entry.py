"""Sections 7.1 to 7.2.4, 7.2.15 and 7.2.18: the way into a room that is open."""

from __future__ import annotations

import pytest

from conformance.suite import Allowed, Case, requires
from conformance.xep0045.common import (
    USER,
    Seen,
    answers,
    client,
    joining,
    of,
    opened,
    presences,
    room,
    subjects,
    words,
)
from harness.xmpp import namespaces as ns

_MALFORMED = Allowed("<jid-malformed/>", ("presence error jid-malformed",))


@requires("muc-entry-order", "muc-subject-sent", "muc-self-presence")
async def test_order(case: Case) -> None:
    made, _ = await opened(case)
    new = await client(case, 2)
    came = await made.enter(new, "n2")
    order = []
    for element in came:
        if element.tag == ns.PRESENCE:
            order += ["self" if one.nick == "n2" else "other" for one in presences([element], made)]
        elif subjects([element], made):
            order.append("subject")
    expected = ["other", "other", "self", "subject"]
    case.check(order == expected, ", ".join(expected), ", ".join(order) or "nothing")
    (own,) = of(came, made, "n2")
    case.check("110" in own.codes, "status 110 for oneself", "no status 110")
    others = [one for one in presences(came, made) if one.nick != "n2" and "110" in one.codes]
    case.check(not others, "no status 110 for others", "status 110 for others")


@requires("muc-roster-to-newcomer")
async def test_what_the_newcomer_learns(case: Case) -> None:
    made, _ = await opened(case)
    came = await made.enter(await client(case, 2), "n2")
    shown = {(one.nick, one.affiliation, one.role) for one in presences(came, made)}
    expected = {("n0", "owner", "moderator"), ("n1", "none", "participant")}
    case.check(expected <= shown, "role and affiliation of each occupant", "others")
    extensions = [len(e.findall(USER)) for e in came if presences([e], made)]
    case.check(set(extensions) == {1}, "one <x/> in each presence", "none, or more than one")


@requires("muc-newcomer-broadcast")
async def test_what_the_others_learn(case: Case) -> None:
    made, streams = await opened(case)
    await made.enter(await client(case, 2), "n2")
    for stream in streams:
        seen = of(await made.seen(stream), made, "n2")
        right = [(one.type, one.affiliation, one.role) for one in seen] == [
            ("available", "none", "participant")
        ]
        case.check(right, "presence of a participant", words(seen))


@requires("muc-nick-needed")
async def test_without_nickname(case: Case) -> None:
    made, _ = await opened(case, 0)
    came = await made.say(await client(case, 1), joining(made.jid))
    case.judge(answers(came, made), _MALFORMED)


@pytest.mark.parametrize("nick", [" ", "   "], ids=["space", "spaces"])
@requires("muc-nick-visible")
async def test_invisible_nickname(case: Case, nick: str) -> None:
    """Whoever refuses it, the room or the server."""
    made, (owner,) = await opened(case, 0)
    await made.enter(await client(case, 1), nick)
    seen = presences(await made.seen(owner), made)
    case.check(not seen, "nobody let in", "somebody let in")


@requires("muc-resync")
async def test_again(case: Case) -> None:
    """Somebody who is in the room enters: it is shown as if it were for the first time."""
    made, (_, other) = await opened(case)
    came = await made.enter(other, "n1")
    nicks = [one.nick for one in presences(came, made)]
    right = nicks == ["n0", "n1"] and len(subjects(came, made)) == 1
    case.check(right, "others, oneself, the subject", ", ".join(nicks) or "no presence")


@pytest.mark.parametrize("whois", ["anyone", "moderators"])
@requires()
@pytest.mark.requires("muc-semi-anonymous", "muc-non-anonymous")
async def test_real_addresses(case: Case, whois: str) -> None:
    made, (owner, other) = await opened(case, whois=whois)
    new = await client(case, 2)
    came = await made.enter(new, "n2")
    for_owner = of(await made.seen(owner), made, "n2")
    for_other = of(await made.seen(other), made, "n2")
    case.check(_jids(for_owner) == [new.jid], "the full JID for the moderator", "another or none")
    known = [new.jid] if whois == "anyone" else [""]
    expected = "the full JID for others" if whois == "anyone" else "no JID for others"
    case.check(_jids(for_other) == known, expected, f"not {expected}")
    of_others = [jid for nick in ("n0", "n1") for jid in _jids(of(came, made, nick))]
    known = [owner.jid, other.jid] if whois == "anyone" else ["", ""]
    case.check(of_others == known, f"{expected}, to the newcomer", f"not {expected}, newcomer")
    warned = any("100" in one.codes for one in of(came, made, "n2"))
    case.check(warned or whois != "anyone", "a warning, 100", "no status 100")
    case.check(not warned or whois == "anyone", "no status 100", "a warning, 100")


def _jids(seen: list[Seen]) -> list[str]:
    return [one.jid for one in seen]


@requires("muc-without-protocol")
async def test_groupchat_1_0(case: Case) -> None:
    """Presence without <x/> from outside."""
    made, _ = await opened(case, 0)
    came = await made.say(await client(case, 1), f"<presence to='{made.at('n1')}'/>")
    seen = of(came, made, "n1")
    kicked = [one.type for one in seen] == ["unavailable"]
    right = kicked and {"110", "307", "333"} <= seen[0].codes
    case.prefer(right, "unavailable with 110, 307 and 333", words(seen))


@pytest.mark.parametrize("type_", ["probe", "unavailable", "error"])
@requires("muc-typed-presence")
async def test_other_presence_is_no_way_in(case: Case, type_: str) -> None:
    made, (owner,) = await opened(case, 0)
    outsider = await client(case, 1)
    text = joining(made.at("n1")).replace(" id=", f" type='{type_}' id=")
    came = await made.say(outsider, text)
    seen = presences(await made.seen(owner), made)
    case.check(not seen, "nobody let in", words(seen))
    if type_ == "unavailable":
        silent = not [e for e in came if e.tag == ns.PRESENCE]
        case.check(silent, "nothing to who is not in the room", "an answer")


@requires("muc-created")
async def test_creation(case: Case) -> None:
    owner = await client(case)
    made = await room(case, owner)
    seen = of(await made.enter(owner, "n0"), made, "n0")
    right = [(one.affiliation, one.codes >= {"201", "110"}) for one in seen] == [("owner", True)]
    case.check(right, "the owner's own presence with 201", words(seen))


@requires("muc-locked")
async def test_locked(case: Case) -> None:
    owner, other = await client(case), await client(case, 1)
    made = await room(case, owner)
    await made.enter(owner, "n0")
    came = await made.enter(other, "n1")
    refused = Allowed("<item-not-found/>", ("presence error item-not-found",))
    case.judge(answers(came, made), refused)


@requires("muc-instant-room")
async def test_instant_room(case: Case) -> None:
    made, _ = await opened(case, 0)
    seen = of(await made.enter(await client(case, 1), "n1"), made, "n1")
    right = [one.type for one in seen] == ["available"]
    case.check(right, "others let in", words(seen))
