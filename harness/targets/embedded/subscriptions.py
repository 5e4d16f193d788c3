"""Presence subscriptions: the state tables of RFC 6121 appendix A, and section 3 around them.

`OUTBOUND` is what a user's stanza does to the user's own view of a contact and whether it is
routed; `INBOUND` is what a stanza from a contact does to that view and whether it is delivered.
Both sides of a subscription live here, so one stanza passes through both tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from xml.etree.ElementTree import Element

from harness.targets.embedded import blocklists, jids, presence, roster
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.store import Account, Contact, State
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import serialise

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session

TYPES = ("subscribe", "unsubscribe", "subscribed", "unsubscribed")


class Cell(NamedTuple):
    """Whether the stanza goes on, and the state afterwards."""

    passes: bool
    state: State


def _go(state: State) -> Cell:
    return Cell(True, state)


def _no(state: State) -> Cell:
    return Cell(False, state)


_S = State
# Appendix A.2; columns in the order of TYPES.
OUTBOUND = {
    _S.NONE: (_go(_S.NONE_OUT), _go(_S.NONE), _no(_S.NONE), _no(_S.NONE)),
    _S.NONE_OUT: (_go(_S.NONE_OUT), _go(_S.NONE), _no(_S.NONE_OUT), _no(_S.NONE_OUT)),
    _S.NONE_IN: (_go(_S.NONE_OUT_IN), _go(_S.NONE_IN), _go(_S.FROM), _go(_S.NONE)),
    _S.NONE_OUT_IN: (_go(_S.NONE_OUT_IN), _go(_S.NONE_IN), _go(_S.FROM_OUT), _go(_S.NONE_OUT)),
    _S.TO: (_go(_S.TO), _go(_S.NONE), _no(_S.TO), _no(_S.TO)),
    _S.TO_IN: (_go(_S.TO_IN), _go(_S.NONE_IN), _go(_S.BOTH), _go(_S.TO)),
    _S.FROM: (_go(_S.FROM_OUT), _go(_S.FROM), _no(_S.FROM), _go(_S.NONE)),
    _S.FROM_OUT: (_go(_S.FROM_OUT), _go(_S.FROM), _no(_S.FROM_OUT), _go(_S.NONE_OUT)),
    _S.BOTH: (_go(_S.BOTH), _go(_S.FROM), _no(_S.BOTH), _go(_S.TO)),
}
# Appendix A.3.
INBOUND = {
    _S.NONE: (_go(_S.NONE_IN), _no(_S.NONE), _no(_S.NONE), _no(_S.NONE)),
    _S.NONE_OUT: (_go(_S.NONE_OUT_IN), _no(_S.NONE_OUT), _go(_S.TO), _go(_S.NONE)),
    _S.NONE_IN: (_no(_S.NONE_IN), _go(_S.NONE), _no(_S.NONE_IN), _no(_S.NONE_IN)),
    _S.NONE_OUT_IN: (_no(_S.NONE_OUT_IN), _go(_S.NONE_OUT), _go(_S.TO_IN), _go(_S.NONE_IN)),
    _S.TO: (_go(_S.TO_IN), _no(_S.TO), _no(_S.TO), _go(_S.NONE)),
    _S.TO_IN: (_no(_S.TO_IN), _go(_S.TO), _no(_S.TO_IN), _go(_S.NONE_IN)),
    _S.FROM: (_no(_S.FROM), _go(_S.NONE), _no(_S.FROM), _no(_S.FROM)),
    _S.FROM_OUT: (_no(_S.FROM_OUT), _go(_S.NONE_OUT), _go(_S.BOTH), _go(_S.FROM)),
    _S.BOTH: (_no(_S.BOTH), _go(_S.TO), _no(_S.BOTH), _go(_S.FROM)),
}


def outbound(domain: Domain, user: Account, stanza: Element, to: Jid, *, push: bool = True) -> None:
    """A stanza that the user sends to a contact (sections 3.1.2, 3.1.5, 3.2.2, 3.3.2, 3.4.2)."""
    if to.bare in (user.jid, domain.name):
        return  # everybody sees their own presence, and nobody that of the server
    kind = stanza.get("type", "")
    stanza.set("from", user.jid)
    stanza.set("to", to.bare)
    contact = user.contacts.get(to.bare) or Contact(to.bare)
    before, looked = contact.state, _visible(contact)
    passes, contact.state = OUTBOUND[before][TYPES.index(kind)]
    _note_approval(contact, kind, passes)
    _keep(user, contact)
    if kind == "unsubscribed" and before.sends:
        presence.withdraw(domain, user, jids.parse(to.bare))
    # The push goes out first: the contact may have approved in advance, and the reply that comes
    # at once then changes the item again.
    if push and _visible(contact) != looked:
        roster.push(domain, user, contact)
    if passes and (account := domain.account(to)) is not None:
        inbound(domain, stanza, account)
    if kind == "subscribed" and passes:
        presence.show(domain, user, jids.parse(to.bare))


def inbound(domain: Domain, stanza: Element, user: Account) -> None:
    """A stanza from a contact to the user (sections 3.1.3, 3.1.6, 3.2.3 and 3.3.3)."""
    kind = stanza.get("type", "")
    sender = jids.parse(stanza.get("from", "")).bare
    if blocklists.blocks(user, sender):
        return
    contact = user.contacts.get(sender) or Contact(sender)
    before, looked = contact.state, _visible(contact)
    passes, contact.state = INBOUND[before][TYPES.index(kind)]
    if kind == "subscribe":
        _requested(domain, user, contact, stanza, before, passes)
        return
    if not passes:
        return
    if not contact.state.pending_in:
        contact.request = b""
    _keep(user, contact)
    data = serialise(stanza)
    for session in user.interested():
        session.send(data)
    if _visible(contact) != looked:
        roster.push(domain, user, contact)
    if kind == "unsubscribe":
        if before.sends:
            presence.withdraw(domain, user, jids.parse(sender))
        _reply(domain, user, sender, "unsubscribed")


def _requested(
    domain: Domain, user: Account, contact: Contact, stanza: Element, before: State, passes: bool
) -> None:
    """A subscription request: answered already, approved in advance, or shown to the user."""
    if before.sends:
        _reply(domain, user, contact.jid, "subscribed", stanza)
    elif passes and contact.approved:
        approval = _stanza(user.jid, contact.jid, "subscribed", stanza)
        outbound(domain, user, approval, jids.parse(contact.jid))
    elif passes:
        contact.request = serialise(stanza)
        _keep(user, contact)
        for session in user.available():
            session.send(contact.request)


def deliver_requests(session: Session) -> None:
    """The requests that still wait for an answer (section 3.1.3)."""
    for contact in session.owner.contacts.values():
        if contact.request:
            session.send(contact.request)


def end_both_ways(domain: Domain, user: Account, contact: Contact) -> None:
    """Before an item leaves the roster (section 2.5.2)."""
    to = jids.parse(contact.jid)
    state = contact.state
    if state.receives or state.pending_out:
        outbound(domain, user, _stanza(user.jid, to.bare, "unsubscribe"), to, push=False)
    if state.sends:
        outbound(domain, user, _stanza(user.jid, to.bare, "unsubscribed"), to, push=False)


def _note_approval(contact: Contact, kind: str, passes: bool) -> None:
    """Pre-approval (section 3.4), and what an answer to a request leaves behind."""
    if kind == "subscribed" and not passes and not contact.state.sends:
        contact.approved = True
        contact.listed = True
    if kind == "unsubscribed":
        contact.approved = False
    if not contact.state.pending_in:
        contact.request = b""
    if contact.state.sends or contact.state.pending_out:
        contact.listed = True


def _keep(user: Account, contact: Contact) -> None:
    """Only the pending request of a contact who is in no roster is remembered besides."""
    if contact.listed or contact.state.pending_in:
        user.contacts[contact.jid] = contact
    else:
        user.contacts.pop(contact.jid, None)


def _visible(contact: Contact) -> tuple[str, bool, bool, bool]:
    """What a roster push would show."""
    state = contact.state
    return state.subscription, state.pending_out, contact.approved, contact.listed


def _reply(domain: Domain, user: Account, to: str, kind: str, like: Element | None = None) -> None:
    account = domain.account(jids.parse(to))
    if account is not None:
        inbound(domain, _stanza(user.jid, to, kind, like), account)


def _stanza(sender: str, to: str, kind: str, like: Element | None = None) -> Element:
    stanza = Element(ns.PRESENCE, {"from": sender, "to": to, "type": kind})
    if like is not None and (name := like.get("id")) is not None:
        stanza.set("id", name)
    return stanza
