"""What the cases about rosters share: items, requests, and clients that keep their roster."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import NamedTuple
from xml.etree.ElementTree import Element

from hypothesis import strategies as st

from conformance.generate.rosters import ANY_GROUPS, ANY_HANDLES, GROUPS, HANDLES
from conformance.player import name_of
from conformance.rfc6120.common import is_answer, written
from conformance.rfc6120.streams import reached
from conformance.suite import Case
from conformance.wire.stream import RawStream, shown
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

QUERY = f"{{{ns.ROSTER}}}query"
ITEM = f"{{{ns.ROSTER}}}item"
GROUP = f"{{{ns.ROSTER}}}group"
FEATURE = f"{{{ns.ROSTER_VERSIONS}}}ver"
APPROVAL = "{urn:xmpp:features:pre-approval}sub"


class Item(NamedTuple):
    """What a user has put down about a contact, and what the server adds."""

    name: str = ""
    groups: frozenset[str] = frozenset()
    subscription: str = "none"
    ask: str = ""

    def written(self, jid: str) -> str:
        """The item of a set; the subscription is none of the client's business."""
        return item(jid, self.name or None, self.groups)


Roster = dict[str, Item]

ITEMS = st.tuples(HANDLES, GROUPS).map(lambda pair: Item(*pair))
ANY_ITEMS = st.tuples(ANY_HANDLES, ANY_GROUPS).map(lambda pair: Item(*pair))


def contact(case: Case, number: int = 0) -> str:
    """A bare JID at the server that no account has."""
    return f"contact-q7-{number}@{case.domain}"


def item(jid: str | None, name: str | None = None, groups: Iterable[str] = (), **more: str) -> str:
    """An item as a client writes it; None leaves an attribute out."""
    given = {"jid": jid, "name": name} | more
    attributes = "".join(
        f" {key}='{_escaped(value)}'" for key, value in given.items() if value is not None
    )
    return f"<item{attributes}>{''.join(map(group, groups))}</item>"


def group(name: str) -> str:
    """A group of an item."""
    return f"<group>{_escaped(name)}</group>"


def query(inner: str = "", ver: str | None = None) -> str:
    """The payload of a roster request."""
    attribute = "" if ver is None else f" ver='{_escaped(ver)}'"
    return f"<query xmlns='{ns.ROSTER}'{attribute}>{inner}</query>"


def roster_get(ver: str | None = None, to: str = "", identifier: str = "get") -> str:
    """A roster get."""
    return written("iq", to, query(ver=ver), id=identifier)


def roster_set(*items: str, to: str = "", identifier: str = "set", ver: str | None = None) -> str:
    """A roster set."""
    return written("iq", to, query("".join(items), ver), type="set", id=identifier)


def removal(jid: str) -> str:
    """The item of a set that takes a contact out."""
    return item(jid, subscription="remove")


def is_push(element: object) -> bool:
    """Whether it is a roster push."""
    return (
        isinstance(element, Element)
        and element.tag == ns.IQ
        and element.get("type") == "set"
        and element.find(QUERY) is not None
    )


def items_of(stanza_: Element) -> list[Element]:
    """The items of a roster result or a push."""
    return stanza_.findall(f"{QUERY}/{ITEM}")


def read(element: Element) -> Item:
    """What an item says."""
    return Item(
        element.get("name", ""),
        frozenset(found.text or "" for found in element.iterfind(GROUP)),
        element.get("subscription", "none"),
        element.get("ask", ""),
    )


def roster_of(result: Element) -> Roster:
    """The roster in a result."""
    return {found.get("jid", ""): read(found) for found in items_of(result)}


def approves_in_advance(stream: RawStream) -> bool:
    """Whether the server offers that (section 3.4)."""
    return stream.features is not None and stream.features.find(APPROVAL) is not None


def ver_of(stanza_: Element) -> str | None:
    """The version that a result or a push names."""
    found = stanza_.find(QUERY)
    return None if found is None else found.get("ver")


