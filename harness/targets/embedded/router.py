"""The way of a stanza that a client has sent (RFC 6120 sections 8.1 and 10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from harness.errors import StreamViolation
from harness.targets.embedded import blocking, carbons, iq, jids, messages, presence, services
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.faults import StanzaFault, error_for
from harness.targets.embedded.jids import Jid
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import serialise

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session

# Each takes the stanza and its address, None where it has none.
_KINDS: dict[str, Callable[[Domain, Session, Element, Jid | None], None]] = {
    ns.MESSAGE: messages.handle,
    ns.PRESENCE: presence.handle,
    ns.IQ: iq.handle,
}


def route(domain: Domain, session: Session, stanza: Element) -> None:
    """Check, stamp and pass on one stanza; its sender gets the error, if there is one."""
    _stamp(session, stanza)
    try:
        to = _address(domain, stanza)
        if domain.blockers and to is not None and blocking.stops(domain, session, stanza, to):
            return
        if to is not None and to.domain != domain.name:
            services.handle(domain, session, stanza, to)
            return
        _KINDS[stanza.tag](domain, session, stanza, to)
    except StanzaFault as fault:
        error = error_for(stanza, fault, domain.name)
        if error is not None:
            error.set("to", session.jid)
            session.send(serialise(error))
            if domain.copying and stanza.tag == ns.MESSAGE:
                carbons.bounced(domain, session, stanza, error)


def _stamp(session: Session, stanza: Element) -> None:
    """The true sender (section 8.1.2.1) and the default language (section 8.1.5)."""
    claimed = stanza.get("from")
    if claimed is not None and not _is_own(session, claimed):
        raise StreamViolation("invalid-from", "not your address")
    stanza.set("from", session.jid)
    if session.lang and stanza.get(ns.LANG) is None:
        stanza.set(ns.LANG, session.lang)


def _is_own(session: Session, claimed: str) -> bool:
    try:
        return jids.parse(claimed).full in (session.jid, session.owner.jid)
    except ValueError:
        return False


def _address(domain: Domain, stanza: Element) -> Jid | None:
    """Where the stanza goes: to this domain or a service beneath it; others are out of reach."""
    text = stanza.get("to")
    if text is None:
        return None
    try:
        to = jids.parse(text)
    except ValueError:
        raise StanzaFault("jid-malformed") from None
    if to.domain != domain.name and to.domain not in domain.services:
        raise StanzaFault("remote-server-not-found")  # section 10.4.3
    return to
