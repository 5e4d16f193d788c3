"""The domain that the server hosts: its accounts and the sessions that are bound to them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from harness.targets.embedded.config import Config
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.store import Account, Store
from harness.xmpp import stanza as stanzas
from harness.xmpp.stanza import serialise

if TYPE_CHECKING:
    from harness.targets.embedded.services import Service
    from harness.targets.embedded.session import Session

    Taker = Callable[[Session, Element], None]


class Domain:
    """What all sessions share."""

    def __init__(self, config: Config, binding: bytes = b"") -> None:
        self.config = config
        self.name = config.domain
        self.binding = binding  # tls-server-end-point of our certificate; empty without TLS
        self.store = Store(config.domain)
        self.sessions: dict[str, Session] = {}  # bound ones, by full JID
        self.closing = False
        self.copying: set[Account] = set()  # those with resources that want carbons (XEP-0280)
        self.archives = config.archive
        self.resumable: dict[str, Session] = {}  # by SM-ID (XEP-0198)
        self.ended: dict[tuple[str, str], int] = {}  # (bare JID, SM-ID) -> last count, when over
        self.blockers: set[Account] = set()  # the accounts that block anybody
        self.services: dict[str, Service] = {}  # by their domains
        self.capabilities: dict[tuple[str, str], frozenset[str]] = {}  # (hash, ver) -> features
        self._asked: dict[tuple[str, str], Taker] = {}
        self.epoch = secrets.token_hex(4)  # makes roster versions of another run unknown
        self._pushes = 0

    def account(self, jid: Jid) -> Account | None:
        """The local account of this address, if there is one."""
        return self.store.accounts.get(jid.local) if jid.domain == self.name else None

    def ask(self, session: Session, payload: Element, take: Taker) -> None:
        """Send a request of the server to a client; `take` gets the answer, if one comes."""
        name = self.next_id()
        self._asked[session.jid, name] = take
        request = stanzas.iq("get", name, session.jid, payload)
        request.set("from", self.name)
        session.send(serialise(request))

    def answered(self, session: Session, iq: Element) -> None:
        """A client has sent a result or an error to the server."""
        take = self._asked.pop((session.jid, iq.get("id", "")), None)
        if take is not None:
            take(session, iq)

    def forget(self, session: Session) -> None:
        """The session is over: it answers no request any more."""
        for key in [key for key in self._asked if key[0] == session.jid]:
            del self._asked[key]

    def next_id(self) -> str:
        """An id for a stanza that the server sends on its own account."""
        self._pushes += 1
        return f"s{self._pushes:x}"


def stamp() -> str:
    """The time in the form of XEP-0082."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
