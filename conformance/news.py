"""What elements say of presence and of rosters, in few words. Standard library only: replays have
this file's text in them (see `conformance.player`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from xml.etree.ElementTree import Element

_ROSTER = "{jabber:iq:roster}"


def names_of(jids: Iterable[str]) -> dict[str, str]:
    """Names for the bare JIDs of accounts, in their order: A, B, ..."""
    return {jid: chr(ord("A") + number) for number, jid in enumerate(jids)}


def recalled(elements: Iterable[Element], options: Any) -> str:
    """The news of these elements, among the accounts of a replay."""
    names = names_of(f"{user}@{options.domain}" for user, _ in options.accounts)
    return ", ".join(filter(None, (news(element, names) for element in elements))) or "nothing"


def news(element: Element, names: dict[str, str]) -> str:
    """What an element says, e.g. "subscribed from B", "available from B/desk", "push B none ask";
    empty when it is no presence, roster or roster push.

    `names` has the names of bare JIDs; a resource's name ends at its first hyphen.
    """
    local = element.tag.rpartition("}")[2]
    if local == "presence":
        bare, _, resource = element.get("from", "").partition("/")
        sender = "/".join(filter(None, (names.get(bare, "?"), resource.partition("-")[0])))
        return f"{element.get('type', 'available')} from {sender}"
    query = element.find(_ROSTER + "query") if local == "iq" else None
    if query is None:
        return ""
    items = sorted(item_of(item, names) for item in query.iterfind(_ROSTER + "item"))
    kind = "push" if element.get("type") == "set" else "roster"
    return " ".join(filter(None, [kind, ", ".join(items)]))


def item_of(item: Element, names: dict[str, str]) -> str:
    """A roster item, e.g. "B none ask approved"."""
    words = [names.get(item.get("jid", ""), "?"), item.get("subscription", "none")]
    words += ["ask"] if item.get("ask") == "subscribe" else []
    return " ".join(words + (["approved"] if item.get("approved") in ("true", "1") else []))
