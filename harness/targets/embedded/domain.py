"""The domain that the server hosts: its accounts and the sessions that are bound to them."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from harness.targets.embedded.config import Config
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.store import Account, Store

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session


class Domain:
    """What all sessions share."""

    def __init__(self, config: Config, binding: bytes = b"") -> None:
        self.config = config
        self.name = config.domain
        self.binding = binding  # tls-server-end-point of our certificate; empty without TLS
        self.store = Store(config.domain)
        self.sessions: dict[str, Session] = {}  # bound ones, by full JID
        self.closing = False
        self.epoch = secrets.token_hex(4)  # makes roster versions of another run unknown
        self._pushes = 0

    def account(self, jid: Jid) -> Account | None:
        """The local account of this address, if there is one."""
        return self.store.accounts.get(jid.local) if jid.domain == self.name else None

    def next_id(self) -> str:
        """An id for a stanza that the server sends on its own account."""
        self._pushes += 1
        return f"s{self._pushes:x}"


def stamp() -> str:
    """The time in the form of XEP-0082."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
