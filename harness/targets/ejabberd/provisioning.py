"""Accounts and rosters as text dumps of ejabberd's tables, loaded through its API."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol

from harness.errors import HarnessError
from harness.targets.local import RosterChange, user
from harness.targets.verifier import Verifier

# One load is one transaction; larger ones take longer per row.
_ROWS_PER_LOAD = 1000
_ACCOUNTS = "{tables,[{passwd,[{record_name,passwd},{attributes,[us,password]}]}]}.\n"
_ROSTERS = (
    "{tables,[{roster,[{record_name,roster},{attributes,"
    "[usj,us,jid,name,subscription,ask,groups,askmessage,xs]}]}]}.\n"
)


class Commands(Protocol):
    """Whatever gives ejabberd its commands: the HTTP API, or ejabberdctl."""

    def call(self, command: str, **arguments: str) -> object:
        """The command's result. Raises HarnessError when ejabberd refuses it."""
        ...


def add_accounts(
    api: Commands, directory: Path, domain: str, users: Sequence[str], verifier: Verifier
) -> None:
    """Load accounts that share one SCRAM-SHA-1 verifier."""
    stored, server, salt = (
        _binary(b64encode(part).decode())
        for part in (verifier.stored_key, verifier.server_key, verifier.salt)
    )
    secret = f"{{scram,{stored},{server},{salt},sha,{verifier.iterations}}}"
    host = _binary(domain)
    rows = (f"{{passwd,{{{_binary(name)},{host}}},{secret}}}.\n" for name in users)
    _load(api, directory, _ACCOUNTS, rows)


def change_rosters(
    api: Commands, directory: Path, domain: str, changes: Sequence[RosterChange]
) -> None:
    """Delete the contacts that are no longer wanted one by one, then load the new ones."""
    for change in changes:
        for contact in change.before - change.after:
            api.call(
                "delete_rosteritem",
                localuser=user(change.owner),
                localhost=domain,
                user=user(contact),
                host=domain,
            )
    host = _binary(domain)
    rows = (
        _roster_row(host, _binary(user(change.owner)), _binary(user(contact)))
        for change in changes
        for contact in sorted(change.after - change.before)
    )
    _load(api, directory, _ROSTERS, rows)


def _roster_row(host: str, owner: str, contact: str) -> str:
    jid = f"{{{contact},{host},<<>>}}"
    return (
        f"{{roster,{{{owner},{host},{jid}}},{{{owner},{host}}},{jid},<<>>,both,none,[],<<>>,[]}}.\n"
    )


def _load(api: Commands, directory: Path, head: str, rows: Iterator[str]) -> None:
    dump = directory / "load.txt"
    try:
        while part := list(islice(rows, _ROWS_PER_LOAD)):
            with os.fdopen(os.open(dump, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
                out.write(head)
                out.writelines(part)
            if api.call("load", file=str(dump)) != "":
                raise HarnessError("ejabberd could not load the accounts")
    finally:
        dump.unlink(missing_ok=True)


def _binary(text: str) -> str:
    return f'<<"{text}">>'
