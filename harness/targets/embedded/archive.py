"""The archive of an account (XEP-0313), in memory: what is kept, under which ids."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import jids
from harness.targets.embedded.store import Account
from harness.targets.embedded.wrapping import clone
from harness.xmpp import namespaces as ns

STANZA_IDS = "urn:xmpp:sid:0"
_STANZA_ID = f"{{{STANZA_IDS}}}stanza-id"
_HINTS = ("{urn:xmpp:hints}no-store", "{urn:xmpp:hints}no-permanent-store")
_NOT_KEPT = ("groupchat", "headline", "error")


@dataclass(frozen=True, slots=True)
class Entry:
    """One message. `when` has whole milliseconds, as results show it."""

    number: int  # in the order of arrival
    uid: str
    when: datetime
    message: Element


@dataclass(slots=True)
class Preferences:
    """Whose messages are kept (XEP-0441); the lists have prepared JIDs."""

    default: str = "always"  # or "never", "roster"
    always: list[str] = field(default_factory=list)
    never: list[str] = field(default_factory=list)

    def keep(self, account: Account, other: str) -> bool:
        """Whether a message from or to the other is kept."""
        try:
            jid = jids.parse(other)
        except ValueError:
            return True
        forms = {jid.full, jid.bare}
        if not forms.isdisjoint(self.never):
            return False
        if not forms.isdisjoint(self.always) or self.default == "always":
            return True
        contact = account.contacts.get(jid.bare)
        return self.default == "roster" and contact is not None and contact.listed


class Archive:
    """At most so many messages; the oldest go first."""

    def __init__(self, most: int) -> None:
        self.preferences = Preferences()
        self._most = most
        self._entries: list[Entry] = []
        self._numbers: dict[str, int] = {}  # by uid
        self._next = 0

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def number(self, uid: str) -> int:
        """The number of an entry. Raises KeyError."""
        return self._numbers[uid]

    def add(self, message: Element, when: datetime) -> str:
        """Keep a message; the id that it gets."""
        uid = secrets.token_hex(8)  # not to be guessed (section 3)
        self._numbers[uid] = self._next
        self._entries.append(Entry(self._next, uid, when, clone(message)))
        self._next += 1
        if len(self._entries) > self._most:
            del self._numbers[self._entries.pop(0).uid]
        return uid


def keep(sender: Account, account: Account | None, message: Element, most: int) -> Element:
    """Keep a message for both sides; the message as the sender's account sees it.

    The message itself becomes what the recipient may see (XEP-0359 section 3): with the id that
    it has in the recipient's archive, and without ids that somebody made up. Once is enough where
    both sides are one account.
    """
    for owner in filter(None, (sender, account)):
        _forget_ids(message, owner.jid)
    if not _is_kept(message):
        return message
    now = datetime.now(UTC)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    sent = clone(message)
    if account is not sender:
        _add(sender, message, message.get("to", ""), sent, now, most)
    if account is not None:
        _add(account, message, message.get("from", ""), message, now, most)
    return message if account is sender else sent


def _add(
    owner: Account, message: Element, other: str, seen: Element, now: datetime, most: int
) -> None:
    archive = owner.archive = owner.archive or Archive(most)
    if archive.preferences.keep(owner, other):
        SubElement(seen, _STANZA_ID, {"by": owner.jid, "id": archive.add(message, now)})


def _is_kept(message: Element) -> bool:
    """Section 6.1.1: conversation, unless it asks not to be stored (XEP-0334)."""
    return (
        message.get("type") not in _NOT_KEPT
        and message.find(ns.BODY) is not None
        and all(message.find(hint) is None for hint in _HINTS)
    )


def _forget_ids(message: Element, by: str) -> None:
    for element in message.findall(_STANZA_ID):
        try:
            made_up = jids.parse(element.get("by", "")).full == by
        except ValueError:
            made_up = False
        if made_up:
            message.remove(element)
