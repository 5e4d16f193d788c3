"""What the cases about carbons share: resources that want copies, and the copies that come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree.ElementTree import Element

from conformance.rfc6120.common import after, written
from conformance.rfc6120.streams import reached
from conformance.rfc6121.recipient import presence
from conformance.suite import Case
from conformance.wire.stream import RawStream, Reaction
from conformance.xep0030.common import ask, need
from conformance.xep0280.seats import Role, Seat
from harness.xmpp import namespaces as ns

URI = "urn:xmpp:carbons:2"
RULES = "urn:xmpp:carbons:rules:0"
HERE = f"{{{URI}}}"
ENABLE = f"<enable xmlns='{URI}'/>"
DISABLE = f"<disable xmlns='{URI}'/>"
PRIVATE = f"<private xmlns='{URI}'/>"
NO_COPY = "<no-copy xmlns='urn:xmpp:hints'/>"
BODY = "<body>x</body>"
FORWARDED = "{urn:xmpp:forward:0}forwarded"
SENT, RECEIVED = "sent", "received"
_ROUNDS = 2  # what comes to one resource may only then be copied for another


class Wish(NamedTuple):
    """A resource to be connected. Priority None: it is not available."""

    enabled: bool = True
    priority: int | None = 0


@dataclass
class Resource:
    """A resource, and the stanzas that have come to it."""

    stream: RawStream
    role: Role
    enabled: bool
    stanzas: list[Element] = field(default_factory=list)

    def seat(self, identifier: str) -> Seat:
        """What it has got of the message with this id."""
        about = (e for e in self.stanzas if concerns(e, identifier))
        return Seat(self.role, self.enabled, tuple(map(what, about)))

    def copies(self, identifier: str) -> list[Element]:
        """The copies of that message that have come."""
        return [e for e in self.stanzas if concerns(e, identifier) and what(e) != "message"]


def concerns(stanza: Element, identifier: str) -> bool:
    """Whether it is, or has in it, a stanza of ours with this id."""
    kinds = ("message", "iq", "presence")
    return any(
        e.get("id") == identifier and e.tag.rpartition("}")[2] in kinds for e in stanza.iter()
    )


def what(stanza: Element) -> str:
    """ "sent" or "received" for a copy, by its mark; "message" for what is none."""
    for kind in (SENT, RECEIVED):
        if stanza.find(f"{HERE}{kind}") is not None:
            return kind
    nested = any(child.tag.rpartition("}")[2] == "message" for e in stanza for child in e.iter())
    return "other" if nested else "message"


def inner(copy: Element) -> Element | None:
    """The forwarded message of a copy."""
    for kind in (SENT, RECEIVED):
        found = copy.find(f"{HERE}{kind}/{FORWARDED}/{ns.MESSAGE}")
        if found is not None:
            return found
    return None


async def connect(case: Case, account: int, role: Role, wish: Wish) -> Resource:
    """A resource as wished for. Raises Unknown where carbons cannot be enabled."""
    stream = await case.bound(account)
    await switch(case, stream, ENABLE if wish.enabled else "")
    await after(case, stream, "" if wish.priority is None else presence(wish.priority))
    return Resource(stream, role, wish.enabled)


async def switch(case: Case, stream: RawStream, payload: str) -> None:
    """Enable or disable carbons, or neither. Raises Unknown."""
    if payload and (await ask(case, stream, payload, type_="set")).get("type") != "result":
        raise case.unknown("carbons cannot be switched")


class Scene:
    """Our account 0, which sends, and account 1, which receives, with resources of both."""

    def __init__(self, case: Case, resources: list[Resource]) -> None:
        self.case = case
        self.resources = resources

    @property
    def sender(self) -> RawStream:
        """The resource that sends."""
        return self.resources[0].stream

    def of(self, *roles: Role) -> list[Resource]:
        """The resources with these roles."""
        return [one for one in self.resources if one.role in roles]

    async def say(self, text: str, by: RawStream | None = None) -> Reaction:
        """Send it, by default from the sender, and take what has come to everybody."""
        reaction = await after(self.case, by or self.sender, text)
        for one in self.resources:
            if one.stream is (by or self.sender):
                one.stanzas += reaction.elements
        await self.take()
        return reaction

    async def take(self) -> None:
        """Take what has come to everybody, behind fences."""
        for _ in range(_ROUNDS):
            for one in self.resources:
                one.stanzas += (await reached(one.stream)).elements

    def seats(self, identifier: str) -> list[Seat]:
        """What everybody has got of a message."""
        return [one.seat(identifier) for one in self.resources]


async def scene(
    case: Case,
    *,
    sender: bool = True,
    own: Sequence[Wish] = (Wish(),),
    theirs: Sequence[Wish] = (Wish(), Wish()),
) -> Scene:
    """The sender, which has enabled carbons or not, other resources of it, and the recipient's;
    without `theirs` it is the account itself. Raises Absent and Unknown."""
    first = await case.bound(0)
    await need(case, first, URI)
    await switch(case, first, ENABLE if sender else "")
    await after(case, first, "<presence/>")
    others = Role.OWN if theirs else Role.SELF
    resources = [Resource(first, Role.SENDER, sender)]
    resources += [await connect(case, 0, others, wish) for wish in own]
    resources += [await connect(case, 1, Role.THEIRS, wish) for wish in theirs]
    made = Scene(case, resources)
    await made.take()
    for one in resources:
        one.stanzas.clear()
    return made


def message(to: str, identifier: str, inner: str = BODY, type_: str | None = "chat") -> str:
    """A message, by default one that is to be copied by every measure."""
    return written("message", to, inner, id=identifier, type=type_)


def about(elements: Iterable[Element], identifier: str) -> list[str]:
    """What a stream got of a message, each time it came."""
    return [what(e) for e in elements if concerns(e, identifier)]
