"""Defects of subscriptions: states, answers and who is told (RFC 6121 section 3, appendix A)."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import Element

from harness.targets.embedded import jids, presence, roster, subscriptions
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.session import Session
from harness.targets.embedded.store import Account, Contact, State
from harness.targets.embedded.subscriptions import INBOUND, OUTBOUND, TYPES, Cell

_Push = Callable[[Domain, Account, Contact], None]


def cells(
    patches: Patches,
    table: dict[State, Any],
    kind: str,
    states: dict[State, State],
    passes: bool | None = None,
) -> None:
    """Other states after stanzas of a kind, by the state before; and whether they pass."""
    for before, after in states.items():
        row = list(table[before])
        old = row[TYPES.index(kind)]
        row[TYPES.index(kind)] = Cell(old.passes if passes is None else passes, after)
        patches.put(table, before, tuple(row))


def _pushes(patches: Patches, push: _Push) -> None:
    """Pushes of subscriptions, not those of roster sets, are made otherwise."""
    patches.set(subscriptions, "roster", SimpleNamespace(push=push))


def _audience(patches: Patches, name: str, audience: Callable[[Account], list[Session]]) -> None:
    """What goes to the interested resources during this function goes to others."""
    before = getattr(subscriptions, name)

    def patched(domain: Domain, *rest: Any) -> None:
        interested = Account.interested
        Account.interested = audience  # type: ignore[method-assign, assignment]
        try:
            before(domain, *rest)
        finally:
            Account.interested = interested  # type: ignore[method-assign]

    patches.set(subscriptions, name, patched)


# Roster pushes


@defect("sub-push-first-resource", breaks=["sub-request-push", "sub-unsubscribe-push"])
def _(patches: Patches) -> None:
    """Roster pushes of subscriptions go to the resource alone that was bound first."""
    interested = Account.interested

    def push(domain: Domain, account: Account, contact: Contact) -> None:
        first = interested(account)[:1]
        Account.interested = lambda self: first  # type: ignore[method-assign]
        try:
            roster.push(domain, account, contact)
        finally:
            Account.interested = interested  # type: ignore[method-assign]

    _pushes(patches, push)


@defect("sub-push-available", breaks=["sub-request-push", "sub-approval-push"])
def _(patches: Patches) -> None:
    """Roster pushes of subscriptions go to available resources, interested or not."""
    interested = Account.interested

    def push(domain: Domain, account: Account, contact: Contact) -> None:
        Account.interested = Account.available  # type: ignore[method-assign]
        try:
            roster.push(domain, account, contact)
        finally:
            Account.interested = interested  # type: ignore[method-assign]

    _pushes(patches, push)


@defect("sub-push-missing", breaks=["sub-request-push", "sub-cancel-push"])
def _(patches: Patches) -> None:
    """Subscriptions change rosters without a push."""
    _pushes(patches, lambda domain, account, contact: None)


@defect("sub-push-twice", breaks=["sub-request-push", "sub-unsubscribe-contact-push"])
def _(patches: Patches) -> None:
    """Each roster push of a subscription comes twice."""

    def push(domain: Domain, account: Account, contact: Contact) -> None:
        roster.push(domain, account, contact)
        roster.push(domain, account, contact)

    _pushes(patches, push)


@defect("sub-approval-without-push", breaks=["sub-approval-push"])
def _(patches: Patches) -> None:
    """Who approves a request gets no push that says from."""
    before = subscriptions.outbound

    def outbound(
        domain: Domain, user: Account, stanza: Element, to: Jid, *, push: bool = True
    ) -> None:
        before(domain, user, stanza, to, push=push and stanza.get("type") != "subscribed")

    patches.set(subscriptions, "outbound", outbound)


@defect(
    "sub-push-before-stanza",
    breaks=["sub-approval-before-push", "sub-cancel-before-push", "sub-unsubscribe-before-push"],
)
def _(patches: Patches) -> None:
    """The push that an answer causes comes before the answer."""
    before, held = subscriptions.inbound, False

    def push(domain: Domain, account: Account, contact: Contact) -> None:
        if not held:
            roster.push(domain, account, contact)

    def inbound(domain: Domain, stanza: Element, user: Account) -> None:
        nonlocal held
        kind, sender = stanza.get("type", ""), jids.parse(stanza.get("from", "")).bare
        contact = user.contacts.get(sender)
        if kind == "subscribe" or contact is None or not contact.listed:
            before(domain, stanza, user)
            return
        state = contact.state
        passes, contact.state = INBOUND[state][TYPES.index(kind)]
        if passes:
            roster.push(domain, user, contact)
        contact.state, held = state, True
        try:
            before(domain, stanza, user)
        finally:
            held = False

    _pushes(patches, push)
    patches.set(subscriptions, "inbound", inbound)


# Answers


@defect("sub-answer-to-available", breaks=["sub-approval-to-interested"])
def _(patches: Patches) -> None:
    """Answers go to resources that are available, interested or not, and to no other."""
    _audience(patches, "inbound", Account.available)


@defect("sub-answer-from-full-jid", breaks=["sub-stanza-from-bare"])
def _(patches: Patches) -> None:
    """Approvals and cancellations arrive with a full JID of who sent them."""
    before = subscriptions.inbound

    def inbound(domain: Domain, stanza: Element, user: Account) -> None:
        sender = domain.account(jids.parse(stanza.get("from", "")))
        if stanza.get("type") in ("subscribed", "unsubscribed") and sender and sender.resources:
            stanza.set("from", next(iter(sender.resources.values())).jid)
        before(domain, stanza, user)

    patches.set(subscriptions, "inbound", inbound)


@defect(
    "sub-approval-without-presence",
    breaks=["sub-approval-presence", "sub-approval-presence-delivered"],
)
def _(patches: Patches) -> None:
    """An approval brings no presence."""
    patches.set(presence, "show", lambda domain, account, to: None)


@defect("sub-approval-lost-offline", breaks=["sub-approval-kept"])
def _(patches: Patches) -> None:
    """An approval does nothing for a user who is offline."""
    before = subscriptions.inbound

    def inbound(domain: Domain, stanza: Element, user: Account) -> None:
        if stanza.get("type") != "subscribed" or user.resources:
            before(domain, stanza, user)

    patches.set(subscriptions, "inbound", inbound)


@defect("sub-approval-unasked-granted", breaks=["sub-out-subscribed", "preapproval-noted"])
def _(patches: Patches) -> None:
    """An approval that nobody asked for lets the contact see the user's presence at once."""
    cells(patches, OUTBOUND, "subscribed", {State.TO: State.BOTH, State.NONE: State.FROM}, True)


