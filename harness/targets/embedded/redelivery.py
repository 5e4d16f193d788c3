"""What becomes of stanzas that a resource was sent but never acknowledged (XEP-0198 section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, fromstring

from harness.targets.embedded import messages
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.faults import StanzaFault, error_for
from harness.targets.embedded.managed import Waiting
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import serialise

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session

_STREAM = f"<stream xmlns='{ns.CLIENT}'>%b</stream>".encode()


def redeliver(domain: Domain, session: Session, waiting: Waiting) -> None:
    """Deal with it as if the resource had not been there when it came.

    What the account itself has sent (roster pushes, carbons), presence and answers are void.
    """
    stanza = fromstring(_STREAM % waiting.data)[0]
    sender = stanza.get("from", "")
    if sender in ("", session.owner.jid):
        return
    try:
        if stanza.tag == ns.MESSAGE:
            _message(domain, session, stanza, waiting.sent)
        elif stanza.tag == ns.IQ and stanza.get("type") in ("get", "set"):
            raise StanzaFault("service-unavailable")
    except StanzaFault as fault:
        _refuse(domain, stanza, fault)


def _message(domain: Domain, session: Session, message: Element, sent: str) -> None:
    named = "/" in message.get("to", "")
    others = session.owner.available()
    if not named and any(other.priority >= session.priority for other in others):
        return  # they have had it
    messages.note_delay(domain, message, sent)
    messages.redeliver(domain, session.owner, message, named=named)


def _refuse(domain: Domain, stanza: Element, fault: StanzaFault) -> None:
    error = error_for(stanza, fault, domain.name)
    asker = domain.sessions.get(stanza.get("from", ""))
    if error is not None and asker is not None:
        asker.send(serialise(error))
