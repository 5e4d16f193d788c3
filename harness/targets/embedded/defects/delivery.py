"""Defects of who gets what (RFC 6121 section 8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

from harness.targets.embedded import faults, messages, presence, router, subscriptions
from harness.targets.embedded import iq as iqs
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.messages import Action, Address, Recipient
from harness.targets.embedded.session import Session
from harness.targets.embedded.store import Account
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza as stanzas
from harness.xmpp.stanza import serialise

_COLUMNS = ("normal", "chat", "groupchat", "headline", "error")
_Handler = Callable[[Domain, Session, Element, Jid | None], None]


def _cell(
    patches: Patches, who: Recipient, form: Address, types: dict[str, Action] | Action
) -> None:
    """Other actions in a row of the table, for these types or for all."""
    row = list(messages.DELIVERY[who, form])
    for column, type_ in enumerate(_COLUMNS):
        row[column] = types if isinstance(types, Action) else types.get(type_, row[column])
    patches.put(messages.DELIVERY, (who, form), tuple(row))


def _handled(patches: Patches, tag: str, change: Callable[[_Handler], _Handler]) -> None:
    """Stanzas of a kind are handled otherwise."""
    patches.put(router._KINDS, tag, change(router._KINDS[tag]))


# Messages to a bare JID


@defect(
    "negative-priority-delivered",
    breaks=["delivery-negative-never", "delivery-bare-chat-negative", "delivery-bare-normal-one"],
)
def _(patches: Patches) -> None:
    """A message to a bare JID goes to every available resource, of negative priority too."""

    def to_account(domain: Domain, account: Account, message: Element, action: Action) -> None:
        for resource in account.available():
            resource.send(serialise(message))

    _cell(patches, Recipient.ONLY_NEGATIVE, Address.BARE, Action.ALL)
    patches.set(messages, "_to_account", to_account)


@defect("negative-priority-lost", breaks=["delivery-bare-chat-negative"], tolerated=True)
def _(patches: Patches) -> None:
    """A message to resources of negative priority alone is neither kept nor refused."""
    gone = {"normal": Action.IGNORE, "chat": Action.IGNORE}
    _cell(patches, Recipient.ONLY_NEGATIVE, Address.BARE, gone)


@defect("groupchat-to-account-delivered", breaks=["delivery-bare-groupchat"])
def _(patches: Patches) -> None:
    """A groupchat message to a bare JID is delivered like a headline."""
    _cell(patches, Recipient.NON_NEGATIVE, Address.BARE, {"groupchat": Action.ALL})


@defect("headline-kept", breaks=["delivery-absent-headline"])
def _(patches: Patches) -> None:
    """A headline to somebody who is offline is kept."""
    _cell(patches, Recipient.NOT_AVAILABLE, Address.BARE, {"headline": Action.STORE})


@defect("headline-kept-for-negative", breaks=["delivery-bare-headline-negative"])
def _(patches: Patches) -> None:
    """A headline to resources of negative priority alone is kept."""
    _cell(patches, Recipient.ONLY_NEGATIVE, Address.BARE, {"headline": Action.STORE})


@defect("headline-to-the-highest", breaks=["delivery-bare-headline-many"], tolerated=True)
def _(patches: Patches) -> None:
    """A headline to a bare JID goes to the resources of the highest priority alone."""
    _cell(patches, Recipient.NON_NEGATIVE, Address.BARE, {"headline": Action.MOST})


@defect("error-message-answered", breaks=["delivery-bare-error", "delivery-no-match-error"])
def _(patches: Patches) -> None:
    """A message of type error that cannot be delivered is answered by another error."""
    for who, form in list(messages.DELIVERY):
        if form is not Address.MATCH:
            _cell(patches, who, form, {"error": Action.ERROR})
    before = faults.error_for

    def error_for(stanza: Element, fault: StanzaFault, domain: str) -> Element | None:
        if stanza.tag == ns.MESSAGE and stanza.get("type") == "error":
            return stanzas.error_reply(stanza, fault.type, fault.condition)
        return before(stanza, fault, domain)

    patches.set(router, "error_for", error_for)


@defect("error-message-kept", breaks=["delivery-absent-headline"])
def _(patches: Patches) -> None:
    """A message of type error to somebody who is offline is kept."""
    _cell(patches, Recipient.NOT_AVAILABLE, Address.BARE, {"error": Action.STORE})


# Messages that are kept


@defect("kept-and-refused", breaks=["delivery-absent-message", "delivery-one-outcome"])
def _(patches: Patches) -> None:
    """A message that is kept is refused besides."""
    before = messages._store

    def store(domain: Domain, account: Account, message: Element) -> None:
        before(domain, account, message)
        raise StanzaFault("service-unavailable")

    patches.set(messages, "_store", store)


@defect("kept-lost", breaks=["delivery-absent-message", "delivery-no-match-chat-absent"])
def _(patches: Patches) -> None:
    """A message to somebody who is offline is dropped."""
    patches.set(messages, "_store", lambda domain, account, message: None)


def _deliver_stored(patches: Patches, deliver: Callable[[Session, list[bytes]], None]) -> None:
    def deliver_stored(session: Session) -> None:
        deliver(session, session.owner.offline)

    patches.set(messages, "deliver_stored", deliver_stored)


@defect("kept-for-anybody", breaks=["delivery-negative-never", "delivery-kept-until-available"])
def _(patches: Patches) -> None:
    """What was kept goes to the next available resource, of whatever priority."""

    def deliver(session: Session, stored: list[bytes]) -> None:
        session.owner.offline = []
        for message in stored:
            session.send(message)

    _deliver_stored(patches, deliver)


@defect("kept-in-reverse", breaks=["delivery-kept-until-available"])
def _(patches: Patches) -> None:
    """What was kept is delivered with the newest first."""

    def deliver(session: Session, stored: list[bytes]) -> None:
        while stored and session.priority >= 0:
            session.send(stored.pop())

    _deliver_stored(patches, deliver)


@defect("kept-for-ever", breaks=["delivery-kept-until-available"])
def _(patches: Patches) -> None:
    """What was kept is delivered at every login."""

    def deliver(session: Session, stored: list[bytes]) -> None:
        for message in stored if session.priority >= 0 else ():
            session.send(message)

    _deliver_stored(patches, deliver)


# Messages to a full JID


@defect("negative-priority-unreachable", breaks=["delivery-match-message"])
def _(patches: Patches) -> None:
    """A message to the full JID of a resource of negative priority is dropped."""

    def change(before: _Handler) -> _Handler:
        def handle(domain: Domain, session: Session, message: Element, to: Jid | None) -> None:
            target = domain.sessions.get(to.full) if to else None
            if target is None or target.priority >= 0:
                before(domain, session, message, to)

        return handle

    _handled(patches, ns.MESSAGE, change)


@defect("connected-resource-unreachable", breaks=["delivery-match-message"])
def _(patches: Patches) -> None:
    """A message to the full JID of a resource that is not available is dropped."""
    _cell(patches, Recipient.NOT_AVAILABLE, Address.MATCH, Action.IGNORE)


@defect("chat-to-missing-resource-refused", breaks=["delivery-no-match-chat-one"])
def _(patches: Patches) -> None:
    """A chat message to a resource that is gone is refused though others are there."""
    _cell(patches, Recipient.NON_NEGATIVE, Address.NO_MATCH, {"chat": Action.ERROR})


@defect("groupchat-to-missing-resource-delivered", breaks=["delivery-no-match-message"])
def _(patches: Patches) -> None:
    """A groupchat message to a resource that is gone goes to the others."""
    _cell(patches, Recipient.NON_NEGATIVE, Address.NO_MATCH, {"groupchat": Action.ALL})


@defect("resources-without-case", breaks=["delivery-no-match-message", "delivery-no-match-iq"])
def _(patches: Patches) -> None:
    """A full JID reaches a resource whose name differs from it in case."""

    def change(before: _Handler) -> _Handler:
        def handle(domain: Domain, session: Session, stanza: Element, to: Jid | None) -> None:
            alike = (other for other in domain.sessions if to and other.lower() == to.full.lower())
            target = domain.sessions.get(next(alike, "")) if to and to.resource else None
            if target is not None and target.jid != (to.full if to else ""):
                target.send(serialise(stanza))
            else:
                before(domain, session, stanza, to)

        return handle

    for tag in (ns.MESSAGE, ns.IQ):
        _handled(patches, tag, change)


@defect("silence-for-contacts", breaks=["delivery-error-for-contacts"], tolerated=True)
def _(patches: Patches) -> None:
    """A contact learns as little of a missing resource as a stranger."""
    patches.set(messages, "_may_know", lambda account, sender, message: False)


# Presence


@defect("presence-skips-negative", breaks=["delivery-bare-presence"])
def _(patches: Patches) -> None:
    """Presence to a bare JID does not reach resources of negative priority."""
    before = Account.available

    def deliver(account: Account, stanza: Element, to: str) -> None:
        for target in before(account):
            if target.priority >= 0 or target.jid == stanza.get("from"):
                target.send(presence._addressed(stanza, to))

    patches.set(presence, "_deliver_to_available", deliver)


@defect("presence-to-connected", breaks=["delivery-bare-presence"])
def _(patches: Patches) -> None:
    """Presence to a bare JID reaches resources that are not available, too."""

    def deliver(account: Account, stanza: Element, to: str) -> None:
        for target in account.resources.values():
            target.send(presence._addressed(stanza, to))

    patches.set(presence, "_deliver_to_available", deliver)


@defect("presence-to-rewritten", breaks=["delivery-bare-presence-to"])
def _(patches: Patches) -> None:
    """Presence to a bare JID arrives with the full JID of who gets it."""

    def deliver(account: Account, stanza: Element, to: str) -> None:
        for target in account.available():
            target.send(presence._addressed(stanza, target.jid))

    patches.set(presence, "_deliver_to_available", deliver)


@defect("presence-to-missing-resource-delivered", breaks=["delivery-no-match-presence"])
def _(patches: Patches) -> None:
    """Presence to a resource that is gone goes to the others."""
    before = presence._pass_on

    def pass_on(domain: Domain, stanza: Element, to: Jid, written: str | None = None) -> None:
        account = domain.account(to)
        if account is not None and to.full not in domain.sessions:
            presence._deliver_to_available(account, stanza, to.bare)
        else:
            before(domain, stanza, to, written)

    patches.set(presence, "_pass_on", pass_on)


@defect("request-to-one-resource", breaks=["delivery-bare-subscription"])
def _(patches: Patches) -> None:
    """A subscription request is shown to the resource alone that was bound first."""
    before = subscriptions._requested

    def requested(domain: Domain, user: Account, *rest: Any) -> None:
        hidden = user.available()[1:]
        kept = [resource.presence for resource in hidden]
        for resource in hidden:
            resource.presence = None
        before(domain, user, *rest)
        for resource, shown in zip(hidden, kept, strict=True):
            resource.presence = shown

    patches.set(subscriptions, "_requested", requested)


@defect("probe-delivered", breaks=["delivery-bare-probe", "delivery-match-probe"])
def _(patches: Patches) -> None:
    """A probe is passed on to the resources of the account."""

    def probe(domain: Domain, session: Session, stanza: Element, to: Jid) -> None:
        account = domain.account(to)
        for resource in account.available() if account else ():
            resource.send(serialise(stanza))

    patches.set(presence, "_probe", probe)


# IQs


@defect("iq-answer-to-account-delivered", breaks=["delivery-bare-iq"])
def _(patches: Patches) -> None:
    """A result or an error to a bare JID is delivered to the account's resources."""

    def change(before: _Handler) -> _Handler:
        def handle(domain: Domain, session: Session, iq: Element, to: Jid | None) -> None:
            account = domain.account(to) if to and not to.resource else None
            if account is not None and iq.get("type") in ("result", "error"):
                for resource in account.available():
                    resource.send(serialise(iq))
            else:
                before(domain, session, iq, to)

        return handle

    _handled(patches, ns.IQ, change)


