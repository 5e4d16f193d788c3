"""Services at domains of their own beneath the server's: how stanzas get there and are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol
from xml.etree.ElementTree import Element

from harness.targets.embedded import carbons, iq, presence, subscriptions
from harness.targets.embedded.disco import Item, Said
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.extension import Extension
from harness.targets.embedded.faults import StanzaFault, error_for
from harness.targets.embedded.jids import Jid
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import serialise

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session


class Service(Protocol):
    """What answers at the domain."""

    def take(self, session: Session, stanza: Element, to: Jid) -> None:
        """Deal with a stanza of a client. Raises StanzaFault, but not for unavailable presence."""
        ...


OFFERED: dict[str, Callable[[Domain, str], Service]] = {}  # by the first label of the domain


def open_all(domain: Domain) -> None:
    """Let each service that an extension offers answer at its domain."""
    for label, opened in OFFERED.items():
        address = f"{label}.{domain.name}"
        domain.services[address] = opened(domain, address)


def handle(domain: Domain, session: Session, stanza: Element, to: Jid) -> None:
    """Pass a stanza on to the service; its sender gets the error, if there is one."""
    if stanza.tag == ns.PRESENCE:
        if stanza.get("type") in subscriptions.TYPES:
            presence.handle(domain, session, stanza, to)
            return
        _note_directed(session, stanza, to)
    try:
        domain.services[to.domain].take(session, stanza, to)
    except StanzaFault as fault:
        error = error_for(stanza, fault, to.full)
        if stanza.tag == ns.PRESENCE:
            session.directed.discard(to.full)
        if error is not None:
            session.send(serialise(error))
        return
    if domain.copying and stanza.tag == ns.MESSAGE:
        carbons.copy(domain, session, stanza, None, stanza, ())


def _note_directed(session: Session, stanza: Element, to: Jid) -> None:
    """Directed presence ends with the session (RFC 6121 section 4.6.3)."""
    kind = stanza.get("type")
    if kind is None:
        session.directed.add(to.full)
    elif kind == "unavailable":
        session.directed.discard(to.full)


def _listed(request: iq.Request, node: str) -> list[Item] | None:
    return None if node else [Item(address) for address in request.domain.services]


EXTENSION = Extension(of_server=Said(items=[_listed]))
