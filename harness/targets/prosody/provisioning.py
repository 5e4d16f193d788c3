"""Accounts and rosters as files of Prosody's `internal` data store."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from harness.targets.local import RosterChange, user
from harness.targets.verifier import Verifier


def add_accounts(data: Path, domain: str, users: Sequence[str], verifier: Verifier) -> None:
    """Write accounts that share one SCRAM-SHA-1 verifier (`internal_hashed`)."""
    folder = _folder(data, domain, "accounts")
    content = (
        "return {\n"
        f'\t["stored_key"] = "{verifier.stored_key.hex()}";\n'
        f'\t["server_key"] = "{verifier.server_key.hex()}";\n'
        f'\t["iteration_count"] = {verifier.iterations};\n'
        f'\t["salt"] = "{verifier.salt.decode("ascii")}";\n'
        "};\n"
    )
    for name in users:
        _write(folder / f"{escape(name)}.dat", content)


def change_rosters(data: Path, domain: str, changes: Sequence[RosterChange]) -> None:
    """Write whole rosters. A running server that knows an older one must be told."""
    folder = _folder(data, domain, "roster")
    for change in changes:
        _write(folder / f"{escape(user(change.owner))}.dat", _roster(domain, change.after))


def escape(name: str) -> str:
    """A host or user name as Prosody writes it in paths: other than [A-Za-z0-9] becomes %xx."""
    return "".join(
        chr(byte) if re.match(rb"[A-Za-z0-9]", bytes([byte])) else f"%{byte:02x}"
        for byte in name.encode()
    )


def _roster(domain: str, contacts: Collection[int]) -> str:
    items = "".join(
        f'\t["{user(contact)}@{domain}"] = {{\n'
        '\t\t["subscription"] = "both";\n\t\t["groups"] = {};\n\t};\n'
        for contact in sorted(contacts)
    )
    head = '\t[false] = {\n\t\t["version"] = 1;\n\t\t["pending"] = {};\n\t};\n'
    return f"return {{\n{head}{items}}};\n"


def _folder(data: Path, domain: str, store: str) -> Path:
    folder = data / escape(domain) / store
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _write(file: Path, content: str) -> None:
    """Replace the file in one step, so that a running server never reads half of it."""
    new = file.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(content)
    new.replace(file)
