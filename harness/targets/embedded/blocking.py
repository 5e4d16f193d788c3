"""The blocking command (XEP-0191), and what becomes of stanzas from and to blocked JIDs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import blocklists, iq, jids, presence, subscriptions
from harness.targets.embedded.disco import Said
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.extension import Extension
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.store import Account
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza as stanzas
from harness.xmpp.stanza import serialise

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session

NAMESPACE = "urn:xmpp:blocking"
_BLOCKED = "{urn:xmpp:blocking:errors}blocked"
_BLOCKLIST = f"{{{NAMESPACE}}}blocklist"
_BLOCK = f"{{{NAMESPACE}}}block"
_UNBLOCK = f"{{{NAMESPACE}}}unblock"
_ITEM = f"{{{NAMESPACE}}}item"


# Stanzas


def stops(domain: Domain, session: Session, stanza: Element, to: Jid) -> bool:
    """Whether a blocklist ends the stanza's way here. Raises StanzaFault where its sender is told.

    Subscriptions go on: they change the sender's own roster before the other side ignores them.
    """
    if blocklists.blocks(session.owner, to.full):
        raise StanzaFault("not-acceptable", type="cancel", detail=Element(_BLOCKED))
    account = domain.account(to)
    if account is None or not blocklists.blocks(account, session.jid):
        return False
    if stanza.tag == ns.PRESENCE:
        return stanza.get("type") not in subscriptions.TYPES
    raise StanzaFault("service-unavailable")  # results and errors vanish: nothing answers them


# Requests


def _get(request: iq.Request) -> None:
    if request.is_set or not request.own:
        raise StanzaFault("bad-request" if request.own else "forbidden")
    request.session.wants_blocklist = True
    answer = Element(_BLOCKLIST)
    for jid in sorted(request.session.owner.blocked):
        SubElement(answer, _ITEM, {"jid": jid})
    request.reply(answer)


def _block(request: iq.Request) -> None:
    named = _named(request)
    if not named:
        raise StanzaFault("bad-request")
    account = request.session.owner
    new = named - account.blocked
    for to in _audience(account, new):
        presence.withdraw(request.domain, account, to)
    account.blocked |= new
    _changed(request)


def _unblock(request: iq.Request) -> None:
    named = _named(request)
    account = request.session.owner
    gone = account.blocked & named if len(request.payload) else set(account.blocked)
    account.blocked -= gone
    _changed(request)
    for to in _audience(account, gone):
        if not blocklists.blocks(account, to.full):
            presence.show(request.domain, account, to)


def _named(request: iq.Request) -> set[str]:
    """The JIDs of the items, prepared."""
    if not request.is_set or not request.own:
        raise StanzaFault("bad-request" if request.own else "forbidden")
    if any(item.tag != _ITEM or not item.get("jid") for item in request.payload):
        raise StanzaFault("bad-request")
    try:
        return {jids.parse(item.get("jid", "")).full for item in request.payload}
    except ValueError:
        raise StanzaFault("jid-malformed") from None


def _audience(account: Account, entries: set[str]) -> list[Jid]:
    """Who may see the account's presence, and is matched by one of these entries."""
    found = []
    seen = Account(account.jid, {}, blocked=entries)  # one that blocks these alone
    for contact in account.contacts.values():
        if contact.state.sends and blocklists.blocks(seen, contact.jid):
            found.append(jids.parse(contact.jid))
    for entry in map(jids.parse, entries):
        if entry.resource and account.shows_presence_to(entry.bare) and entry.bare != account.jid:
            found.append(entry)
    return found


def _changed(request: iq.Request) -> None:
    """Answer, and tell every resource that has asked for the list."""
    domain, account = request.domain, request.session.owner
    (domain.blockers.add if account.blocked else domain.blockers.discard)(account)
    request.reply()
    for session in account.resources.values():
        if session.wants_blocklist:
            push = stanzas.iq("set", domain.next_id(), session.jid, request.payload)
            session.send(serialise(push))


EXTENSION = Extension(
    for_account={_BLOCKLIST: _get, _BLOCK: _block, _UNBLOCK: _unblock},
    of_server=Said(features=[NAMESPACE]),
)
