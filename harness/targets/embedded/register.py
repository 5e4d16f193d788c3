"""In-band registration (XEP-0077): before login a new account, after it a new password or none."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import iq as iqs
from harness.targets.embedded import jids, roster
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.faults import StanzaFault, error_for
from harness.targets.embedded.store import Account
from harness.xmpp.stanza import serialise

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session

NAMESPACE = "jabber:iq:register"
QUERY = f"{{{NAMESPACE}}}query"
_REMOVE_TAG = f"{{{NAMESPACE}}}remove"
_INSTRUCTIONS = "Choose a user name and a password."


def is_request(iq: Element) -> bool:
    """Whether a stanza that comes before login may be meant for us."""
    return iq.find(QUERY) is not None and iq.get("type") in ("get", "set")


def early(domain: Domain, session: Session, iq: Element) -> None:
    """A request from a stream on which nobody is authenticated."""
    iq.attrib.pop("from", None)  # nobody has an address to answer to yet
    try:
        request = iqs.Request(domain, session, iq, iqs.payload_of(iq), None)
        if not request.is_set:
            _form(request)
        elif request.payload.find(_REMOVE_TAG) is not None:  # section 3.2
            raise StanzaFault("unexpected-request")
        else:
            _create(request)
    except StanzaFault as fault:
        error = error_for(iq, fault, domain.name)
        if error is not None:
            session.answer(serialise(error))


def handle(request: iqs.Request) -> None:
    """A request from a bound resource, addressed to the server or to nobody."""
    if request.account is not None and not request.own:
        raise StanzaFault("forbidden")
    if not request.is_set:
        _form(request)
    elif request.payload.find(_REMOVE_TAG) is not None:
        _remove(request)
    else:
        _change_password(request)


def _form(request: iqs.Request) -> None:
    query = Element(QUERY)
    account = request.session.account
    SubElement(query, f"{{{NAMESPACE}}}instructions").text = _INSTRUCTIONS
    if account is not None:
        SubElement(query, f"{{{NAMESPACE}}}registered")
    username = SubElement(query, f"{{{NAMESPACE}}}username")
    username.text = account.jid.partition("@")[0] if account else None
    SubElement(query, f"{{{NAMESPACE}}}password")
    request.reply(query)


def _credentials(request: iqs.Request) -> tuple[str, str]:
    """The prepared user name and the password. Raises StanzaFault where one is missing."""
    try:
        name = jids.prepare_local(request.payload.findtext(f"{{{NAMESPACE}}}username") or "")
    except ValueError:
        raise StanzaFault("not-acceptable") from None
    password = request.payload.findtext(f"{{{NAMESPACE}}}password") or ""
    if not password:
        raise StanzaFault("not-acceptable")
    return name, password


def _create(request: iqs.Request) -> None:
    name, password = _credentials(request)
    if request.domain.store.find(name) is not None:
        raise StanzaFault("conflict")
    request.domain.store.create(name, password)
    request.reply()


def _change_password(request: iqs.Request) -> None:
    if not request.payload.findtext(f"{{{NAMESPACE}}}username"):  # section 3.3
        raise StanzaFault("bad-request")
    name, password = _credentials(request)
    account = request.session.owner
    if request.domain.store.find(name) is not account:
        raise StanzaFault("not-allowed")
    account.password = request.domain.store.verifiers(password)
    request.reply()


def _remove(request: iqs.Request) -> None:
    if len(request.payload) != 1:
        raise StanzaFault("bad-request")
    account = request.session.owner
    for contact in list(account.contacts.values()):
        roster.remove(request.domain, account, contact)
    request.reply()
    _delete(request.domain, account)


def _delete(domain: Domain, account: Account) -> None:
    for session in list(account.resources.values()):
        session.fail("not-authorized", "the account is gone")
    domain.store.accounts.pop(account.jid.partition("@")[0], None)


HANDLERS = {QUERY: handle}
