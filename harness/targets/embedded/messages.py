"""Messages: who gets them (RFC 6121 section 8.5), and offline storage (XEP-0160)."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import archive, carbons, jids
from harness.targets.embedded.domain import Domain, stamp
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.store import Account
from harness.xmpp.stanza import serialise

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session

DELAY = "urn:xmpp:delay"
_DELAY = f"{{{DELAY}}}delay"


class Recipient(Enum):
    """The rows of the table in section 8.5.4."""

    NO_ACCOUNT = auto()
    NOT_AVAILABLE = auto()
    ONLY_NEGATIVE = auto()
    NON_NEGATIVE = auto()


class Address(Enum):
    """The forms of the "to" address in that table."""

    BARE = auto()
    MATCH = auto()  # a full JID, and that resource is connected
    NO_MATCH = auto()


class Action(Enum):
    """What is done with the message."""

    DELIVER = auto()  # to the resource that the address names
    MOST = auto()  # to the resources with the highest priority
    ALL = auto()  # to every resource whose priority is not negative
    STORE = auto()
    ERROR = auto()
    IGNORE = auto()


_COLUMNS = ("normal", "chat", "groupchat", "headline", "error")
_D, _M, _A = Action.DELIVER, Action.MOST, Action.ALL
_O, _E, _S = Action.STORE, Action.ERROR, Action.IGNORE

# Where the RFC leaves a choice, an account that does not exist behaves like one that is offline
# (RFC 6120 section 10.2).
DELIVERY = {
    (Recipient.NO_ACCOUNT, Address.BARE): (_S, _S, _E, _S, _S),
    (Recipient.NO_ACCOUNT, Address.NO_MATCH): (_E, _S, _E, _S, _S),
    (Recipient.NOT_AVAILABLE, Address.BARE): (_O, _O, _E, _S, _S),
    (Recipient.NOT_AVAILABLE, Address.MATCH): (_D, _D, _D, _D, _D),
    (Recipient.NOT_AVAILABLE, Address.NO_MATCH): (_E, _O, _E, _S, _S),
    (Recipient.ONLY_NEGATIVE, Address.BARE): (_O, _O, _E, _S, _S),
    (Recipient.ONLY_NEGATIVE, Address.MATCH): (_D, _D, _D, _D, _D),
    (Recipient.ONLY_NEGATIVE, Address.NO_MATCH): (_E, _O, _E, _S, _S),
    (Recipient.NON_NEGATIVE, Address.BARE): (_M, _M, _E, _A, _S),
    (Recipient.NON_NEGATIVE, Address.MATCH): (_D, _D, _D, _D, _D),
    (Recipient.NON_NEGATIVE, Address.NO_MATCH): (_E, _M, _E, _S, _S),
}


def handle(domain: Domain, session: Session, message: Element, to: Jid | None) -> None:
    """Deliver, store, refuse or ignore one message."""
    if to is None:  # RFC 6120 section 10.3.1
        to = jids.parse(session.owner.jid)
        message.set("to", to.bare)
    if not to.local:
        raise StanzaFault("service-unavailable")  # the server itself reads no messages
    column = _column(message)
    account = domain.account(to)
    named = domain.sessions.get(to.full) if to.resource else None
    form = Address.NO_MATCH if to.resource else Address.BARE
    if named is not None:
        form = Address.MATCH
    action = DELIVERY[_recipient(account), form][column]
    if action is Action.ERROR or (action is Action.IGNORE and _may_know(account, session, message)):
        raise StanzaFault("service-unavailable")
    sent = message
    if domain.archives:
        sent = archive.keep(session.owner, account, message, domain.config.archive_messages)
    if action is Action.DELIVER and named is not None:
        named.send(serialise(message))
    elif account is not None:
        _to_account(domain, account, message, action)
    if domain.copying:
        reached = [named] if named is not None else _takers(account, action)
        carbons.copy(domain, session, sent, account, message, reached)


def _column(message: Element) -> int:
    kind = message.get("type", "normal")
    return _COLUMNS.index(kind) if kind in _COLUMNS else 0  # section 5.2.2


def _recipient(account: Account | None) -> Recipient:
    if account is None:
        return Recipient.NO_ACCOUNT
    priorities = [session.priority for session in account.available()]
    if not priorities:
        return Recipient.NOT_AVAILABLE
    return Recipient.NON_NEGATIVE if max(priorities) >= 0 else Recipient.ONLY_NEGATIVE


def _may_know(account: Account | None, sender: Session, message: Element) -> bool:
    """Silence about a missing resource is for strangers (section 8.1)."""
    if account is None or "/" not in message.get("to", "") or message.get("type") == "error":
        return False
    return account.shows_presence_to(sender.owner.jid) or any(
        not resource.directed.isdisjoint((sender.jid, sender.owner.jid))
        for resource in account.resources.values()
    )


def _to_account(domain: Domain, account: Account, message: Element, action: Action) -> None:
    if action is Action.STORE:
        _store(domain, account, message)
    elif resources := _takers(account, action):
        data = serialise(message)
        for resource in resources:
            resource.send(data)


def _takers(account: Account | None, action: Action) -> list[Session]:
    """The resources that get a message to the account."""
    if account is None or action not in (Action.MOST, Action.ALL):
        return []
    resources = account.available()
    least = 0 if action is Action.ALL else max(resource.priority for resource in resources)
    return [resource for resource in resources if resource.priority >= least]


def redeliver(domain: Domain, account: Account, message: Element, *, named: bool) -> None:
    """Deal with a message that a resource was sent but did not get, now that it is gone.

    `named`: it was addressed to that resource alone. Raises StanzaFault where it is refused.
    """
    form = Address.NO_MATCH if named else Address.BARE
    action = DELIVERY[_recipient(account), form][_column(message)]
    if action is Action.ERROR:
        raise StanzaFault("service-unavailable")
    _to_account(domain, account, message, action)


def _store(domain: Domain, account: Account, message: Element) -> None:
    if len(account.offline) >= domain.config.offline_messages:
        raise StanzaFault("service-unavailable")
    note_delay(domain, message, stamp())
    account.offline.append(serialise(message))


def note_delay(domain: Domain, message: Element, sent: str) -> None:
    """Say when it came (XEP-0203), unless we have said so before."""
    earlier = (element.get("from") for element in message.iterfind(_DELAY))
    if domain.name not in earlier:
        SubElement(message, _DELAY, {"from": domain.name, "stamp": sent})


def deliver_stored(session: Session) -> None:
    """Hand over what came while nobody could take it; for a priority that is not negative."""
    if session.priority >= 0:
        stored, session.owner.offline = session.owner.offline, []
        for message in stored:
            session.send(message)
