"""Defects of presence: broadcasts, probes, directed presence (RFC 6121 section 4)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

from harness.errors import StreamViolation
from harness.targets.embedded import jids, presence, router
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.session import Session
from harness.targets.embedded.store import Account
from harness.xmpp import namespaces as ns

_CHILD = f"{{{ns.CLIENT}}}"
_Handler = Callable[[Domain, Session, Element, Jid | None], None]


def _sent(patches: Patches, change: Callable[[Element], Element | None]) -> None:
    """What clients send as presence is changed, None for what is lost."""
    before = router._KINDS[ns.PRESENCE]

    def handle(domain: Domain, session: Session, stanza: Element, to: Jid | None) -> None:
        changed = change(stanza)
        if changed is not None:
            before(domain, session, changed, to)

    patches.put(router._KINDS, ns.PRESENCE, handle)


def _without(patches: Patches, lose: Callable[[Element], list[Element]]) -> None:
    """Some children of presence are lost."""

    def change(stanza: Element) -> Element:
        for child in lose(stanza):
            stanza.remove(child)
        return stanza

    _sent(patches, change)


# Broadcasts


@defect(
    "presence-to-the-whole-roster",
    breaks=["presence-hidden-from-strangers", "presence-broadcast-to-entitled"],
)
def _(patches: Patches) -> None:
    """Presence goes to every contact, subscribed or not."""

    def broadcast(domain: Domain, session: Session, stanza: Element) -> None:
        for jid in (*session.owner.contacts, session.owner.jid):
            if (account := domain.account(jids.parse(jid))) is not None:
                presence._deliver_to_available(account, stanza, jid)

    patches.set(presence, "_broadcast", broadcast)


@defect(
    "presence-to-one-resource",
    breaks=["presence-initial-delivered", "presence-update-delivered"],
)
def _(patches: Patches) -> None:
    """Broadcast presence reaches one available resource of an account."""
    before = presence._deliver_to_available

    def deliver(account: Account, stanza: Element, to: str, sender: Any = None) -> None:
        kept = account.resources
        account.resources = {s.resource: s for s in account.available()[:1]}
        before(account, stanza, to, sender)
        account.resources = kept

    patches.set(presence, "_deliver_to_available", deliver)


def _to_contacts(domain: Domain, session: Session, stanza: Element) -> None:
    for contact in session.owner.contacts.values():
        account = domain.account(jids.parse(contact.jid))
        if contact.state.sends and account is not None:
            presence._deliver_to_available(account, stanza, contact.jid)


@defect("presence-kept-from-own-resources", breaks=["presence-initial-own", "presence-update-own"])
def _(patches: Patches) -> None:
    """A user's resources are not told of each other, nor of themselves."""
    patches.set(presence, "_broadcast", _to_contacts)


@defect("presence-not-told-to-its-sender", breaks=["presence-initial-own"])
def _(patches: Patches) -> None:
    """The resource that sends presence gets none of it back, its other resources do."""

    def broadcast(domain: Domain, session: Session, stanza: Element) -> None:
        _to_contacts(domain, session, stanza)
        before, session.presence = session.presence, None
        presence._deliver_to_available(session.owner, stanza, session.owner.jid)
        session.presence = before

    patches.set(presence, "_broadcast", broadcast)


@defect("presence-updates-kept", breaks=["presence-update-broadcast", "presence-update-delivered"])
def _(patches: Patches) -> None:
    """Only the first presence of a session is broadcast."""
    before = presence._available

    def available(domain: Domain, session: Session, stanza: Element) -> None:
        if session.presence is None:
            before(domain, session, stanza)
        else:
            session.presence = stanza

    patches.set(presence, "_available", available)


@defect("presence-learns-nothing", breaks=["presence-initial-probes"])
def _(patches: Patches) -> None:
    """Who becomes available is not told who else is."""
    patches.set(presence, "_current_presence_for", lambda *_: None)


@defect("presence-learned-once", breaks=["presence-again-initial", "presence-initial-probes"])
def _(patches: Patches) -> None:
    """Only the first presence session of a stream brings the presence of contacts."""
    before = presence._current_presence_for
    told: set[str] = set()

    def learn(domain: Domain, session: Session) -> None:
        if session.jid not in told:
            told.add(session.jid)
            before(domain, session)

    patches.set(presence, "_current_presence_for", learn)


