"""Notifications of personal eventing: who hears of what (XEP-0163 section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import blocklists, jids
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.messages import DELAY
from harness.targets.embedded.nodes import PUBSUB, Node, Stored
from harness.targets.embedded.store import Account, State
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import serialise

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session

_EVENT = f"{PUBSUB}#event"
_ADDRESSES = "http://jabber.org/protocol/address"


@dataclass(frozen=True)
class _News:
    """What there is to tell of a node."""

    content: Element
    publisher: str = ""  # a full JID
    stamp: str = ""  # when it was published, if that is not now


def published(domain: Domain, owner: Account, node: Node, stored: Stored) -> None:
    """Tell of a new item."""
    _tell(domain, owner, node, _News(_item(node, stored), stored.publisher))


def retracted(domain: Domain, owner: Account, node: Node, identifier: str) -> None:
    """Tell that an item is gone."""
    items = Element(f"{{{_EVENT}}}items", {"node": node.name})
    SubElement(items, f"{{{_EVENT}}}retract", {"id": identifier})
    _tell(domain, owner, node, _News(items))


def deleted(domain: Domain, owner: Account, node: Node) -> None:
    """Tell that the node is gone."""
    _tell(domain, owner, node, _News(Element(f"{{{_EVENT}}}delete", {"node": node.name})))


def subscribed(domain: Domain, owner: Account, node: Node, jid: str) -> None:
    """A new subscriber gets the last item (section 4.3.4)."""
    if last := _last(node):
        for session in _reached(domain, jid):
            _send(domain, owner, session, last)


def send_last(domain: Domain, owner: Account, node: Node, session: Session) -> None:
    """A resource that became available gets the last item, if it may."""
    if (last := _last(node)) and session in _audience(owner, node, session.owner):
        _send(domain, owner, session, last)


def _last(node: Node) -> _News | None:
    if not node.items:
        return None
    stored = list(node.items.values())[-1]
    return _News(_item(node, stored), stored.publisher, stored.stamp)


def _item(node: Node, stored: Stored) -> Element:
    items = Element(f"{{{_EVENT}}}items", {"node": node.name})
    SubElement(items, f"{{{_EVENT}}}item", stored.element.attrib).extend(stored.element)
    return items


def _tell(domain: Domain, owner: Account, node: Node, news: _News) -> None:
    told = set()
    for account in [owner, *_contacts(domain, owner)]:
        for session in _audience(owner, node, account):
            told.add(session.jid)
            _send(domain, owner, session, news)
    for jid in sorted(node.subscribers):
        if node.refusal(owner, jids.parse(jid).bare):  # access was lost (section 7.1)
            node.subscribers.discard(jid)
            continue
        for session in _reached(domain, jid):
            if session.jid not in told and not blocklists.blocks(owner, session.jid):
                told.add(session.jid)
                _send(domain, owner, session, news)


def _contacts(domain: Domain, owner: Account) -> list[Account]:
    """Those who see the owner's presence, and whose presence the owner sees (section 2.3)."""
    both = [jid for jid, contact in owner.contacts.items() if contact.state is State.BOTH]
    return [account for jid in both if (account := domain.account(jids.parse(jid)))]


def _audience(owner: Account, node: Node, account: Account) -> Iterator[Session]:
    """The account's resources whose capabilities ask for the node, and that may read it."""
    if node.refusal(owner, account.jid) is None:
        for session in account.available():
            if node.name in session.wants and not blocklists.blocks(owner, session.jid):
                yield session


def _reached(domain: Domain, jid: str) -> Iterator[Session]:
    """The available resources that a message to this JID is for."""
    to = jids.parse(jid)
    account = domain.account(to)
    for session in account.available() if account is not None else ():
        if session.priority >= 0 and to.resource in ("", session.resource):
            yield session


def _send(domain: Domain, owner: Account, session: Session, news: _News) -> None:
    """A notification; who sees the owner's presence also sees which resource published."""
    named = {"from": owner.jid, "to": session.jid, "type": "headline", "id": domain.next_id()}
    message = Element(ns.MESSAGE, named)
    SubElement(message, f"{{{_EVENT}}}event").append(news.content)
    if news.publisher and owner.shows_presence_to(session.owner.jid):
        addresses = SubElement(message, f"{{{_ADDRESSES}}}addresses")
        replyto = {"type": "replyto", "jid": news.publisher}
        SubElement(addresses, f"{{{_ADDRESSES}}}address", replyto)
    if news.stamp:
        SubElement(message, f"{{{DELAY}}}delay", {"from": owner.jid, "stamp": news.stamp})
    session.send(serialise(message))
