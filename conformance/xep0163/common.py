"""What the cases about personal eventing share: requests, and what notifications say."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple
from xml.etree.ElementTree import Element

from conformance.contacts import friends
from conformance.player import name_of
from conformance.suite import Allowed, Case
from conformance.wire.stream import RawStream
from conformance.xep0030.common import ask, identities_in, info
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

PUBSUB = "http://jabber.org/protocol/pubsub"
OWNER = f"{PUBSUB}#owner"
EVENT = f"{{{PUBSUB}#event}}"
ERRORS = f"{{{PUBSUB}#errors}}"
NOTE = "urn:example:note"  # the namespace of what is published here
RESULT = Allowed("a result", ("iq result",))
_FORM = "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>" + (
    "<value>{}</value></field>{}</x>"
)


class News(NamedTuple):
    """One thing that a notification says of a node."""

    kind: str  # "item", "retract" or "delete"
    item: str  # its id; empty for a node
    text: str  # of the payload


def pubsub(inner: str, uri: str = PUBSUB) -> str:
    """The payload of a request."""
    return f"<pubsub xmlns='{uri}'>{inner}</pubsub>"


def publish(
    node: str, text: str, item: str | None = None, options: Mapping[str, str] | None = None
) -> str:
    """A note is published, with an id if there is one, and with these options."""
    name = "" if item is None else f" id='{item}'"
    note = f"<note xmlns='{NOTE}'>{stanza.escape(text).decode()}</note>"
    inner = f"<publish node='{node}'><item{name}>{note}</item></publish>"
    if options is not None:
        form = _form(f"{PUBSUB}#publish-options", options)
        inner += f"<publish-options>{form}</publish-options>"
    return pubsub(inner)


def create(node: str, options: Mapping[str, str] | None = None) -> str:
    """A node is made, with this configuration."""
    inner = f"<create node='{node}'/>"
    if options is not None:
        inner += f"<configure>{_form(f'{PUBSUB}#node_config', options)}</configure>"
    return pubsub(inner)


def _form(kind: str, options: Mapping[str, str]) -> str:
    fields = "".join(
        f"<field var='pubsub#{name}'><value>{stanza.escape(value).decode()}</value></field>"
        for name, value in options.items()
    )
    return _FORM.format(kind, fields)


def items(node: str, *names: str) -> str:
    """The items of a node are asked for, all or those of these ids."""
    inner = "".join(f"<item id='{name}'/>" for name in names)
    return pubsub(f"<items node='{node}'>{inner}</items>")


def retract(node: str, item: str, *, notify: bool = True) -> str:
    """An item is taken back."""
    said = " notify='true'" if notify else ""
    return pubsub(f"<retract node='{node}'{said}><item id='{item}'/></retract>")


def delete(node: str) -> str:
    """A node is deleted."""
    return pubsub(f"<delete node='{node}'/>", OWNER)


def subscribe(node: str, jid: str) -> str:
    """An explicit subscription."""
    return pubsub(f"<subscribe node='{node}' jid='{jid}'/>")


def unsubscribe(node: str, jid: str) -> str:
    """The end of an explicit subscription."""
    return pubsub(f"<unsubscribe node='{node}' jid='{jid}'/>")


async def need_pep(case: Case, stream: RawStream) -> None:
    """Go on only if one's own account is a service of personal eventing. Raises Absent."""
    if ("pubsub", "pep") not in identities_in(await info(case, stream, case.jid())):
        raise case.absent("one's own account has no identity pubsub/pep")


@asynccontextmanager
async def owner(case: Case, *contacts: int) -> AsyncIterator[tuple[RawStream, ...]]:
    """The one stream of our account 0, and one of each of these accounts, who are its friends.

    Raises Absent where there is no personal eventing.
    """
    async with friends(case, 0, *contacts) as streams:
        await need_pep(case, streams[0])
        yield streams


@asynccontextmanager
async def new_node(case: Case, account: int = 0) -> AsyncIterator[str]:
    """The name of a node that is not there yet; afterwards it is not there any more."""
    name = f"urn:example:node-{secrets.token_hex(6)}"
    try:
        yield name
    finally:
        await ask(case, await case.bound(account), delete(name), type_="set")


async def do(case: Case, stream: RawStream, payload: str, to: str = "") -> Element:
    """A request of type set that has to succeed."""
    answer = await ask(case, stream, payload, to, type_="set")
    case.judge(name_of(answer), RESULT)
    return answer


def notes(answer: Element) -> list[tuple[str, str]]:
    """(id, text) of each item in a result."""
    if answer.get("type") != "result":
        return []
    return [
        (item.get("id", ""), item.findtext(f"{{{NOTE}}}note") or "")
        for item in answer.iter(f"{{{PUBSUB}}}item")
    ]


def said(stanzas: Iterable[Element], node: str) -> list[News]:
    """All that the notifications among these stanzas say of a node."""
    return [news for element in stanzas for news in _said(element, node)]


def is_about(element: Element, node: str) -> bool:
    """Whether a stanza is a notification about this node."""
    return bool(_said(element, node))


def _said(message: Element, node: str) -> list[News]:
    event = message.find(f"{EVENT}event") if message.tag == ns.MESSAGE else None
    found = []
    for part in event if event is not None else ():
        if part.get("node") != node:
            continue
        if part.tag == f"{EVENT}delete":
            found.append(News("delete", "", ""))
        for entry in part:
            kind = entry.tag.removeprefix(EVENT)
            text = entry.findtext(f"{{{NOTE}}}note") or ""
            found.append(News(kind, entry.get("id", ""), text))
    return found


def words(found: Iterable[News]) -> str:
    """News in few words, without ids."""
    return ", ".join(news.kind for news in found) or "nothing"
