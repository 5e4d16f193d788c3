"""Defects of rosters: sets, pushes, versions (RFC 6121 section 2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

from harness.targets.embedded import roster, subscriptions
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.iq import Request
from harness.targets.embedded.session import Session
from harness.targets.embedded.store import Account, Contact, State
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza as stanzas
from harness.xmpp.stanza import serialise

_Set = Callable[[Request], None]
_ITEM = f"{{{ns.ROSTER}}}item"
_GROUP = f"{{{ns.ROSTER}}}group"
_FEW = 100  # items


def _sets(patches: Patches, change: Callable[[_Set, Request], None]) -> None:
    """A set is dealt with otherwise; `change` gets how it was."""
    before = roster._set
    patches.set(roster, "_set", lambda request: change(before, request))


def _contact_of(request: Request) -> Contact | None:
    """The contact that a set is about, if the roster has it."""
    contact = request.session.owner.contacts.get(request.payload[0].get("jid", ""))
    return contact if contact is not None and contact.listed else None


def _lose(element: Element, attribute: str) -> None:
    element.attrib.pop(attribute, None)


# Who gets a push


@defect("roster-push-to-available", breaks=["roster-push", "roster-push-to-interested"])
def _(patches: Patches) -> None:
    """Pushes go to the resources that are available, not to those that asked for the roster."""
    patches.set(Account, "interested", Account.available)


@defect("roster-push-to-connected", breaks=["roster-push-only-to-interested"], tolerated=True)
def _(patches: Patches) -> None:
    """Pushes go to every resource of the account."""
    patches.set(Account, "interested", lambda account: list(account.resources.values()))


@defect("roster-push-to-one", breaks=["roster-push-to-interested", "roster-add-pushed"])
def _(patches: Patches) -> None:
    """A push goes to the resource that asked for the roster first, and to no other."""
    patches.after(Account, "interested", lambda sessions: sessions[:1])


@defect("roster-push-to-the-contact", breaks=["roster-push"])
def _(patches: Patches) -> None:
    """The contact's resources that asked for their roster get the push too."""
    before = roster.push

    def push(domain: Domain, account: Account, contact: Contact) -> None:
        before(domain, account, contact)
        if (other := domain.store.account(contact.jid)) is not None:
            for session in other.interested():
                roster._push(domain, session, roster._item(contact), account.version)

    patches.set(roster, "push", push)


# What a push says


def _pushed(patches: Patches, change: Callable[[Element], None]) -> None:
    """Pushes are changed before they are sent."""

    def push(domain: Domain, session: Session, item: Element, version: int) -> None:
        query = Element(roster.QUERY, {"ver": roster._ver(domain, version)})
        query.append(item)
        iq = stanzas.iq("set", domain.next_id(), session.jid, query)
        change(iq)
        session.send(serialise(iq))

    patches.set(roster, "_push", push)


@defect("roster-push-from-the-server", breaks=["roster-push-from"])
def _(patches: Patches) -> None:
    """A push comes from the server's domain."""
    _pushed(patches, lambda iq: iq.set("from", iq.get("to", "").partition("@")[2].split("/")[0]))


@defect("roster-push-without-id", breaks=["roster-push-one-item"])
def _(patches: Patches) -> None:
    """A push has no id."""
    _pushed(patches, lambda iq: _lose(iq, "id"))


@defect("roster-push-without-version", breaks=["roster-version-in-push"])
def _(patches: Patches) -> None:
    """A push does not say which version it makes."""
    _pushed(patches, lambda iq: _lose(iq[0], "ver"))


@defect("roster-push-of-everything", breaks=["roster-push-one-item"])
def _(patches: Patches) -> None:
    """A push holds its item twice."""
    _pushed(patches, lambda iq: iq[0].append(iq[0][0]))


@defect("roster-update-silent", breaks=["roster-update-answered"])
def _(patches: Patches) -> None:
    """What changes in an item that is there is stored, and pushed to nobody."""

    def change(before: _Set, request: Request) -> None:
        updates = len(request.payload) and _contact_of(request) is not None
        if not updates or request.payload[0].get("subscription") == "remove":
            before(request)
            return
        interested = request.session.owner.interested()
        for session in interested:
            session.interested = False
        before(request)
        for session in interested:
            session.interested = True

    _sets(patches, change)


@defect("roster-removal-silent", breaks=["roster-remove-pushed"])
def _(patches: Patches) -> None:
    """An item is taken out, and nobody is told."""
    before = roster.push

    def push(domain: Domain, account: Account, contact: Contact) -> None:
        if contact.listed:
            before(domain, account, contact)

    patches.set(roster, "push", push)


# Versions


@defect(
    "roster-version-stale-accepted",
    breaks=["roster-version-interim-pushes", "roster-version-result"],
)
def _(patches: Patches) -> None:
    """Who comes with an earlier version gets an empty result, and nothing behind it."""
    patches.set(roster, "_push_since", lambda *_: None)


@defect("roster-version-unknown-accepted", breaks=["roster-version-unknown"])
def _(patches: Patches) -> None:
    """Every version that is not empty is taken for the present one."""

    def known(domain: Domain, account: Account, ver: str | None) -> int | None:
        return account.version if ver else None

    patches.set(roster, "_known_version", known)


@defect("roster-version-constant", breaks=["roster-version-identifies"])
def _(patches: Patches) -> None:
    """The version is the same whatever changes."""
    patches.set(roster, "_ver", lambda domain, _version: f"{domain.epoch}-0")


