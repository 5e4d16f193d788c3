"""Sections 9 and 10.3: messages that are not to be copied, and copies that bounce."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from conformance.generate.stanzas import EXTENSIONS
from conformance.rfc6120.common import after
from conformance.suite import Case, requires
from conformance.suite.effort import fewer
from conformance.xep0280.common import (
    BODY,
    NO_COPY,
    PRIVATE,
    Resource,
    Scene,
    Wish,
    about,
    message,
    scene,
)
from conformance.xep0280.seats import Role
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import serialise

_PRIVATE = PRIVATE + NO_COPY
_ERROR = f"<error type='cancel'><service-unavailable xmlns='{ns.STANZAS}'/></error>"
_INNER = st.tuples(
    st.permutations([BODY, PRIVATE, NO_COPY]).map("".join), st.just("") | EXTENSIONS
).map("".join)
_SIDES = pytest.mark.parametrize(
    "side",
    [
        pytest.param(Role.OWN, id="sender", marks=pytest.mark.requires("carbons-private-sender")),
        pytest.param(
            Role.THEIRS, id="recipient", marks=pytest.mark.requires("carbons-private-recipient")
        ),
    ],
)


def _copied(made: Scene, side: Role, identifier: str = "m") -> bool:
    return any(one.copies(identifier) for one in made.of(side))


@_SIDES
@pytest.mark.parametrize("type_", ["chat", "normal"])
@fewer(3)
@requires(inner=_INNER)
async def test_private(case: Case, side: Role, type_: str, inner: str) -> None:
    """To a resource; and to an account, with a resource that would not get it otherwise."""
    made = await scene(case, theirs=[Wish(), Wish(priority=-1)])
    receiver = made.of(Role.THEIRS)[0].stream
    for identifier, to in (("m", receiver.jid), ("n", case.jid(1))):
        await made.say(message(to, identifier, inner, type_))
        copied = _copied(made, side, identifier)
        case.check(not copied, "no copy", "a copy")


@requires("carbons-hint")
async def test_hint_alone(case: Case) -> None:
    made = await scene(case)
    await made.say(message(made.of(Role.THEIRS)[0].stream.jid, "m", BODY + NO_COPY))
    copied = _copied(made, Role.OWN) or _copied(made, Role.THEIRS)
    case.prefer(not copied, "no copy", "a copy")


@pytest.mark.parametrize("bare", [False, True], ids=["resource", "account"])
@requires("carbons-private-delivered")
async def test_delivery(case: Case, bare: bool) -> None:
    made = await scene(case, theirs=[Wish()])
    receiver = made.of(Role.THEIRS)[0]
    to = case.jid(1) if bare else receiver.stream.jid
    await made.say(message(to, "m", BODY + _PRIVATE))
    found = about(receiver.stanzas, "m")
    case.check(found == ["message"], "the message delivered", "not delivered")


async def _bounced(case: Case, side: Role, full: bool) -> tuple[Scene, Resource, Resource]:
    """A resource answers its copy by an error, with or without the copy in it; the sender, and
    the resource of the recipient that got the message."""
    made = await scene(case)
    receiver, other = made.of(Role.THEIRS)
    await made.say(message(receiver.stream.jid, "m"))
    owner = other if side is Role.THEIRS else made.of(Role.OWN)[0]
    copies = owner.copies("m")
    if len(copies) != 1:
        raise case.unknown(f"expected one copy, but there came {len(copies)}")
    for one in made.resources:
        one.stanzas.clear()
    identifier, back = copies[0].get("id", "bounce"), copies[0].get("from", "")
    content = "".join(serialise(child).decode() for child in copies[0]) if full else ""
    await made.say(message(back, identifier, content + _ERROR, "error"), owner.stream)
    return made, made.resources[0], receiver


@pytest.mark.parametrize("side", [Role.OWN, Role.THEIRS], ids=["sent", "received"])
@pytest.mark.parametrize(
    "full",
    [
        True,
        pytest.param(False, marks=pytest.mark.requires("carbons-bounce-without-content")),
    ],
    ids=["with-content", "without-content"],
)
@requires("carbons-bounce-not-forwarded")
async def test_bounce(case: Case, side: Role, full: bool) -> None:
    made, sender, receiver = await _bounced(case, side, full)
    errors = [
        e
        for one in (sender, receiver)
        for e in one.stanzas
        if e.tag == ns.MESSAGE and e.get("type") == "error"
    ]
    case.check(not errors, "no error for the sender", "an error")
    await after(case, made.sender, message(receiver.stream.jid, "later"))
