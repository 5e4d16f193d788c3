"""Whom an account blocks, and how JIDs match (XEP-0191 section 6)."""

from __future__ import annotations

from harness.targets.embedded import jids
from harness.targets.embedded.store import Account


def blocks(account: Account, jid: str) -> bool:
    """Whether the account's blocklist matches this JID; never one of the account's own."""
    return bool(account.blocked) and _matches(account, jid)


def _matches(account: Account, text: str) -> bool:
    try:
        jid = jids.parse(text)
    except ValueError:
        return False
    if jid.bare == account.jid:  # section 5: not from one resource to another
        return False
    forms = {jid.full, jid.bare, jid.domain}
    if jid.resource:
        forms.add(f"{jid.domain}/{jid.resource}")
    return not account.blocked.isdisjoint(forms)
