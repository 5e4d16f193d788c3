"""Requests and their answers (RFC 6120 section 8.2.3, RFC 6121 section 8.5).

A handler gets a `Request` and either calls `reply` once or raises StanzaFault. Which payloads
are understood, and for whom, are the two tables `FOR_ACCOUNT` and `FOR_SERVER`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from harness.targets.embedded.domain import Domain
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.store import Account
from harness.xmpp import stanza as stanzas
from harness.xmpp.stanza import serialise

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session


@dataclass(slots=True)
class Request:
    """An iq of type get or set that the server answers, for itself or for an account."""

    domain: Domain
    session: Session
    iq: Element
    payload: Element
    account: Account | None  # whom it is addressed to; None: the server

    @property
    def is_set(self) -> bool:
        return self.iq.get("type") == "set"

    @property
    def own(self) -> bool:
        """Whether the sender asks for their own account."""
        return self.account is self.session.account

    def reply(self, payload: Element | None = None) -> None:
        """Answer with a result, from the address that was asked."""
        result = stanzas.reply(self.iq, payload=payload)
        if (asked := self.iq.get("to")) is not None:
            result.set("from", asked)
        self.session.answer(serialise(result))


Handler = Callable[[Request], None]
FOR_ACCOUNT: dict[str, Handler] = {}
FOR_SERVER: dict[str, Handler] = {}
FOR_NOBODY: dict[str, Handler] = {}  # for accounts that do not exist, when nobody may notice it


def payload_of(iq: Element) -> Element:
    """The one child of a request. Raises StanzaFault where there is not exactly one."""
    if iq.get("id") is None or len(iq) != 1:
        raise StanzaFault("bad-request")
    return iq[0]


def handle(domain: Domain, session: Session, iq: Element, to: Jid | None) -> None:
    """Answer one iq, pass it on to the resource that it names, or ignore it."""
    kind = iq.get("type")
    if kind not in ("get", "set", "result", "error"):
        raise StanzaFault("bad-request")
    asks = kind in ("get", "set")
    payload = payload_of(iq) if asks else None
    if to is not None and to.local and to.resource:
        _to_resource(domain, session, iq, to, asks)
    elif payload is not None:
        _answer(domain, session, iq, payload, to)
    else:
        domain.answered(session, iq)


def _answer(
    domain: Domain, session: Session, iq: Element, payload: Element, to: Jid | None
) -> None:
    """On behalf of the account that is addressed, the sender's own by default."""
    if to is not None and not to.local:
        handler, account = FOR_SERVER.get(payload.tag), None
    else:
        account = session.owner if to is None else domain.account(to)
        handler = (FOR_NOBODY if account is None else FOR_ACCOUNT).get(payload.tag)
    if handler is None:
        raise StanzaFault("service-unavailable")
    handler(Request(domain, session, iq, payload, account))


def _to_resource(domain: Domain, session: Session, iq: Element, to: Jid, asks: bool) -> None:
    """A full JID: requests only reach who shares presence with the sender (section 8.5.3)."""
    target = domain.sessions.get(to.full)
    if target is not None and (not asks or _shares_presence(target, session)):
        target.send(serialise(iq))
    elif asks:
        raise StanzaFault("service-unavailable")


def _shares_presence(target: Session, session: Session) -> bool:
    sender = session.owner.jid
    return target.owner.shows_presence_to(sender) or not target.directed.isdisjoint(
        (session.jid, sender)
    )
