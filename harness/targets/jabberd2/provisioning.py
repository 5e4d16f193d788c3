"""Accounts and rosters as rows of jabberd2's SQLite database."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from harness.errors import HarnessError
from harness.targets.local import RosterChange, user

SCHEMA = Path("/usr/share/doc/jabberd2/db-setup.sqlite.gz")
_LOCK_S = 30.0

# An account exists for c2s by the first and for the session manager by the second of these.
_LOGIN = "INSERT INTO authreg (username, realm, password) VALUES (?, ?, ?)"
_ACTIVE = 'INSERT INTO active ("collection-owner") VALUES (?)'
_FORGET = 'DELETE FROM "roster-items" WHERE "collection-owner" = ? AND jid = ?'
_CONTACT = """\
INSERT INTO "roster-items" ("collection-owner", jid, "to", "from", ask) VALUES (?, ?, 1, 1, 0)"""


def create(database: Path) -> None:
    """Make the tables, from the package's own script. Raises HarnessError when that fails."""
    database.touch(mode=0o600)
    try:
        script = gzip.decompress(SCHEMA.read_bytes()).decode()
        with closing(sqlite3.connect(database)) as connection:
            connection.executescript(script)
    except (OSError, EOFError, UnicodeDecodeError, sqlite3.Error) as error:
        raise HarnessError(f"cannot make jabberd2's tables from {SCHEMA}: {error}") from None


@contextmanager
def transaction(database: Path) -> Iterator[sqlite3.Connection]:
    """All changes or none, while the server runs. Raises OSError when the database refuses."""
    try:
        with closing(sqlite3.connect(database, timeout=_LOCK_S)) as connection, connection:
            yield connection
    except sqlite3.Error as error:
        raise OSError(f"its database says: {error}") from None


def add_accounts(
    connection: sqlite3.Connection, domain: str, users: Sequence[str], password: str
) -> None:
    """Write accounts that share one password, which jabberd2 stores in clear text."""
    connection.executemany(_LOGIN, ((name, domain, password) for name in users))
    connection.executemany(_ACTIVE, ((f"{name}@{domain}",) for name in users))


def change_rosters(
    connection: sqlite3.Connection, domain: str, changes: Sequence[RosterChange]
) -> None:
    """Write what has changed. A user who is online sees it at the next login."""

    def rows(change: RosterChange, contacts: frozenset[int]) -> Iterator[tuple[str, str]]:
        owner = f"{user(change.owner)}@{domain}"
        return ((owner, f"{user(contact)}@{domain}") for contact in sorted(contacts))

    for change in changes:
        connection.executemany(_FORGET, rows(change, change.before - change.after))
        connection.executemany(_CONTACT, rows(change, change.after - change.before))