@defect("sub-request-ends-from", breaks=["sub-out-subscribe"])
def _(patches: Patches) -> None:
    """Who asks for the presence of a subscriber takes the own presence from them."""
    cells(patches, OUTBOUND, "subscribe", {State.FROM: State.NONE_OUT})


# Ends


@defect("sub-unsubscribe-one-sided", breaks=["sub-unsubscribe-contact-push", "sub-in-unsubscribe"])
def _(patches: Patches) -> None:
    """Who has unsubscribed is still sent presence, and is in the roster as a subscriber."""
    kept = {s: s for s in (State.FROM, State.FROM_OUT, State.BOTH)}
    cells(patches, INBOUND, "unsubscribe", kept, passes=False)


@defect(
    "sub-cancel-without-unavailable",
    breaks=["sub-cancel-unavailable-first", "sub-cancel-unavailable-delivered"],
)
def _(patches: Patches) -> None:
    """Who loses a subscription is told so without unavailable presence."""
    _withdrawals(patches, "outbound")


@defect("sub-unsubscribe-without-unavailable", breaks=["sub-unsubscribe-unavailable"])
def _(patches: Patches) -> None:
    """Who gives a subscription up gets no unavailable presence."""
    _withdrawals(patches, "inbound")


def _withdrawals(patches: Patches, where: str) -> None:
    """No presence is withdrawn by this function itself."""
    before, withdraw = getattr(subscriptions, where), presence.withdraw
    depth: list[str] = []

    def patched(name: str, function: Callable[..., None]) -> Callable[..., None]:
        def call(*args: Any, **options: Any) -> None:
            depth.append(name)
            try:
                function(*args, **options)
            finally:
                depth.pop()

        return call

    def withdrawn(domain: Domain, account: Account, to: Jid) -> None:
        if depth[-1:] != [where]:
            withdraw(domain, account, to)

    other = "inbound" if where == "outbound" else "outbound"
    patches.set(subscriptions, where, patched(where, before))
    patches.set(subscriptions, other, patched(other, getattr(subscriptions, other)))
    patches.set(presence, "withdraw", withdrawn)


@defect("sub-cancel-unavailable-last", breaks=["sub-cancel-unavailable-first"])
def _(patches: Patches) -> None:
    """Unavailable presence comes behind the cancellation."""
    before, withdraw = subscriptions.outbound, presence.withdraw
    late: list[tuple[Domain, Account, Jid]] = []

    def outbound(*args: Any, **options: Any) -> None:
        before(*args, **options)
        while late:
            withdraw(*late.pop())

    patches.set(subscriptions, "outbound", outbound)
    patches.set(presence, "withdraw", lambda *args: late.append(args))
