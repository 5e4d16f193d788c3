"""Accounts and rosters as backups of ejabberd's tables, restored through its API."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from harness.errors import HarnessError
from harness.targets.ejabberd.backup import NIL, atom, binary, integer, tuple_of, write
from harness.targets.local import RosterChange, user
from harness.targets.verifier import Verifier

_ACCOUNT, _ROSTER = atom("passwd"), atom("roster")  # tables, and so the names of their rows
_BOTH, _NONE, _NO_TEXT = atom("both"), atom("none"), binary("")


class Commands(Protocol):
    """Whatever gives ejabberd its commands: the HTTP API, or ejabberdctl."""

    def call(self, command: str, **arguments: str) -> object:
        """The command's result. Raises HarnessError when ejabberd refuses it."""
        ...


def add_accounts(
    api: Commands, directory: Path, domain: str, users: Sequence[str], verifier: Verifier
) -> None:
    """Add accounts that share one SCRAM-SHA-1 verifier."""
    stored, server, salt = (
        binary(b64encode(part).decode())
        for part in (verifier.stored_key, verifier.server_key, verifier.salt)
    )
    iterations = integer(verifier.iterations)
    secret = tuple_of(atom("scram"), stored, server, salt, atom("sha"), iterations)
    host = binary(domain)
    rows = (tuple_of(_ACCOUNT, tuple_of(binary(name), host), secret) for name in users)
    _restore(api, directory, _ACCOUNT, rows)


def change_rosters(
    api: Commands, directory: Path, domain: str, changes: Sequence[RosterChange]
) -> None:
    """Delete the contacts that are no longer wanted one by one, then restore the new ones."""
    for change in changes:
        for contact in change.before - change.after:
            api.call(
                "delete_rosteritem",
                localuser=user(change.owner),
                localhost=domain,
                user=user(contact),
                host=domain,
            )
    host = binary(domain)
    rows = (
        _roster_row(host, binary(user(change.owner)), binary(user(contact)))
        for change in changes
        for contact in sorted(change.after - change.before)
    )
    _restore(api, directory, _ROSTER, rows)


def _roster_row(host: bytes, owner: bytes, contact: bytes) -> bytes:
    jid = tuple_of(contact, host, _NO_TEXT)
    key = tuple_of(owner, host, jid)
    of = tuple_of(owner, host)
    return tuple_of(_ROSTER, key, of, jid, _NO_TEXT, _BOTH, _NONE, NIL, _NO_TEXT, NIL)


def _restore(api: Commands, directory: Path, table: bytes, rows: Iterable[bytes]) -> None:
    rows = list(rows)
    if not rows:
        return
    backup = directory / "accounts.backup"
    try:
        with os.fdopen(os.open(backup, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            write(out, table, rows)
        if (answer := api.call("restore", file=str(backup))) != "":
            raise HarnessError(f"ejabberd could not restore the accounts: {answer}")
    finally:
        backup.unlink(missing_ok=True)
