"""Section 6: what the service, its rooms and their occupants say of themselves."""

from __future__ import annotations

import pytest

from conformance.player import name_of
from conformance.suite import Allowed, Case, requires
from conformance.xep0030.common import ask, discovery, features_in, identities_in, info, items
from conformance.xep0045.common import client, opened, service
from harness.xmpp import namespaces as ns


@requires("muc-service-info")
async def test_service(case: Case) -> None:
    stream = await client(case)
    said = await info(case, stream, await service(case, stream))
    categories = [category for category, _ in identities_in(said)]
    case.check("conference" in categories, "an identity of conference", "another or none")


@pytest.mark.parametrize("public", ["1", "0"], ids=["public", "hidden"])
@requires("muc-rooms-listed")
async def test_rooms(case: Case, public: str) -> None:
    room, _ = await opened(case, 0, publicroom=public)
    stranger = await client(case, 1)
    listed = [
        item.get("jid") for item in await items(case, stranger, await service(case, stranger))
    ]
    expected = "the room listed" if public == "1" else "a hidden room not listed"
    case.prefer((room.jid in listed) == (public == "1"), expected, f"not {expected}")


@requires("muc-room-identity", "muc-room-features")
async def test_room(case: Case) -> None:
    room, (owner,) = await opened(case, 0)
    said = await info(case, owner, room.jid)
    categories = [category for category, _ in identities_in(said)]
    case.check("conference" in categories, "an identity of conference", "another or none")
    case.prefer(ns.MUC in features_in(said), "the feature of rooms", "no such feature")


@pytest.mark.parametrize(
    ("setting", "features"),
    [
        ("passwordprotectedroom", ("muc_unsecured", "muc_passwordprotected")),
        ("moderatedroom", ("muc_unmoderated", "muc_moderated")),
        ("membersonly", ("muc_open", "muc_membersonly")),
    ],
    ids=["password", "moderated", "members-only"],
)
@requires("muc-room-features")
async def test_features_of_a_room(case: Case, setting: str, features: tuple[str, str]) -> None:
    for value, right, wrong in (("0", *features), ("1", *reversed(features))):
        protected = setting == "passwordprotectedroom" and value == "1"
        secret = {"roomsecret": "secret"} if protected else {}
        room, (owner,) = await opened(case, 0, **{setting: value}, **secret)
        said = features_in(await info(case, owner, room.jid))
        case.prefer(right in said and wrong not in said, f"the feature {right}", "not that one")


@requires("muc-room-items")
async def test_items_of_a_room(case: Case) -> None:
    """Occupants, or nothing."""
    room, (_, other) = await opened(case)
    answer = await ask(case, other, discovery(ns.DISCO_ITEMS), room.jid)
    case.judge(name_of(answer), Allowed("a list", ("iq result",)))
    listed = {item.get("jid") for query in answer for item in query}
    right = listed <= {room.at("n0"), room.at("n1")}
    case.check(right, "nothing or the occupants", "something else")


@requires("muc-occupant-info-outsider")
async def test_outsider_asks_an_occupant(case: Case) -> None:
    room, _ = await opened(case, 0)
    outsider = await client(case, 1)
    answer = await ask(case, outsider, discovery(ns.DISCO_INFO), room.at("n0"))
    case.judge(name_of(answer), Allowed("<bad-request/>", ("iq error bad-request",)))


@requires("muc-reserved-nick-node")
async def test_reserved_nickname(case: Case) -> None:
    """An empty answer, since there is no nickname that is ours, or no such node."""
    room, (owner,) = await opened(case, 0)
    answer = await ask(case, owner, discovery(ns.DISCO_INFO, "x-roomuser-item"), room.jid)
    outcome = name_of(answer)
    if outcome == "iq result":
        outcome += f", {len(answer[0])} children" if len(answer) else ", empty"
    allowed = ("iq result, 0 children", "iq error feature-not-implemented")
    case.judge(outcome, Allowed("nothing, or <feature-not-implemented/>", allowed))


@requires("muc-traffic-node")
async def test_allowed_traffic(case: Case) -> None:
    room, (owner,) = await opened(case, 0)
    answer = await ask(case, owner, discovery(ns.DISCO_INFO, f"{ns.MUC}#traffic"), room.jid)
    allowed = ("iq result", "iq error service-unavailable", "iq error feature-not-implemented")
    case.judge(
        name_of(answer), Allowed("a list, or an error that says that there is none", allowed)
    )
