"""Certificates for servers that we start: one authority and one leaf per instance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

# trustme's own choice, the year 3000, makes ejabberd's certificate store crash on its timers.
_VALIDITY = timedelta(days=365)


@dataclass(frozen=True)
class Certificates:
    """PEM files. `chain` holds the leaf and what follows it, `bundle` the key and the chain."""

    ca: Path
    chain: Path
    key: Path
    bundle: Path


def issue(directory: Path, domain: str, *more: str) -> Certificates:
    """Write a new authority's certificate and a leaf for `domain` (and `more`) to `directory`.

    The names are dNSName entries, which RFC 6120 section 13.7.1.2 lets a client match.
    The directory should be private: the key files lie in it, mode 0600.
    """
    authority = trustme.CA()
    leaf = authority.issue_cert(domain, *more, not_after=datetime.now(UTC) + _VALIDITY)
    files = Certificates(
        ca=directory / "ca.pem",
        chain=directory / f"{domain}.crt",
        key=directory / f"{domain}.key",
        bundle=directory / f"{domain}.pem",
    )
    authority.cert_pem.write_to_path(str(files.ca))
    files.key.touch(mode=0o600)
    files.bundle.touch(mode=0o600)
    leaf.private_key_pem.write_to_path(str(files.key))
    leaf.private_key_and_cert_chain_pem.write_to_path(str(files.bundle))
    for number, blob in enumerate(leaf.cert_chain_pems):
        blob.write_to_path(str(files.chain), append=number > 0)
    return files