# What is in it


@defect("presence-status-lost", breaks=["presence-status-passed", "presence-update-broadcast"])
def _(patches: Patches) -> None:
    """A status is not passed on."""
    _without(patches, lambda stanza: stanza.findall(f"{_CHILD}status"))


@defect("presence-language-lost", breaks=["presence-status-passed"])
def _(patches: Patches) -> None:
    """Of several statuses one is passed on."""
    _without(patches, lambda stanza: stanza.findall(f"{_CHILD}status")[1:])


@defect("presence-show-lost", breaks=["presence-show-passed"])
def _(patches: Patches) -> None:
    """<show>xa</show> is not passed on."""
    shows = f"{_CHILD}show"
    _without(patches, lambda stanza: [e for e in stanza.findall(shows) if e.text == "xa"])


@defect("presence-capabilities-lost", breaks=["presence-extended-content"])
def _(patches: Patches) -> None:
    """Entity capabilities are not passed on."""
    _without(patches, lambda stanza: stanza.findall("{http://jabber.org/protocol/caps}c"))


@defect("presence-of-any-type", breaks=["presence-type-undefined"])
def _(patches: Patches) -> None:
    """Presence of a type that there is not counts as available."""
    types = ("unavailable", "probe", "error", "subscribe", "subscribed", "unsubscribe")

    def change(stanza: Element) -> Element:
        if stanza.get("type") not in (*types, "unsubscribed"):
            stanza.attrib.pop("type", None)
        return stanza

    _sent(patches, change)


@defect("priority-ignored", breaks=["presence-priority-default"])
def _(patches: Patches) -> None:
    """Every resource has priority 0."""
    patches.after(presence, "_priority_of", lambda _: 0)


@defect("priority-told-otherwise", breaks=["presence-priority-told"])
def _(patches: Patches) -> None:
    """A negative priority is told as 0 to all but the user."""
    before = presence._addressed

    def addressed(stanza: Element, to: str) -> bytes:
        if to.partition("/")[0] != stanza.get("from", "").partition("/")[0]:
            stanza = copy.deepcopy(stanza)
            for child in stanza.findall(f"{_CHILD}priority"):
                child.text = str(max(int(child.text or 0), 0))
        return before(stanza, to)

    patches.set(presence, "_addressed", addressed)


@defect("priority-of-a-byte-refused", breaks=["presence-priority-range"])
def _(patches: Patches) -> None:
    """A priority of -128 ends the stream."""

    def change(priority: int) -> int:
        if priority == -128:
            raise StreamViolation("policy-violation", "a priority below -127")
        return priority

    patches.after(presence, "_priority_of", change)


# Unavailable presence


@defect(
    "unavailable-only-if-said", breaks=["presence-unavailable-ungraceful", "directed-unavailable"]
)
def _(patches: Patches) -> None:
    """Who goes without a word stays available for everybody."""
    patches.set(presence, "lost", lambda *_: None)


@defect("unavailable-without-status", breaks=["presence-unavailable-whole"])
def _(patches: Patches) -> None:
    """Unavailable presence loses what is in it."""
    _without(patches, lambda s: list(s) if s.get("type") == "unavailable" else [])


@defect("unavailable-not-told-to-its-sender", breaks=["presence-unavailable-own"])
def _(patches: Patches) -> None:
    """The resource that becomes unavailable does not get its own word of it."""
    before = presence._unavailable

    def unavailable(domain: Domain, session: Session, stanza: Element) -> None:
        if session.presence is not None:
            session.owner.resources.pop(session.resource, None)
        before(domain, session, stanza)
        session.owner.resources[session.resource] = session

    patches.set(presence, "_unavailable", unavailable)


# Directed presence


@defect("directed-not-ended", breaks=["directed-unavailable", "directed-without-session"])
def _(patches: Patches) -> None:
    """Who got directed presence is not told that the resource has left."""
    patches.set(presence, "_end_directed", lambda *_, **__: None)