class Client:
    """A resource that keeps its roster by what it is told, as section 2 has it."""

    def __init__(self, case: Case, stream: RawStream) -> None:
        self.case = case
        self.stream = stream
        self.roster: Roster = {}
        self.ver: str | None = None  # the last that was named
        self.pushes: list[Element] = []  # those that have not been handed out

    async def ask(self, text: str, identifier: str) -> Element:
        """The answer to a request; pushes that come before it are kept."""
        await self.stream.send(text)
        return await self.answer(identifier)

    async def answer(self, identifier: str) -> Element:
        """The answer to a request of this id that has been sent."""
        while isinstance(found := await self.stream.next(), Element):
            if is_answer(found) and found.get("id") == identifier:
                return found
            self._take(found)
        self.case.check(False, "an answer to the request", shown(found))
        raise AssertionError

    async def get(self, ver: str | None = None) -> Element:
        """Ask for the roster, as who has this version of it; the answer."""
        found = await self.ask(roster_get(ver), "get")
        self.case.check(found.get("type") == "result", "a roster", name_of(found))
        if found.find(QUERY) is not None:
            self.roster = roster_of(found)
            self.ver = ver_of(found)
        await self._fence()
        return found

    async def set(self, *items: str) -> Element:
        """A roster set; the answer. Its push has come when this returns."""
        found = await self.ask(roster_set(*items), "set")
        await self._fence()
        return found

    async def change(self, *items: str) -> None:
        """Sets, one for each item, that have to succeed."""
        texts = (roster_set(text, identifier=f"set{n}") for n, text in enumerate(items))
        await self.stream.send("".join(texts))
        for number in range(len(items)):
            found = await self.answer(f"set{number}")
            self.case.check(found.get("type") == "result", "a result", name_of(found))
        await self._fence()

    async def heard(self) -> list[Element]:
        """The pushes since they were last asked for."""
        await self._fence()
        found, self.pushes = self.pushes, []
        return found

    async def catch_up(self) -> None:
        """Take what is under way to this resource by what its account has done so far."""
        await self._fence()

    async def _fence(self) -> None:
        for element in (await reached(self.stream)).elements:
            self._take(element)

    def _take(self, element: Element) -> None:
        if not is_push(element):
            return
        self.pushes.append(element)
        self.ver = ver_of(element) or self.ver
        for found in items_of(element):
            jid = found.get("jid", "")
            if found.get("subscription") == "remove":
                self.roster.pop(jid, None)
            else:
                self.roster[jid] = read(found)


@asynccontextmanager
async def clients(case: Case, *interested: bool, account: int = 0) -> AsyncIterator[list[Client]]:
    """A bound resource for each entry, which has asked for the roster if that is true. The roster
    is empty at first, and in the end."""
    found = [Client(case, await case.bound(account)) for _ in interested]
    try:
        await emptied(case, found[0].stream, account)
        for client, asks in zip(found, interested, strict=True):
            if asks:
                await client.get()
        yield found
    finally:
        await emptied(case, found[0].stream, account)


async def client(case: Case, account: int = 0) -> Client:
    """One more resource, which has asked for nothing."""
    return Client(case, await case.bound(account))


async def emptied(case: Case, stream: RawStream, account: int) -> None:
    """Take everything out of a roster; on another stream if that one is over."""
    if not await _empty(stream) and not await _empty(await case.bound(account)):
        raise case.unknown("a roster cannot be emptied")


async def _empty(stream: RawStream) -> bool:
    if not stream.is_open:
        return False
    await stream.send(roster_get(identifier="all"))
    while isinstance(found := await stream.next(), Element):
        if is_answer(found) and found.get("id") == "all":
            break
    else:
        return False
    jids = [entry.get("jid", "") for entry in items_of(found)]
    texts = (roster_set(removal(jid), identifier=f"out{n}") for n, jid in enumerate(jids))
    await stream.send("".join(texts))
    return not jids or (await stream.react(f"out{len(jids) - 1}$")).ending == "fence"


def _escaped(text: str) -> str:
    return stanza.escape(text).decode()