@defect("iq-answer-lost", breaks=["delivery-match-answer"])
def _(patches: Patches) -> None:
    """A result or an error from a stranger is not delivered to the resource that it names."""
    before = iqs._to_resource

    def to_resource(domain: Domain, session: Session, iq: Element, to: Jid, asks: bool) -> None:
        target = domain.sessions.get(to.full)
        if asks or (target is not None and iqs._shares_presence(target, session)):
            before(domain, session, iq, to, asks)

    patches.set(iqs, "_to_resource", to_resource)


@defect("iq-to-missing-resource-answered-otherwise", breaks=["delivery-no-match-iq"])
def _(patches: Patches) -> None:
    """A request to a resource that is gone brings <item-not-found/>."""

    def change(before: _Handler) -> _Handler:
        def handle(domain: Domain, session: Session, iq: Element, to: Jid | None) -> None:
            asks = iq.get("type") in ("get", "set")
            if asks and to and to.local and to.resource and to.full not in domain.sessions:
                raise StanzaFault("item-not-found")
            before(domain, session, iq, to)

        return handle

    _handled(patches, ns.IQ, change)


@defect("iq-of-contact-refused", breaks=["delivery-match-request-of-contact"])
def _(patches: Patches) -> None:
    """A request to a resource is refused, whoever sees its presence."""
    patches.set(iqs, "_shares_presence", lambda target, session: False)
