"""Message carbons (XEP-0280): what one resource sends or gets, the others see, if they want to."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from harness.targets.embedded import iq, jids
from harness.targets.embedded.disco import Said
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.extension import Extension
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.store import Account
from harness.targets.embedded.wrapping import wrapped
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import serialise

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session

NAMESPACE = "urn:xmpp:carbons:2"
RULES = "urn:xmpp:carbons:rules:0"  # all of section 6.1
_HERE = f"{{{NAMESPACE}}}"
_NEVER = (f"{_HERE}private", "{urn:xmpp:hints}no-copy")
# Receipts, chat states, markers and invitations (section 6.1).
_OF_MESSAGING = (
    "{urn:xmpp:receipts}",
    "{http://jabber.org/protocol/chatstates}",
    "{urn:xmpp:chat-markers:0}",
    "{jabber:x:conference}",
)
_REMEMBERED = 100  # messages of a resource whose errors are known as such
_ROOM = f"{{{ns.MUC_USER}}}x"
_INVITATION = f"{_ROOM}/{{{ns.MUC_USER}}}invite"


def copy(
    domain: Domain,
    sender: Session,
    sent: Element,
    account: Account | None,
    received: Element,
    reached: Collection[Session],
) -> None:
    """Copies of a message that has been dealt with, for both sides (sections 7 and 8).

    `sent` is the message as the sender's account sees it, `received` as the recipient's does;
    `reached` are the resources that have got it.
    """
    if eligible(sent):
        _remember(sender, sent)
    elif not _answers(domain, sent):
        return
    _copy(domain, sender.owner, f"{_HERE}sent", sent, [sender, *reached])
    private = received.find(_ROOM) is not None and received.find(_INVITATION) is None
    if account is not None and account is not sender.owner and not private:
        _copy(domain, account, f"{_HERE}received", received, reached)


def eligible(message: Element) -> bool:
    """Whether it is part of a conversation that is not kept to one resource (section 6.1)."""
    kind = message.get("type", "normal")
    if kind in ("groupchat", "error") or any(message.find(name) is not None for name in _NEVER):
        return False
    return (
        kind == "chat"
        or (kind != "headline" and message.find(ns.BODY) is not None)
        or any(child.tag.startswith(_OF_MESSAGING) for child in message)
        or message.find(_INVITATION) is not None
    )


def bounced(domain: Domain, sender: Session, message: Element, error: Element) -> None:
    """Copies of the error that the server answers a message with, if that was to be copied."""
    if eligible(message):
        _copy(domain, sender.owner, f"{_HERE}received", error, [sender])


def _remember(sender: Session, message: Element) -> None:
    if (identifier := message.get("id")) is not None:
        if sender.copied is None:
            sender.copied = deque(maxlen=_REMEMBERED)
        sender.copied.append((jids.parse(message.get("to", "")).bare, identifier))


def _answers(domain: Domain, message: Element) -> bool:
    """Whether it is the error for a message that was eligible."""
    if message.get("type") != "error" or any(message.find(name) is not None for name in _NEVER):
        return False
    named = domain.sessions.get(jids.parse(message.get("to", "")).full)
    key = (jids.parse(message.get("from", "")).bare, message.get("id", ""))
    return named is not None and named.copied is not None and key in named.copied


def _copy(
    domain: Domain, account: Account, name: str, message: Element, without: Collection[Session]
) -> None:
    if account not in domain.copying:
        return
    wanting = [session for session in account.resources.values() if session.carbons]
    if not wanting:
        domain.copying.discard(account)
    for session in wanting:
        if session not in without:
            session.send(serialise(_carbon(account.jid, session.jid, name, message)))


def _carbon(account: str, to: str, name: str, message: Element) -> Element:
    carbon = Element(ns.MESSAGE, {"from": account, "to": to})
    if (kind := message.get("type")) is not None:
        carbon.set("type", kind)
    carbon.append(wrapped(name, message))
    return carbon


def _switch(request: iq.Request) -> None:
    """Sections 4 and 5; as often as the client likes."""
    if not request.is_set:
        raise StanzaFault("bad-request")
    if not request.own:
        raise StanzaFault("not-allowed")
    request.session.carbons = request.payload.tag == f"{_HERE}enable"
    if request.session.carbons:
        request.domain.copying.add(request.session.owner)
    request.reply()


EXTENSION = Extension(
    for_account={f"{_HERE}enable": _switch, f"{_HERE}disable": _switch},
    of_server=Said(features=[NAMESPACE, RULES]),
)
