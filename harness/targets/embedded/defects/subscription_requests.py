"""Defects of subscription requests, and of approvals in advance (RFC 6121 sections 3.1 and 3.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

from harness.targets.embedded import jids, presence, roster, subscriptions
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.defects.subscriptions import cells
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.store import Account, Contact, State
from harness.targets.embedded.subscriptions import INBOUND, OUTBOUND
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import serialise

# Requests


@defect("sub-request-shows-presence", breaks=["sub-request-needs-approval"])
def _(patches: Patches) -> None:
    """Who asks for presence gets it once before anybody has approved."""
    _requested(
        patches,
        lambda domain, user, contact: presence.show(domain, user, jids.parse(contact.jid)),
    )


@defect("sub-request-not-kept", breaks=["sub-request-redelivered", "sub-state-unlisted-request"])
def _(patches: Patches) -> None:
    """A request to somebody who is offline is forgotten."""

    def forget(domain: Domain, user: Account, contact: Contact) -> None:
        if not user.available():
            contact.request = b""

    _requested(patches, forget)


@defect("sub-request-kept-bare", breaks=["sub-request-kept-whole"])
def _(patches: Patches) -> None:
    """Of a request that is kept only the addresses are left."""

    def strip(domain: Domain, user: Account, contact: Contact) -> None:
        if contact.request:
            bare = {"from": contact.jid, "to": user.jid, "type": "subscribe"}
            contact.request = serialise(Element(ns.PRESENCE, bare))

    _requested(patches, strip)


@defect("sub-request-adds-item", breaks=["sub-request-no-item"])
def _(patches: Patches) -> None:
    """A request puts who asks into the roster of who is asked."""

    def add(domain: Domain, user: Account, contact: Contact) -> None:
        contact.listed = True
        roster.push(domain, user, contact)

    _requested(patches, add)


def _requested(patches: Patches, more: Callable[[Domain, Account, Contact], None]) -> None:
    """This, too, is done after a request that is to be answered."""
    before = subscriptions._requested

    def requested(
        domain: Domain, user: Account, contact: Contact, stanza: Element, *rest: Any
    ) -> None:
        before(domain, user, contact, stanza, *rest)
        if contact.state.pending_in:
            more(domain, user, contact)

    patches.set(subscriptions, "_requested", requested)


@defect("sub-request-once", breaks=["sub-request-redelivered"])
def _(patches: Patches) -> None:
    """A request is shown once, answered or not."""
    before = subscriptions.deliver_requests

    def deliver(session: Any) -> None:
        before(session)
        for contact in session.owner.contacts.values():
            contact.request = b""

    patches.set(subscriptions, "deliver_requests", deliver)


@defect("sub-request-to-connected", breaks=["sub-request-to-available"], tolerated=True)
def _(patches: Patches) -> None:
    """A request is shown to resources that are connected and not available, too."""
    before = subscriptions._requested

    def requested(domain: Domain, *rest: Any) -> None:
        available = Account.available
        Account.available = lambda self: [*self.resources.values()]  # type: ignore[method-assign]
        try:
            before(domain, *rest)
        finally:
            Account.available = available  # type: ignore[method-assign]

    patches.set(subscriptions, "_requested", requested)


@defect("sub-withdrawal-ignored", breaks=["sub-unsubscribe-withdraws", "sub-in-unsubscribe"])
def _(patches: Patches) -> None:
    """A request waits for an answer even when it has been withdrawn."""
    kept = {s: s for s in (State.NONE_IN, State.NONE_OUT_IN, State.TO_IN)}
    cells(patches, INBOUND, "unsubscribe", kept, passes=False)


@defect("sub-denial-not-noted", breaks=["sub-request-redelivered", "sub-out-unsubscribed"])
def _(patches: Patches) -> None:
    """A request waits for an answer even when it has been denied."""
    kept = {s: s for s in (State.NONE_IN, State.NONE_OUT_IN, State.TO_IN)}
    cells(patches, OUTBOUND, "unsubscribed", kept)


# Approvals in advance


@defect("preapproval-forgotten", breaks=["preapproval-noted", "preapproval-new-item"])
def _(patches: Patches) -> None:
    """An approval in advance makes an item, and is forgotten."""
    before = subscriptions._note_approval

    def note(contact: Contact, kind: str, passes: bool) -> None:
        before(contact, kind, passes)
        contact.approved = False

    patches.set(subscriptions, "_note_approval", note)


@defect("preapproval-unanswered", breaks=["preapproval-answers"])
def _(patches: Patches) -> None:
    """The request of who was approved in advance is shown to the user like any other."""
    before = subscriptions._requested

    def requested(domain: Domain, user: Account, contact: Contact, *rest: Any) -> None:
        approved, contact.approved = contact.approved, False
        before(domain, user, contact, *rest)
        contact.approved = approved

    patches.set(subscriptions, "_requested", requested)


@defect("preapproval-delivered", breaks=["preapproval-not-routed"])
def _(patches: Patches) -> None:
    """An approval in advance is delivered to who is approved."""
    before = subscriptions.outbound

    def outbound(
        domain: Domain, user: Account, stanza: Element, to: Jid, *, push: bool = True
    ) -> None:
        contact, account = user.contacts.get(to.bare), domain.account(to)
        asked = contact is not None and (contact.state.pending_in or contact.state.sends)
        before(domain, user, stanza, to, push=push)
        if stanza.get("type") == "subscribed" and not asked and account is not None:
            for session in account.available():
                session.send(serialise(stanza))

    patches.set(subscriptions, "outbound", outbound)


@defect("preapproval-not-taken-back", breaks=["sub-cancel-preapproval"])
def _(patches: Patches) -> None:
    """An approval in advance cannot be taken back."""
    before = subscriptions._note_approval

    def note(contact: Contact, kind: str, passes: bool) -> None:
        approved = contact.approved
        before(contact, kind, passes)
        contact.approved = contact.approved or approved

    patches.set(subscriptions, "_note_approval", note)
