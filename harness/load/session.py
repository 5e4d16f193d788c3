"""What a worker must know to take part in a run; travels from the master as one message."""

from __future__ import annotations

from random import Random
from typing import Any, Literal

import msgspec

from harness.targets.base import Account, Endpoint

ClientKind = Literal["light", "slixmpp", "mix"]
WITNESS_EVERY = 50  # in a mix, every 50th user is a complete client: 2 %


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One worker's part of a run. Holds passwords: never written to a record or a log."""

    run: str = ""  # hexadecimal digits that tell this run's messages from those of others
    worker: int
    workers: int
    endpoint: Endpoint
    accounts: list[Account]
    first_index: int  # the first of `accounts` is account number `first_index` of the run
    step: int  # and the next ones follow at this distance
    contacts: list[list[int]] = []  # account numbers, for each of `accounts`
    client: ClientKind = "light"
    mechanisms: tuple[str, ...]
    arrivals: str | None = None  # the plan of messages, of all workers together (see `arrivals`)
    logins: str  # the plan of logins, of all workers together
    placement: str = "uniform"  # whose turn it is at an arrival (see `placement`)
    seed: int = 0
    login_timeout: float
    drain: float  # seconds
    echoes_presence: bool = True  # the server sends a client its own presence (RFC 6121 4.2.2)
    features: frozenset[str] = frozenset()  # of server and account (XEP-0030)
    rooms: str | None = None  # the domain of the server's rooms (XEP-0045)

    def random(self, purpose: str) -> Random:
        """A source of chance of this worker, the same in each run with this seed."""
        return Random(f"{self.seed}/{purpose}/{self.worker} of {self.workers}")

    def random_of(self, account: int) -> Random:
        """The source of chance of one user, whichever worker it is on."""
        return Random(f"{self.seed}/user/{account}")

    def __repr__(self) -> str:
        return f"Session(worker {self.worker} of {self.workers})"


def to_wire(session: Session) -> Any:
    """Plain containers for Locust's own transport."""
    return msgspec.to_builtins(session)


def from_wire(data: Any) -> Session:
    """The session of `to_wire`."""
    return msgspec.convert(data, Session)