@defect("roster-version-forgets-removals", breaks=["roster-version-interim-pushes"])
def _(patches: Patches) -> None:
    """Who comes back is not told of the items that were taken out since."""
    before = roster._push_since

    def since(domain: Domain, account: Account, session: Session, known: int) -> None:
        removed, account.removed = account.removed, {}
        before(domain, account, session, known)
        account.removed = removed

    patches.set(roster, "_push_since", since)


# What is stored


@defect("roster-subscription-by-client", breaks=["roster-set-subscription-ignored"])
def _(patches: Patches) -> None:
    """A set may say which subscription its item has."""
    states = {"to": State.TO, "from": State.FROM, "both": State.BOTH}

    def change(before: _Set, request: Request) -> None:
        before(request)
        state = states.get(request.payload[0].get("subscription", ""))
        contact = _contact_of(request)
        if state is not None and contact is not None:
            contact.state = state

    _sets(patches, change)


def _items(patches: Patches, change: Callable[[Element], None]) -> None:
    """The item of a set is changed before it is dealt with."""

    def changed(before: _Set, request: Request) -> None:
        for item in request.payload:
            change(item)
        before(request)

    _sets(patches, changed)


@defect("roster-name-lost", breaks=["roster-add-created", "roster-update-exact"])
def _(patches: Patches) -> None:
    """The handle of an item is not stored."""
    _items(patches, lambda item: _lose(item, "name"))


@defect("roster-long-name-cut", breaks=["roster-set-long-name"])
def _(patches: Patches) -> None:
    """A handle that is too long is cut."""
    _items(patches, lambda item: item.set("name", item.get("name", "")[:1000]))


@defect("roster-groups-merged", breaks=["roster-update-exact", "roster-set-without-group"])
def _(patches: Patches) -> None:
    """The groups of a set come in addition to those that the item is in."""

    def change(before: _Set, request: Request) -> None:
        contact = _contact_of(request) if len(request.payload) else None
        groups = contact.groups if contact is not None else ()
        before(request)
        if contact is not None:
            contact.groups = tuple(dict.fromkeys((*groups, *contact.groups)))

    _sets(patches, change)


@defect("roster-cut-short", breaks=["roster-result-items"])
def _(patches: Patches) -> None:
    """A roster result has a hundred items at most."""
    before = roster._get

    def get(request: Request) -> None:
        contacts = request.session.owner.contacts
        request.session.owner.contacts = dict(list(contacts.items())[:_FEW])
        before(request)
        request.session.owner.contacts = contacts

    patches.set(roster, "_get", get)


# What is refused


@defect("roster-two-items-accepted", breaks=["roster-set-two-items"])
def _(patches: Patches) -> None:
    """Of several items in a set the first one counts."""

    def change(before: _Set, request: Request) -> None:
        for item in list(request.payload)[1:]:
            request.payload.remove(item)
        before(request)

    _sets(patches, change)


def _of_groups(patches: Patches, change: Callable[[tuple[str, ...]], Any]) -> None:
    def groups(item: Element) -> tuple[str, ...]:
        found = tuple(group.text or "" for group in item.iterfind(_GROUP))
        change(found)
        return tuple(dict.fromkeys(filter(None, found)))

    patches.set(roster, "_groups", groups)


@defect("roster-duplicate-groups-accepted", breaks=["roster-set-duplicate-groups"])
def _(patches: Patches) -> None:
    """A group that an item names twice is stored once."""

    def check(groups: tuple[str, ...]) -> None:
        if not all(groups):
            raise StanzaFault("not-acceptable")

    _of_groups(patches, check)


@defect("roster-empty-group-accepted", breaks=["roster-set-empty-group"])
def _(patches: Patches) -> None:
    """A group without text is left out."""

    def check(groups: tuple[str, ...]) -> None:
        if len(set(groups)) < len(groups):
            raise StanzaFault("bad-request")

    _of_groups(patches, check)


@defect("roster-missing-removed", breaks=["roster-remove-unknown"])
def _(patches: Patches) -> None:
    """The removal of what is not in the roster is answered with a result."""

    def change(before: _Set, request: Request) -> None:
        removes = [item.get("subscription") for item in request.payload] == ["remove"]
        if removes and _contact_of(request) is None:
            request.reply()
        else:
            before(request)

    _sets(patches, change)


@defect("roster-of-anybody", breaks=["roster-access-restricted", "roster-set-forbidden"])
def _(patches: Patches) -> None:
    """A request that is addressed to another account is served, for the sender's own roster."""
    patches.set(Request, "own", property(lambda request: request.account is not None))


@defect("roster-set-applied-and-refused", breaks=["roster-set-error"])
def _(patches: Patches) -> None:
    """A set that is refused for its groups is stored all the same, without them."""

    def change(before: _Set, request: Request) -> None:
        try:
            before(request)
        except StanzaFault:
            found = [item for item in request.payload if item.tag == _ITEM and item.get("jid")]
            if len(found) == 1 and found[0].find(_GROUP) is not None:
                jid = found[0].get("jid", "")
                account = request.session.owner
                contact = account.contacts.setdefault(jid, Contact(jid))
                contact.listed = True
            raise

    _sets(patches, change)


@defect(
    "roster-removal-one-sided",
    breaks=["roster-remove-unsubscribe", "roster-remove-unsubscribed", "roster-remove-both"],
)
def _(patches: Patches) -> None:
    """The removal of a contact ends no subscription at the contact."""
    patches.set(subscriptions, "end_both_ways", lambda *_: None)
