"""Accounts and rosters in the portable format of XEP-0227, which Tigase's own tool takes over."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from harness.targets.local import RosterChange, user
from harness.targets.verifier import Verifier
from harness.xmpp.stanza import serialise

_DATA = "urn:xmpp:pie:0"
_SCRAM = "urn:xmpp:pie:0#scram"
_ROSTER = "jabber:iq:roster"
NAME = "server-data.xml"


def write(
    folder: Path,
    domain: str,
    users: Sequence[str],
    verifier: Verifier,
    changes: Sequence[RosterChange],
) -> None:
    """Write the file for these new accounts, and the new contacts of those in `changes`."""
    root = Element(f"{{{_DATA}}}server-data")
    host = SubElement(root, f"{{{_DATA}}}host", jid=domain)
    new = set(users)
    after = {user(change.owner): change for change in changes}
    for name in [*users, *(owner for owner in after if owner not in new)]:
        account = SubElement(host, f"{{{_DATA}}}user", name=name)
        if name in new:
            _credentials(account, verifier)
        if name in after:
            _roster(account, domain, after[name])
    # The tool knows elements by their names as written, so there are no prefixes.
    (folder / NAME).write_bytes(serialise(root, ""))


def _credentials(account: Element, verifier: Verifier) -> None:
    scram = SubElement(account, f"{{{_SCRAM}}}scram-credentials", mechanism="SCRAM-SHA-1")
    SubElement(scram, f"{{{_SCRAM}}}iter-count").text = str(verifier.iterations)
    for name, value in (
        ("salt", verifier.salt),
        ("server-key", verifier.server_key),
        ("stored-key", verifier.stored_key),
    ):
        SubElement(scram, f"{{{_SCRAM}}}{name}").text = base64.b64encode(value).decode()


def _roster(account: Element, domain: str, change: RosterChange) -> None:
    query = SubElement(account, f"{{{_ROSTER}}}query")
    for contact in sorted(change.before - change.after):
        jid = f"{user(contact)}@{domain}"
        SubElement(query, f"{{{_ROSTER}}}item", jid=jid, subscription="remove")
    for contact in sorted(change.after):
        SubElement(
            query, f"{{{_ROSTER}}}item", jid=f"{user(contact)}@{domain}", subscription="both"
        )
