"""The roster: get, set, push and versions (RFC 6121 section 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import iq, jids, subscriptions
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.store import Account, Contact
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza as stanzas
from harness.xmpp.stanza import serialise

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session

QUERY = f"{{{ns.ROSTER}}}query"
_ITEM = f"{{{ns.ROSTER}}}item"
_GROUP = f"{{{ns.ROSTER}}}group"
_MAX_NAME = 1023  # characters of a handle or a group


def handle(request: iq.Request) -> None:
    """Get or set; only one's own (section 2.1.5)."""
    if not request.own:
        raise StanzaFault("forbidden")
    if request.is_set:
        _set(request)
    else:
        _get(request)


def _get(request: iq.Request) -> None:
    if len(request.payload):
        raise StanzaFault("bad-request")
    account = request.session.owner
    request.session.interested = True
    known = _known_version(request.domain, account, request.payload.get("ver"))
    if known is not None:  # section 2.6.3
        request.reply()
        _push_since(request.domain, account, request.session, known)
        return
    query = Element(QUERY, {"ver": _ver(request.domain, account.version)})
    query.extend(_item(contact) for contact in account.contacts.values() if contact.listed)
    request.reply(query)


def _known_version(domain: Domain, account: Account, ver: str | None) -> int | None:
    """The number in a version that this run of the server gave out."""
    epoch, _, number = (ver or "").partition("-")
    if epoch != domain.epoch or not (number.isascii() and number.isdigit()):
        return None
    return int(number) if int(number) <= account.version else None


def _push_since(domain: Domain, account: Account, session: Session, known: int) -> None:
    changes = [(c.version, _item(c)) for c in account.contacts.values() if c.listed]
    changes += [(version, _removal(jid)) for jid, version in account.removed.items()]
    for version, item in sorted(changes, key=lambda change: change[0]):
        if version > known:
            _push(domain, session, item, version)


def _set(request: iq.Request) -> None:
    """Add, change or remove one item (sections 2.3 to 2.5)."""
    if len(request.payload) != 1 or request.payload[0].tag != _ITEM:
        raise StanzaFault("bad-request")
    item = request.payload[0]
    account = request.session.owner
    jid = _contact_jid(item, account)
    contact = account.contacts.get(jid)
    if item.get("subscription") == "remove":
        if contact is None or not contact.listed:
            raise StanzaFault("item-not-found", type="modify")
        remove(request.domain, account, contact)
    else:
        groups, name = _groups(item), item.get("name", "")
        if len(name) > _MAX_NAME:
            raise StanzaFault("not-acceptable")
        contact = account.contacts.setdefault(jid, Contact(jid))
        contact.name, contact.groups, contact.listed = name, groups, True
        push(request.domain, account, contact)
    request.reply()


def remove(domain: Domain, account: Account, contact: Contact) -> None:
    """Take an item out, ending subscriptions both ways; a pending request stays."""
    subscriptions.end_both_ways(domain, account, contact)
    account.contacts.pop(contact.jid, None)
    if contact.state.pending_in:
        account.contacts[contact.jid] = Contact(contact.jid, contact.state, request=contact.request)
    contact.listed = False
    push(domain, account, contact)


def _contact_jid(item: Element, account: Account) -> str:
    if not (text := item.get("jid")):
        raise StanzaFault("bad-request")
    try:
        jid = jids.parse(text).bare
    except ValueError:
        raise StanzaFault("jid-malformed") from None
    if jid == account.jid:
        raise StanzaFault("not-allowed")
    return jid


def _groups(item: Element) -> tuple[str, ...]:
    """Section 2.3.3 says what is wrong with a group."""
    groups = tuple(group.text or "" for group in item.iterfind(_GROUP))
    if any(not group or len(group) > _MAX_NAME for group in groups):
        raise StanzaFault("not-acceptable")
    if len(set(groups)) < len(groups):
        raise StanzaFault("bad-request")
    return groups


def push(domain: Domain, account: Account, contact: Contact) -> None:
    """Tell every interested resource of a change; it makes a new version (section 2.1.6)."""
    account.version += 1
    if contact.listed:
        contact.version = account.version
        account.removed.pop(contact.jid, None)
        item = _item(contact)
    else:
        account.removed[contact.jid] = account.version
        item = _removal(contact.jid)
    for session in account.interested():
        _push(domain, session, item, account.version)


def _push(domain: Domain, session: Session, item: Element, version: int) -> None:
    query = Element(QUERY, {"ver": _ver(domain, version)})
    query.append(item)
    session.send(serialise(stanzas.iq("set", domain.next_id(), session.jid, query)))


def _ver(domain: Domain, version: int) -> str:
    return f"{domain.epoch}-{version}"


def _item(contact: Contact) -> Element:
    item = Element(_ITEM, {"jid": contact.jid, "subscription": contact.state.subscription})
    if contact.name:
        item.set("name", contact.name)
    if contact.state.pending_out:
        item.set("ask", "subscribe")
    if contact.approved:
        item.set("approved", "true")
    for group in contact.groups:
        SubElement(item, _GROUP).text = group
    return item


def _removal(jid: str) -> Element:
    return Element(_ITEM, {"jid": jid, "subscription": "remove"})


HANDLERS = {QUERY: handle}
