"""What the cases about archives share: an account with a history, queries, and their results."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree.ElementTree import Element

from conformance.accounts import fresh, login
from conformance.rfc6120.common import after, written
from conformance.rfc6120.streams import reached
from conformance.suite import Case
from conformance.wire.stream import RawStream
from conformance.xep0030.common import ask, features_in, info
from conformance.xep0313.model import Answer, Entry, Query
from harness.xmpp import jid as jids
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

URI = "urn:xmpp:mam:2"
EXTENDED = f"{URI}#extended"
HERE = f"{{{URI}}}"
RSM = "http://jabber.org/protocol/rsm"
FORWARDED = "{urn:xmpp:forward:0}forwarded"
STANZA_ID = "{urn:xmpp:sid:0}stanza-id"
DELAY = "{urn:xmpp:delay}delay"
_SET = f"{{{RSM}}}set"
_FIELDS = {
    "with": "other",
    "start": "start",
    "end": "end",
    "after-id": "after_id",
    "before-id": "before_id",
}


EVERYTHING = Query()


class Said(NamedTuple):
    """A message of a history: from or to the owner, which contact, type, body or none, to the bare
    JID or the resource."""

    out: bool
    contact: int
    type: str
    body: bool
    bare: bool

    @property
    def conversation(self) -> bool:
        """Whether an archive is expected to have it (section 6.1.1)."""
        return self.type in ("chat", "normal") and self.body


@dataclass
class Found:
    """The results of a query, and its answer."""

    results: list[Element]  # the messages that carry them
    answer: Element
    fin: Element | None = field(init=False)

    def __post_init__(self) -> None:
        self.fin = self.answer.find(f"{HERE}fin")

    @property
    def entries(self) -> list[Entry]:
        """What the results say."""
        return [entry_in(message) for message in self.results]

    @property
    def said(self) -> Answer:
        """The results, and what <fin/> says of them."""
        fin = self.fin if self.fin is not None else Element("none")
        texts = [(fin.findtext(f"{_SET}/{{{RSM}}}{end}") or "") for end in ("first", "last")]
        complete = fin.get("complete") in ("true", "1")
        return Answer(tuple(entry.uid for entry in self.entries), complete, *texts)


def entry_in(message: Element) -> Entry:
    """The archived message in a result; empty texts for what is missing."""
    result = message.find(f"{HERE}result")
    forwarded = result.find(FORWARDED) if result is not None else None
    if result is None or forwarded is None:
        return Entry("", "", "", "", "")
    delay, inner = forwarded.find(DELAY), forwarded.find(ns.MESSAGE)
    given = inner.attrib if inner is not None else {}
    return Entry(
        result.get("id", ""),
        delay.get("stamp", "") if delay is not None else "",
        given.get("from", ""),
        given.get("to", ""),
        given.get("id", ""),
    )


def _escaped(text: str) -> str:
    return stanza.escape(text).decode()


def form(fields: Sequence[tuple[str, Sequence[str]]]) -> str:
    """A submitted form with these fields."""
    inner = "".join(
        f"<field var='{name}'>{''.join(f'<value>{_escaped(v)}</value>' for v in values)}</field>"
        for name, values in [("FORM_TYPE", [URI]), *fields]
    )
    return f"<x xmlns='jabber:x:data' type='submit'>{inner}</x>"


def payload(query: Query, queryid: str = "") -> str:
    """The query as it is sent."""
    fields = [
        (name, [value])
        for name, key in _FIELDS.items()
        if (value := getattr(query, key)) is not None
    ]
    if query.ids:
        fields.append(("ids", list(query.ids)))
    page = "".join(
        f"<{name}>{_escaped(str(value))}</{name}>"
        for name, value in (("max", query.most), ("after", query.after), ("before", query.before))
        if value is not None
    )
    inner = (form(fields) if fields else "") + (f"<set xmlns='{RSM}'>{page}</set>" if page else "")
    inner += "<flip-page/>" if query.flip else ""
    named = f" queryid='{queryid}'" if queryid else ""
    return f"<query xmlns='{URI}'{named}>{inner}</query>"


async def find(
    case: Case, stream: RawStream, query: Query = EVERYTHING, *, to: str = "", queryid: str = ""
) -> Found:
    """The results of a query."""
    before: list[Element] = []
    asked = payload(query, queryid)
    answer = await ask(case, stream, asked, to, type_="set", before=before)
    results = [e for e in before if e.tag == ns.MESSAGE and e.find(f"{HERE}result") is not None]
    return Found(results, answer)


class Owner:
    """A new account, a resource of it, and two contacts with what they have said to each other."""

    def __init__(self, case: Case, stream: RawStream, contacts: list[RawStream]) -> None:
        self.case = case
        self.stream = stream
        self.contacts = contacts
        self.jid = jids.bare(stream.jid)
        self.names: list[str] = []  # the ids of messages, in their order

    async def say(self, messages: Sequence[Said], inner: str = "") -> None:
        """Exchange them, one after the other."""
        for one in messages:
            name = f"m{len(self.names)}"
            self.names.append(name)
            contact = self.contacts[one.contact]
            sender, receiver = (self.stream, contact) if one.out else (contact, self.stream)
            to = jids.bare(receiver.jid) if one.bare else receiver.jid
            body = f"<body>{name}</body>" if one.body else "<x xmlns='urn:example:x'/>"
            text = written("message", to, body + inner, id=name, type=one.type)
            await after(self.case, sender, text)
            await reached(receiver)

    async def archive(self) -> list[Entry]:
        """All that the archive has."""
        return (await find(self.case, self.stream)).entries


@asynccontextmanager
async def owner(case: Case, messages: Sequence[Said] = ()) -> AsyncIterator[Owner]:
    """An account with this history, until the end. Raises Absent."""
    probe = await case.bound()
    await needed(case, probe, jids.bare(probe.jid))
    async with fresh(case) as account:
        stream = await login(case, account)
        await after(case, stream, "<presence/>")
        contacts = [await case.bound(number, available=True) for number in (0, 1)]
        made = Owner(case, stream, contacts)
        await made.say(messages)
        yield made


async def needed(case: Case, stream: RawStream, account: str, feature: str = URI) -> None:
    """Go on only if the account says that it has an archive. Raises Absent."""
    if feature not in features_in(await info(case, stream, account)):
        raise case.absent(f"{feature} is not among the features of the account")
