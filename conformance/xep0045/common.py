"""What the cases about rooms share: the service, a room with occupants, what it says of them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree.ElementTree import Element

from conformance.player import name_of
from conformance.suite import Allowed, Case
from conformance.wire.stream import RawStream
from conformance.xep0030 import common as xep0030
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

USER = f"{{{ns.MUC_USER}}}x"
DESTROYED = f"{USER}/{{{ns.MUC_USER}}}destroy"
ADMIN_ITEM = f"{{{ns.MUC}#admin}}item"
ITEM = f"{{{ns.MUC_USER}}}item"
DATA = "jabber:x:data"
SUBJECT = f"{{{ns.CLIENT}}}subject"
BODY = "<body>x</body>"
GROUPCHAT = f"<message to='{{}}' type='groupchat' id='x'>{BODY}</message>"
PRIVATE = f"<message to='{{}}' type='chat' id='x'>{BODY}</message>"
SUBJECT_CHANGE = "<message to='{}' type='groupchat'><subject>{}</subject></message>"
DESTROY = f"<query xmlns='{ns.MUC}#owner'><destroy/></query>"
FORM = f"<query xmlns='{ns.MUC}#owner'/>"
FORBIDDEN = Allowed("<forbidden/>", ("iq error forbidden",))
NOT_ALLOWED = Allowed("<not-allowed/>", ("iq error not-allowed",))
_FENCE = f"<iq type='get' id='room-fence' to='{{}}'><query xmlns='{ns.DISCO_INFO}'/></iq>"
_FIELD = "<field var='{}'><value>{}</value></field>"
_SETTING = "muc#roomconfig_"
_SAID = (ns.BODY, f"{{{ns.CLIENT}}}thread")
_IMPLIED = {"passwordprotectedroom"}  # where it is not offered, a password alone says it
_services: dict[str, str] = {}  # by domain


class Seen(NamedTuple):
    """What presence of an occupant says."""

    nick: str
    type: str  # "available", "unavailable" or "error CONDITION"
    affiliation: str
    role: str
    jid: str
    new_nick: str
    codes: frozenset[str]


async def service(case: Case, stream: RawStream) -> str:
    """The domain of the rooms of the server. Raises Absent where it has none."""
    if case.domain not in _services:
        for item in await xep0030.items(case, stream, case.domain):
            found = await xep0030.info(case, stream, item.get("jid", ""))
            if not item.get("node") and ns.MUC in xep0030.features_in(found):
                _services[case.domain] = item.get("jid", "")
                break
        else:
            raise case.absent("no item of the server has the feature of XEP-0045")
    return _services[case.domain]


@dataclass
class Room:
    """A room of ours. Its name is new, so that nothing is known of it."""

    case: Case
    jid: str

    def at(self, nick: str) -> str:
        """An occupant JID, as it is written in XML."""
        return f"{self.jid}/{stanza.escape(nick).decode()}"

    async def say(self, stream: RawStream, text: str) -> list[Element]:
        """Send this; all that comes until the room has dealt with it."""
        await stream.send(text + _FENCE.format(self.jid))
        return (await stream.react("^iq (result|error.*) room-fence$")).elements

    async def seen(self, stream: RawStream) -> list[Element]:
        """All that the room has sent to a stream."""
        return await self.say(stream, "")

    async def enter(self, stream: RawStream, nick: str, inner: str = "") -> list[Element]:
        """Presence that enters; what comes for it."""
        return await self.say(stream, joining(self.at(nick), inner))

    async def heard(
        self, streams: Iterable[RawStream], sender: RawStream, text: str
    ) -> list[list[Element]]:
        """What each of these streams has got of the room when the sender has said this."""
        own = await self.say(sender, text)
        return [own if stream is sender else await self.seen(stream) for stream in streams]

    async def ask(self, stream: RawStream, payload: str, type_: str = "set") -> Element:
        """The answer of the room."""
        return await xep0030.ask(self.case, stream, payload, self.jid, type_=type_)

    async def change(
        self, stream: RawStream, *items: str, before: list[Element] | None = None
    ) -> Element:
        """Roles or affiliations are changed. What comes before the answer is put into `before`."""
        payload = admin(*items)
        return await xep0030.ask(self.case, stream, payload, self.jid, type_="set", before=before)

    async def granted(self, stream: RawStream, *items: str) -> None:
        """A precondition: roles or affiliations are changed. Raises Unknown."""
        await self.done(await self.change(stream, *items))

    async def done(self, answer: Element) -> None:
        """A precondition: the request was granted. Raises Unknown."""
        if answer.get("type") != "result":
            raise self.case.unknown(f"the room refuses: {name_of(answer)}")


async def client(case: Case, account: int = 0) -> RawStream:
    """A bound stream. Its session is never available, and no room outlives a case, so that nobody
    has to wait until the server has forgotten it."""
    stream = await case.bound(account)
    stream.awaited = False
    return stream


async def room(case: Case, stream: RawStream) -> Room:
    """A room that does not exist yet. Raises Absent."""
    return Room(case, f"r{secrets.token_hex(5)}@{await service(case, stream)}")


async def opened(case: Case, others: int = 1, **settings: str) -> tuple[Room, list[RawStream]]:
    """A room whose owner is account 0 as "n0"; accounts 1 and so on are in it as "n1"... in order.

    Nothing is on its way to anybody. `settings`: of the room, by the names of section 16.5.3.
    Raises Absent where a setting is not offered, and Unknown where the room cannot be made.
    """
    streams = [await client(case, number) for number in range(others + 1)]
    made = await room(case, streams[0])
    await made.enter(streams[0], "n0")
    if settings:
        offered = values_in(await made.ask(streams[0], FORM, "get"))
        if missing := sorted(set(settings) - set(offered) - _IMPLIED):
            raise case.absent(f"no setting of a room is called {missing[0]}")
        settings = {name: value for name, value in settings.items() if name in offered}
    await made.done(await made.ask(streams[0], configuration(**settings)))
    for number, stream in enumerate(streams[1:], start=1):
        await made.enter(stream, f"n{number}")
    for stream in streams:
        await made.seen(stream)
    return made, streams


async def check_new(case: Case, made: Room, stream: RawStream) -> None:
    """Whoever enters now makes a new room, so that the one before is no more. The room may also be
    kept from being made again (section 10.9)."""
    seen = of(await made.enter(stream, "new"), made, "new")
    owned = [one.affiliation for one in seen] == ["owner"] and "201" in seen[0].codes
    refused = [one.type.partition(" ")[0] for one in seen] == ["error"]
    case.check(owned or refused, "a new room", words(seen))


def joining(occupant: str, inner: str = "") -> str:
    """Presence that asks to enter."""
    return f"<presence to='{occupant}' id='x'><x xmlns='{ns.MUC}'>{inner}</x></presence>"


def leaving(occupant: str) -> str:
    """Presence that leaves."""
    return f"<presence to='{occupant}' type='unavailable'/>"


def configuration(**settings: str) -> str:
    """A form of room settings; without any the empty one, for an instant room."""
    inner = ""
    if settings:
        inner = _FIELD.format("FORM_TYPE", f"{ns.MUC}#roomconfig")
    for name, value in settings.items():
        inner += _FIELD.format(f"{_SETTING}{name}", value)
    form = f"<x xmlns='{DATA}' type='submit'>{inner}</x>"
    return f"<query xmlns='{ns.MUC}#owner'>{form}</query>"


def admin(*items: str) -> str:
    """A request about roles or affiliations; each item is the text of its attributes."""
    inner = "".join(f"<item {attributes}/>" for attributes in items)
    return f"<query xmlns='{ns.MUC}#admin'>{inner}</query>"


def values_in(form: Element) -> dict[str, str]:
    """The settings in a form, by their names of section 16.5.3, with their (last) value."""
    fields = form.iter(f"{{{DATA}}}field")
    values = {e.get("var", ""): e.findtext(f"{{{DATA}}}value") or "" for e in fields}
    return {
        name.removeprefix(_SETTING): value
        for name, value in values.items()
        if name.startswith(_SETTING)
    }


def presences(elements: Iterable[Element], room: Room) -> list[Seen]:
    """What these say of occupants of the room, in their order; of the room itself nothing."""
    seen = [_seen(e) for e in elements if e.tag == ns.PRESENCE and _is_of(e, room)]
    return [one for one in seen if one.nick]


def of(elements: Iterable[Element], room: Room, nick: str) -> list[Seen]:
    """What these say of one of them."""
    return [one for one in presences(elements, room) if one.nick == nick]


def spoken(elements: Iterable[Element], room: Room) -> list[Element]:
    """The messages of the room with a body."""
    found = [e for e in elements if e.tag == ns.MESSAGE and _is_of(e, room)]
    return [e for e in found if e.find(ns.BODY) is not None and e.get("type") != "error"]


def subjects(elements: Iterable[Element], room: Room) -> list[Element]:
    """The messages of the room that say its subject: with it, without body and thread."""
    found = [e for e in elements if e.tag == ns.MESSAGE and e.find(SUBJECT) is not None]
    return [e for e in found if _is_of(e, room) and all(e.find(tag) is None for tag in _SAID)]


def answers(elements: Iterable[Element], room: Room) -> str:
    """The errors among these, in few words."""
    found = [e for e in elements if e.get("type") == "error" and _is_of(e, room)]
    return ", ".join(map(name_of, found)) or "no error"


def words(seen: Iterable[Seen]) -> str:
    """Presence in few words, for what was observed."""
    found = [" ".join([one.type, one.affiliation, one.role, *sorted(one.codes)]) for one in seen]
    return ", ".join(found) or "no presence"


def notices(elements: Iterable[Element], room: Room) -> set[str]:
    """The status codes in messages of the room itself."""
    found = [e for e in elements if e.tag == ns.MESSAGE and e.get("from") == room.jid]
    return {code for element in found for code in _codes(element)}


def _codes(element: Element) -> frozenset[str]:
    found = element.iterfind(f"{USER}/{{{ns.MUC_USER}}}status")
    return frozenset(e.get("code", "") for e in found)


def _is_of(element: Element, room: Room) -> bool:
    return (element.get("from") or "").partition("/")[0] == room.jid


def _seen(element: Element) -> Seen:
    item = element.find(f"{USER}/{ITEM}")
    given = item.attrib if item is not None else {}
    kind = element.get("type") or "available"
    return Seen(
        (element.get("from") or "").partition("/")[2],
        name_of(element).removeprefix("presence ") if kind == "error" else kind,
        given.get("affiliation", ""),
        given.get("role", ""),
        given.get("jid", ""),
        given.get("nick", ""),
        _codes(element),
    )
