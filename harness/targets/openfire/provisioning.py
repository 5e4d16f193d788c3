"""Accounts and rosters as lines of the script that Openfire's embedded database starts from.

The database (HSQLDB) is plain SQL in `embedded-db/openfire.script`, complete when the server has
ended in order; it is changed while the server stands still.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.errors import HarnessError
from harness.targets.local import RosterChange, user
from harness.targets.verifier import Verifier

_BOTH = 3  # subscription
_KNOWN = "STOREDKEY"  # a column of OFUSER, where verifiers are kept up to version 5.1
_COUNTER = re.compile(r"^INSERT INTO OFID VALUES\(18,\d+\)$", re.MULTILINE)
_ITEM = re.compile(r"INSERT INTO OFROSTER VALUES\((\d+),'([^']*)'")


def change(
    script: Path,
    domain: str,
    users: Sequence[str],
    verifier: Verifier,
    changes: Sequence[RosterChange],
) -> None:
    """Add accounts, and give those in `changes` exactly their new contacts. Raises HarnessError
    for a database that is laid out in another way."""
    text = script.read_text(encoding="utf-8")
    if _KNOWN not in text or not _COUNTER.search(text):
        raise HarnessError(
            "this version of Openfire keeps its accounts in a way that is not known here"
        )
    owners = {user(change.owner) for change in changes}
    lines = [line for line in text.splitlines() if not _belongs_to(line, owners)]
    number = 1 + max((int(m[1]) for line in lines if (m := _ITEM.match(line))), default=1_000)
    items = list(_items(changes, domain, number))
    counter = f"INSERT INTO OFID VALUES(18,{number + len(items) + 1_000})"
    lines = [counter if _COUNTER.match(line) else line for line in lines]
    script.write_text("\n".join([*lines, *_accounts(users, verifier), *items, ""]), "utf-8")


def _belongs_to(line: str, owners: set[str]) -> bool:
    found = _ITEM.match(line)
    return found is not None and found[2] in owners


def _accounts(users: Sequence[str], verifier: Verifier) -> Iterator[str]:
    stored, server, salt = (
        base64.b64encode(part).decode()
        for part in (verifier.stored_key, verifier.server_key, verifier.salt)
    )
    now = f"{round(time.time() * 1000):015d}"
    for name in users:
        yield (
            f"INSERT INTO OFUSER VALUES('{name}','{stored}','{server}','{salt}',"
            f"{verifier.iterations},NULL,NULL,NULL,NULL,'{now}','{now}')"
        )


def _items(changes: Sequence[RosterChange], domain: str, number: int) -> Iterator[str]:
    """The first column is unique among all rosters, from `number` on."""
    for changed in changes:
        owner = user(changed.owner)
        for contact in sorted(changed.after):
            jid = f"{user(contact)}@{domain}"
            yield f"INSERT INTO OFROSTER VALUES({number},'{owner}','{jid}',{_BOTH},-1,-1,NULL,NULL)"
            number += 1
