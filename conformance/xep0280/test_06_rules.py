"""Section 6: which messages are copied, on either side."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from conformance.rfc6120.common import PING, written
from conformance.suite import Case, requires
from conformance.xep0030.common import need
from conformance.xep0280.common import BODY, PRIVATE, RULES, Scene, Wish, message, scene
from conformance.xep0280.seats import Role
from harness.xmpp import namespaces as ns

_ERROR = f"<error type='cancel'><service-unavailable xmlns='{ns.STANZAS}'/></error>"
_ROOM = "<x xmlns='http://jabber.org/protocol/muc#user'>{}</x>"
_FOREIGN = "<x xmlns='urn:example:x'/>"
_ACTIVE = "<active xmlns='http://jabber.org/protocol/chatstates'/>"


class Kind(NamedTuple):
    """A kind of messages, and the rule that says whether they are copied."""

    name: str
    rule: str
    copied: bool
    type: str | None
    inner: str


KINDS = (
    Kind("chat", "chat", True, "chat", BODY),
    Kind("chat-without-body", "chat", True, "chat", _FOREIGN),
    Kind("chat-empty", "chat", True, "chat", ""),
    Kind("normal", "normal", True, "normal", BODY),
    Kind("untyped", "normal", True, None, BODY),
    Kind("receipt", "payloads", True, "normal", "<received xmlns='urn:xmpp:receipts' id='y'/>"),
    Kind("receipt-request", "payloads", True, "normal", "<request xmlns='urn:xmpp:receipts'/>"),
    Kind("chat-state", "payloads", True, "normal", _ACTIVE),
    Kind("marker", "payloads", True, None, "<displayed xmlns='urn:xmpp:chat-markers:0' id='y'/>"),
    Kind("invitation", "invitation", True, None, "<x xmlns='jabber:x:conference' jid='r@r.q7'/>"),
    Kind("mediated", "mediated", True, None, _ROOM.format("<invite to='c@q7.example'/>")),
    Kind("groupchat", "groupchat", False, "groupchat", BODY),
    Kind("private", "private", False, "chat", BODY + PRIVATE),
    Kind("normal-without-body", "only", False, "normal", _FOREIGN),
    Kind("untyped-without-body", "only", False, None, _FOREIGN),
    Kind("headline", "only", False, "headline", BODY),
    Kind("other-error", "only", False, "error", BODY + _ERROR),
)
_TEXTS = {False: "no copy", True: "a copy"}
_SIDES = pytest.mark.parametrize("side", [Role.OWN, Role.THEIRS], ids=["sender", "recipient"])


async def _ready(case: Case) -> Scene:
    """A sender, a receiver, and another resource of each that wants copies."""
    return await scene(case, theirs=[Wish(enabled=False), Wish()])


async def _copied(made: Scene, kind: Kind, identifier: str) -> dict[Role, bool]:
    """Whether a message of this kind is copied, on which side."""
    to = made.of(Role.THEIRS)[0].stream.jid
    await made.say(message(to, identifier, kind.inner, kind.type))
    return {
        Role.OWN: bool(made.of(Role.OWN)[0].copies(identifier)),
        Role.THEIRS: bool(made.of(Role.THEIRS)[1].copies(identifier)),
    }


@_SIDES
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, id=kind.name, marks=pytest.mark.requires(f"carbons-rule-{kind.rule}"))
        for kind in KINDS
    ],
)
@requires()
async def test_rule(case: Case, kind: Kind, side: Role) -> None:
    copied = (await _copied(await _ready(case), kind, "m"))[side]
    case.prefer(copied is kind.copied, _TEXTS[kind.copied], _TEXTS[copied])


@pytest.mark.parametrize("rule", list(dict.fromkeys(kind.rule for kind in KINDS)))
@requires("carbons-rules-feature")
async def test_announced(case: Case, rule: str) -> None:
    """Who announces that it keeps the rules keeps every one of them, on both sides."""
    made = await _ready(case)
    await need(case, made.sender, RULES)
    for number, kind in enumerate(kind for kind in KINDS if kind.rule == rule):
        for copied in (await _copied(made, kind, f"m{number}")).values():
            case.check(copied is kind.copied, _TEXTS[kind.copied], _TEXTS[copied])


async def _answered(case: Case, identifier: str) -> bool:
    """Whether the receiver's error for a message with the id "m" is copied for the sender's other
    resource, if the error has this id."""
    made = await _ready(case)
    receiver = made.of(Role.THEIRS)[0].stream
    await made.say(message(receiver.jid, "m"))
    made.of(Role.OWN)[0].stanzas.clear()
    await made.say(message(made.sender.jid, identifier, _ERROR, "error"), receiver)
    return bool(made.of(Role.OWN)[0].copies(identifier))


@requires("carbons-rules-feature")
async def test_announced_error(case: Case) -> None:
    await need(case, await case.bound(), RULES)
    case.check(await _answered(case, "m"), "a copy", "no copy")


@pytest.mark.parametrize(
    "identifier",
    [
        pytest.param("m", id="answer", marks=pytest.mark.requires("carbons-rule-error")),
        pytest.param("n", id="no-answer", marks=pytest.mark.requires("carbons-rule-only")),
    ],
)
@requires()
async def test_error(case: Case, identifier: str) -> None:
    due, copied = identifier == "m", await _answered(case, identifier)
    case.prefer(copied is due, _TEXTS[due], _TEXTS[copied])


@requires("carbons-rule-error")
async def test_error_of_the_server(case: Case) -> None:
    made = await _ready(case)
    to = f"nobody-q7@{case.domain}/nothing"
    reaction = await made.say(message(to, "m", type_="normal"))
    if "error" not in str(reaction):
        case.not_applicable("the server answers with no error")
    own = made.of(Role.OWN)[0]
    kinds = {copy[0].tag.rpartition("}")[2] for copy in own.copies("m") if len(copy)}
    case.prefer("received" in kinds, "a copy of the error", "no copy")


@pytest.mark.parametrize(
    ("kind", "type_", "inner"),
    [("iq", "get", PING), ("iq", "set", PING), ("iq", "result", ""), ("presence", None, BODY)],
    ids=["get", "set", "result", "presence"],
)
@requires("carbons-only-messages")
async def test_other_stanzas(case: Case, kind: str, type_: str | None, inner: str) -> None:
    made = await _ready(case)
    receiver = made.of(Role.THEIRS)[0].stream
    await made.say(written(kind, receiver.jid, inner, id="m", type=type_))
    copied = any(one.copies("m") for one in made.resources)
    case.prefer(not copied, "no copy", _TEXTS[copied])
