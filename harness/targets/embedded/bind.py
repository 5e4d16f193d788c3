"""Resource binding (RFC 6120 section 7), and the session request of RFC 3921, now empty."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import iq as iqs
from harness.targets.embedded import jids
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.faults import StanzaFault, error_for
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza as stanzas
from harness.xmpp.stanza import serialise

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session

BIND = f"{{{ns.BIND}}}bind"
_RESOURCE = f"{{{ns.BIND}}}resource"
_SESSION = f"{{{ns.SESSION}}}session"


def is_request(domain: Domain, session: Session, iq: Element) -> bool:
    """Whether the stanza has to do with binding, well made or not, and is for the server."""
    own = (None, domain.name, session.owner.jid)
    return iq.find(BIND) is not None and iq.get("to") in own


def answer(domain: Domain, session: Session, iq: Element) -> bool:
    """Bind, or send the stanza error; whether the resource is bound."""
    iq.attrib.pop("from", None)  # nobody has an address to answer to yet
    try:
        if iq.get("type") != "set":
            raise StanzaFault("bad-request")
        resource = _resource_for(domain, session, iqs.payload_of(iq))
    except StanzaFault as fault:
        error = error_for(iq, fault, domain.name)
        if error is not None:
            session.answer(serialise(error))
        return False
    session.bound(resource)
    bound = Element(BIND)
    SubElement(bound, f"{{{ns.BIND}}}jid").text = session.jid
    session.answer(serialise(stanzas.reply(iq, payload=bound)))
    return True


def _resource_for(domain: Domain, session: Session, request: Element) -> str:
    account = session.owner
    wanted = request.findtext(_RESOURCE) or ""
    try:
        resource = jids.prepare_resource(wanted) if wanted else _random()
    except ValueError:
        raise StanzaFault("bad-request") from None
    if (other := account.resources.get(resource)) is not None:  # section 7.7.2.2
        if domain.config.on_conflict == "refuse":
            raise StanzaFault("conflict", type="modify")
        if domain.config.on_conflict == "rename":
            return _random()
        other.fail("conflict", "another stream has taken over this resource")
    elif len(account.resources) >= domain.config.resources:  # section 7.6.2.1
        raise StanzaFault("resource-constraint")
    return resource


def _random() -> str:
    return secrets.token_hex(8)  # not to be guessed (section 7.6)


def again(_request: iqs.Request) -> None:
    """One stream, one resource."""
    raise StanzaFault("not-allowed")


def start_session(request: iqs.Request) -> None:
    """For clients of the time before RFC 6120."""
    request.reply()


HANDLERS = {BIND: again, _SESSION: start_session}
