"""The nodes of personal eventing (XEP-0163): items, who may read, who has subscribed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args
from xml.etree.ElementTree import Element

from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.store import Account

PUBSUB = "http://jabber.org/protocol/pubsub"
ERRORS = f"{PUBSUB}#errors"
_FORMS = "jabber:x:data"
_FORM = f"{{{_FORMS}}}x"
_FIELD = f"{{{_FORMS}}}field"
_VALUE = f"{{{_FORMS}}}value"
Access = Literal["open", "presence", "roster", "whitelist"]
MOST_ITEMS = 100
_ALWAYS = ("persist_items", "deliver_payloads", "deliver_notifications")

Settings = Mapping[str, list[str]]
"""The fields of a form without "pubsub#", FORM_TYPE apart."""


@dataclass(slots=True)
class Stored:
    """One published item, and the full JID that published it."""

    element: Element
    publisher: str
    stamp: str


@dataclass(slots=True)
class Node:
    """One node of an account; the newest item is the last."""

    name: str
    access: Access = "presence"
    groups: frozenset[str] = frozenset()  # of the roster, for that access model
    most: int = 1  # items that are kept
    items: dict[str, Stored] = field(default_factory=dict)
    subscribers: set[str] = field(default_factory=set)  # JIDs that have asked to be

    def configure(self, settings: Settings) -> None:
        """Take over these settings. Raises StanzaFault for what is not supported."""
        for name, values in settings.items():
            value = values[0] if values else ""
            if name == "access_model":
                if value not in get_args(Access):
                    raise fault("not-acceptable", "unsupported-access-model")
                self.access = value  # type: ignore[assignment]  # just checked
            elif name == "roster_groups_allowed":
                self.groups = frozenset(values)
            elif name == "max_items":
                self.most = MOST_ITEMS if value == "max" else min(_number(value), MOST_ITEMS)
            elif name not in _ALWAYS or value not in ("1", "true"):
                raise StanzaFault("not-acceptable")

    def has(self, settings: Settings) -> bool:
        """Whether the node is configured like that already."""
        wanted = Node(self.name, self.access, self.groups, self.most)
        try:
            wanted.configure(settings)
        except StanzaFault:
            return False
        return (wanted.access, wanted.groups, wanted.most) == (
            self.access,
            self.groups,
            self.most,
        )

    def publish(self, name: str, item: Stored) -> None:
        """Add an item, or put it in the place of that of the same name."""
        self.items.pop(name, None)
        self.items[name] = item
        while len(self.items) > self.most:
            del self.items[next(iter(self.items))]

    def refusal(self, owner: Account, jid: str) -> StanzaFault | None:
        """Why this bare JID may not read or subscribe; None: it may (XEP-0060 section 4.5)."""
        if jid == owner.jid or self.access == "open":
            return None
        if self.access == "whitelist":
            return fault("not-allowed", "closed-node")
        if not owner.shows_presence_to(jid):
            return fault("not-authorized", "presence-subscription-required")
        contact = owner.contacts.get(jid)
        if self.access == "roster" and (contact is None or self.groups.isdisjoint(contact.groups)):
            return fault("not-authorized", "not-in-roster-group")
        return None


def fault(condition: str, detail: str) -> StanzaFault:
    """A stanza error with a condition of publish-subscribe."""
    return StanzaFault(condition, detail=Element(f"{{{ERRORS}}}{detail}"))


def settings_in(parent: Element | None) -> Settings:
    """The fields of the form within this element, if there is one."""
    form = parent.find(_FORM) if parent is not None else None
    found = {}
    for entry in form.iterfind(_FIELD) if form is not None else ():
        name = entry.get("var", "").removeprefix("pubsub#")
        if name != "FORM_TYPE":
            found[name] = [value.text or "" for value in entry.iterfind(_VALUE)]
    return found


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise StanzaFault("not-acceptable")
    return int(text)