@defect("directed-ended-twice", breaks=["directed-list-unavailable"])
def _(patches: Patches) -> None:
    """Directed unavailable presence does not take anybody off the list."""
    before = presence._directed

    def directed(domain: Domain, session: Session, stanza: Element, to: Jid) -> None:
        before(domain, session, stanza, to)
        session.directed.add(to.full)

    patches.set(presence, "_directed", directed)


@defect("directed-makes-a-subscriber", breaks=["directed-not-broadcast"])
def _(patches: Patches) -> None:
    """Who got directed presence gets the broadcasts that follow."""
    before = presence._broadcast

    def broadcast(domain: Domain, session: Session, stanza: Element) -> None:
        before(domain, session, stanza)
        for target in session.directed if stanza.get("type") is None else ():
            presence._pass_on(domain, stanza, jids.parse(target))

    patches.set(presence, "_broadcast", broadcast)


@defect("directed-needs-a-session", breaks=["directed-without-session"])
def _(patches: Patches) -> None:
    """Directed presence of a resource that is not available is lost."""
    before = presence._directed

    def directed(domain: Domain, session: Session, stanza: Element, to: Jid) -> None:
        if session.presence is not None:
            before(domain, session, stanza, to)

    patches.set(presence, "_directed", directed)


@defect("directed-to-subscribers-empty", breaks=["directed-to-subscriber"])
def _(patches: Patches) -> None:
    """Directed presence to a subscriber arrives with nothing in it."""
    before = presence._directed

    def directed(domain: Domain, session: Session, stanza: Element, to: Jid) -> None:
        if session.owner.shows_presence_to(to.bare):
            for child in list(stanza):
                stanza.remove(child)
        before(domain, session, stanza, to)

    patches.set(presence, "_directed", directed)


@defect("directed-is-remembered", breaks=["presence-probe-available"])
def _(patches: Patches) -> None:
    """What a resource directed to somebody last is what contacts learn of it."""
    before = presence._directed

    def directed(domain: Domain, session: Session, stanza: Element, to: Jid) -> None:
        before(domain, session, stanza, to)
        if session.presence is not None and stanza.get("type") is None:
            session.presence = stanza

    patches.set(presence, "_directed", directed)


# Probes


@defect("probe-not-answered", breaks=["presence-probe-by-client-processed"], tolerated=True)
def _(patches: Patches) -> None:
    """A client's probe is ignored."""
    patches.set(presence, "_probe", lambda *_: None)


@defect("probe-refused", breaks=["presence-probe-by-client"])
def _(patches: Patches) -> None:
    """A client's probe gets an error."""

    def probe(*_: Any) -> None:
        raise StanzaFault("not-allowed")

    patches.set(presence, "_probe", probe)


@defect(
    "probe-answered-to-anybody",
    breaks=["presence-hidden-from-probes", "presence-hidden-from-strangers"],
)
def _(patches: Patches) -> None:
    """Whoever probes is told the presence of all resources."""
    before = presence._probe

    def probe(domain: Domain, session: Session, stanza: Element, to: Jid) -> None:
        account = domain.account(to)
        shown = account.available() if account is not None else []
        for resource in shown:
            if resource.presence is not None:
                session.send(presence._addressed(resource.presence, session.jid))
        if not shown:
            before(domain, session, stanza, to)

    patches.set(presence, "_probe", probe)


@defect("probe-of-a-resource-for-all", breaks=["presence-probe-full-jid-only"])
def _(patches: Patches) -> None:
    """A probe to a full JID is answered like one to the bare JID."""
    before = presence._probe

    def probe(domain: Domain, session: Session, stanza: Element, to: Jid) -> None:
        before(domain, session, stanza, jids.parse(to.bare))

    patches.set(presence, "_probe", probe)


@defect("probe-refused-by-full-jid", breaks=["presence-probe-unavailable"])
def _(patches: Patches) -> None:
    """That a contact is unavailable comes from a resource that there is not."""
    before = presence._simple

    def simple(sender: str, kind: str | None, like: Element | None = None) -> Element:
        bare = kind == "unavailable" and like is not None and "/" not in sender
        return before(f"{sender}/last" if bare else sender, kind, like)

    patches.set(presence, "_simple", simple)
