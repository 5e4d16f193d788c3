"""Accounts, their rosters, credentials and stored messages. All in memory."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from harness.targets.embedded import jids

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from harness.targets.embedded.archive import Archive
    from harness.targets.embedded.nodes import Node
    from harness.targets.embedded.session import Session

ITERATIONS = 4096


class State(Enum):
    """The nine subscription states of a contact (RFC 6121 appendix A.1).

    Values: the roster's subscription attribute, pending out ("ask"), pending in.
    """

    NONE = ("none", False, False)
    NONE_OUT = ("none", True, False)
    NONE_IN = ("none", False, True)
    NONE_OUT_IN = ("none", True, True)
    TO = ("to", False, False)
    TO_IN = ("to", False, True)
    FROM = ("from", False, False)
    FROM_OUT = ("from", True, False)
    BOTH = ("both", False, False)

    def __init__(self, subscription: str, pending_out: bool, pending_in: bool) -> None:
        self.subscription = subscription
        self.pending_out = pending_out
        self.pending_in = pending_in
        self.sends = subscription in ("from", "both")  # the contact sees the user's presence
        self.receives = subscription in ("to", "both")  # the user sees the contact's presence


@dataclass(slots=True)
class Contact:
    """One contact of one user: a roster item, or (`listed` false) only a pending request."""

    jid: str
    state: State = State.NONE
    name: str = ""
    groups: tuple[str, ...] = ()
    approved: bool = False  # pre-approved (RFC 6121 section 3.4)
    listed: bool = False
    request: bytes = b""  # the subscription request that waits for an answer
    version: int = 0  # of the roster, when the item last changed


class Verifier(NamedTuple):
    """What SCRAM stores of a password for one hash (RFC 5802 section 3)."""

    salt: bytes
    stored_key: bytes
    server_key: bytes
    iterations: int


@dataclass(slots=True, eq=False)
class Account:
    """A user of this server. `resources` are the connected ones, by resourcepart."""

    jid: str
    password: dict[str, Verifier]  # by hash: "sha1", "sha256"
    contacts: dict[str, Contact] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)  # roster versions of removals
    version: int = 0
    resources: dict[str, Session] = field(default_factory=dict)
    offline: list[bytes] = field(default_factory=list)
    last_seen: str = ""  # when the last resource became unavailable
    vcard: Element | None = None  # XEP-0054
    blocked: set[str] = field(default_factory=set)  # the JIDs of XEP-0191
    archive: Archive | None = None  # XEP-0313
    nodes: dict[str, Node] = field(default_factory=dict)  # of XEP-0163, by name

    def available(self) -> list[Session]:
        """The resources with a presence session (RFC 6121 section 4.1)."""
        return [session for session in self.resources.values() if session.presence is not None]

    def interested(self) -> list[Session]:
        """The resources that have asked for the roster (RFC 6121 section 2.1.6)."""
        return [session for session in self.resources.values() if session.interested]

    def shows_presence_to(self, bare: str) -> bool:
        """Whether that user is this one, or subscribed to this one's presence."""
        contact = self.contacts.get(bare)
        return bare == self.jid or (contact is not None and contact.state.sends)


class Store:
    """Every account, by localpart.

    All passwords have the same salt, so that a thousand accounts with one password cost one
    derivation; nobody should do so outside a test bench.
    """

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self.accounts: dict[str, Account] = {}
        self._salt = secrets.token_bytes(16)
        self._decoy = self.verifiers(secrets.token_hex(16))

    def find(self, local: str) -> Account | None:
        """The account of a localpart, prepared or not."""
        if (account := self.accounts.get(local)) is not None:
            return account
        try:
            return self.accounts.get(jids.prepare_local(local))
        except ValueError:
            return None

    def account(self, bare: str) -> Account | None:
        """The account with this bare JID, which must be a prepared one."""
        local, _, domain = bare.rpartition("@")
        return self.accounts.get(local) if domain == self.domain else None

    def jid(self, local: str) -> str:
        """The bare JID of a localpart; of one that can not be prepared, nobody's."""
        try:
            return f"{jids.prepare_local(local)}@{self.domain}"
        except ValueError:
            return ""

    def create(self, local: str, password: str) -> Account:
        """A new account. Raises ValueError when the localpart can not be one."""
        local = jids.prepare_local(local)
        account = Account(f"{local}@{self.domain}", self.verifiers(password))
        self.accounts[local] = account
        return account

    def verifiers(self, password: str) -> dict[str, Verifier]:
        """What is stored of this password."""
        return {name: _verifier(name, password, self._salt) for name in ("sha1", "sha256")}

    def verifier(self, local: str, algorithm: str) -> Verifier:
        """What SCRAM checks against; for an unknown user, one that nobody can match.

        So the exchange looks the same whether or not the account exists
        (RFC 6120 section 6.5.10).
        """
        account = self.find(local)
        return (account.password if account else self._decoy)[algorithm]

    def check(self, local: str, password: str) -> Account | None:
        """The account, if that is its password."""
        account = self.find(local)
        expected = self.verifier(local, "sha256").stored_key
        actual = _verifier("sha256", password, self._salt).stored_key
        return account if hmac.compare_digest(expected, actual) else None

    def fill_roster(self, local: str, contacts: Sequence[str]) -> None:
        """Give the account exactly these contacts, by localpart, with subscription "both"."""
        if (account := self.find(local)) is None:
            raise ValueError(f"there is no account {local!r}")
        account.version += 1
        account.contacts = {
            jid: Contact(jid, State.BOTH, listed=True, version=account.version)
            for jid in (f"{contact}@{self.domain}" for contact in contacts)
        }


@lru_cache(maxsize=65_536)
def _verifier(algorithm: str, password: str, salt: bytes) -> Verifier:
    salted = hashlib.pbkdf2_hmac(algorithm, password.encode(), salt, ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", algorithm)
    stored_key = hashlib.new(algorithm, client_key).digest()
    return Verifier(salt, stored_key, hmac.digest(salted, b"Server Key", algorithm), ITERATIONS)
