"""Presence: broadcast, directed, probes (RFC 6121 section 4)."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import (
    blocklists,
    capabilities,
    client_state,
    jids,
    messages,
    subscriptions,
)
from harness.targets.embedded.domain import Domain, stamp
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.store import Account
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import serialise

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session

_PRIORITY = f"{{{ns.CLIENT}}}priority"


def handle(domain: Domain, session: Session, stanza: Element, to: Jid | None) -> None:
    """What a client's presence stanza asks for, by its type (section 4.7.1)."""
    kind = stanza.get("type")
    if kind in subscriptions.TYPES:
        if to is None:
            raise StanzaFault("bad-request")
        subscriptions.outbound(domain, session.owner, stanza, to)
    elif kind == "probe":
        if to is not None:
            _probe(domain, session, stanza, to)
    elif kind == "error":
        if to is not None and (target := domain.sessions.get(to.full)) is not None:
            target.send(serialise(stanza))
    elif kind not in (None, "unavailable"):
        raise StanzaFault("bad-request")
    elif to is not None:
        _directed(domain, session, stanza, to)
    elif kind is None:
        _available(domain, session, stanza)
    else:
        _unavailable(domain, session, stanza)


# Broadcast (sections 4.2, 4.4 and 4.5).


def _available(domain: Domain, session: Session, stanza: Element) -> None:
    priority = _priority_of(stanza)
    initial = session.presence is None
    session.presence = stanza
    session.priority = priority
    _broadcast(domain, session, stanza)
    if initial:
        _current_presence_for(domain, session)
        subscriptions.deliver_requests(session)
    messages.deliver_stored(session)
    capabilities.noticed(domain, session, stanza)


def _unavailable(domain: Domain, session: Session, stanza: Element) -> None:
    available = session.presence is not None
    if available:
        session.owner.last_seen = stamp()
        _broadcast(domain, session, stanza)
        session.presence = None
        session.wants = frozenset()
    _end_directed(domain, session, stanza, told=available)


def lost(domain: Domain, session: Session) -> None:
    """The resource is gone without a word; say it for it (section 4.5.2)."""
    if not domain.closing:
        _unavailable(domain, session, _simple(session.jid, "unavailable"))


def _broadcast(domain: Domain, session: Session, stanza: Element) -> None:
    """To every subscriber, and to the user's own available resources."""
    for contact in session.owner.contacts.values():
        if contact.state.sends:
            account = domain.account(jids.parse(contact.jid))
            if account is not None:
                _deliver_to_available(account, stanza, contact.jid, session.owner)
    _deliver_to_available(session.owner, stanza, session.owner.jid)


def _current_presence_for(domain: Domain, session: Session) -> None:
    """What probes would find out (section 4.3.1); everybody lives on this server."""
    owner = session.owner
    for contact in owner.contacts.values():
        if contact.state.receives:
            account = domain.account(jids.parse(contact.jid))
            if account is not None and account.shows_presence_to(owner.jid):
                _show_all(account, session, owner.jid)
    _show_all(owner, session, owner.jid)


def _show_all(account: Account, session: Session, to: str) -> None:
    if blocklists.blocks(account, session.jid):
        return
    for resource in account.available():
        if resource is session or resource.presence is None:
            continue
        if not blocklists.blocks(session.owner, resource.jid):
            session.send(_addressed(resource.presence, to))


def _priority_of(stanza: Element) -> int:
    """The priority, 0 if none is given (section 4.7.2.3)."""
    found = stanza.findall(_PRIORITY)
    try:
        priority = int(found[0].text or "") if found else 0
    except ValueError:
        raise StanzaFault("bad-request") from None
    if len(found) > 1 or not -128 <= priority <= 127:
        raise StanzaFault("bad-request")
    return priority


# Directed presence (section 4.6).


def _directed(domain: Domain, session: Session, stanza: Element, to: Jid) -> None:
    if stanza.get("type") == "unavailable":
        session.directed.discard(to.full)
    else:
        session.directed.add(to.full)
    _pass_on(domain, stanza, to, stanza.get("to"))


def _end_directed(domain: Domain, session: Session, stanza: Element, *, told: bool) -> None:
    """Whoever got directed presence learns the end of it; `told`: subscribers know already."""
    targets, session.directed = session.directed, set()
    for target in targets:
        to = jids.parse(target)
        if (service := domain.services.get(to.domain)) is not None:
            service.take(session, stanza, to)
        elif not (told and session.owner.shows_presence_to(to.bare)):
            _pass_on(domain, stanza, to)


def _pass_on(domain: Domain, stanza: Element, to: Jid, written: str | None = None) -> None:
    """Deliver available or unavailable presence to an address (section 8.5).

    `written` is the address as a client wrote it: it stays so (RFC 6120 section 8.1.1.1).
    """
    account = domain.account(to)
    if account is None or blocklists.blocks(account, stanza.get("from", "")):
        return
    if not to.resource:
        _deliver_to_available(account, stanza, written or to.bare)
    elif (target := domain.sessions.get(to.full)) is not None:
        _forget_directed(target, stanza)
        target.send(_addressed(stanza, written or to.full))


# Probes (section 4.3.2). Our own server never needs one; a client may send one all the same.


def _probe(domain: Domain, session: Session, probe: Element, to: Jid) -> None:
    account = domain.account(to)
    if account is None or not account.shows_presence_to(session.owner.jid):
        if not _answer_by_directed(domain, session, to):
            reply = _simple(to.bare, "unsubscribed", probe)
            reply.set("to", session.owner.jid)
            subscriptions.inbound(domain, reply, session.owner)
        return
    if to.resource:
        target = domain.sessions.get(to.full)
        available = target is not None and target.presence is not None
        answer = _simple(to.full, None if available else "unavailable", probe)
        session.send(_addressed(answer, session.jid))
        return
    shown = [resource.presence for resource in account.available()]
    for stanza in shown:
        if stanza is not None:
            session.send(_addressed(stanza, session.jid))
    if not shown:
        answer = _simple(to.bare, "unavailable", probe)
        if account.last_seen:
            SubElement(answer, f"{{{messages.DELAY}}}delay", {"stamp": account.last_seen})
        session.send(_addressed(answer, session.jid))


def _answer_by_directed(domain: Domain, session: Session, to: Jid) -> bool:
    """Directed presence entitles to the mere fact, for that one resource (section 4.6.6)."""
    target = domain.sessions.get(to.full)
    if target is None or target.directed.isdisjoint((session.jid, session.owner.jid)):
        return False
    session.send(_addressed(_simple(to.full, None), session.jid))
    return True


# What subscriptions need (section 3).


def show(domain: Domain, account: Account, to: Jid) -> None:
    """Send the presence of each available resource to a new subscriber."""
    for resource in account.available():
        if resource.presence is not None:
            _pass_on(domain, resource.presence, to)


def withdraw(domain: Domain, account: Account, to: Jid) -> None:
    """Send unavailable presence of each available resource to someone who loses it."""
    for resource in account.available():
        _pass_on(domain, _simple(resource.jid, "unavailable"), to)


def _deliver_to_available(
    account: Account, stanza: Element, to: str, sender: Account | None = None
) -> None:
    """To every available resource that neither side keeps the presence from."""
    if blocklists.blocks(account, stanza.get("from", "")):
        return
    targets = account.available()
    if sender is not None and sender.blocked:
        targets = [target for target in targets if not blocklists.blocks(sender, target.jid)]
    if targets:
        data = _addressed(stanza, to)
        for target in targets:
            _forget_directed(target, stanza)
            client_state.send_presence(target, stanza, data)


def _forget_directed(target: Session, stanza: Element) -> None:
    if target.directed and stanza.get("type") == "unavailable":
        target.directed.discard(stanza.get("from", ""))


def _addressed(stanza: Element, to: str) -> bytes:
    addressed = copy.copy(stanza)
    addressed.set("to", to)
    return serialise(addressed)


def _simple(sender: str, kind: str | None, like: Element | None = None) -> Element:
    """A presence stanza without content; the id is that of the stanza it answers."""
    stanza = Element(ns.PRESENCE, {"from": sender})
    if kind is not None:
        stanza.set("type", kind)
    if like is not None and (name := like.get("id")) is not None:
        stanza.set("id", name)
    return stanza
