"""What accounts with several resources must see of subscriptions (RFC 6121 section 3). Pure.

`Model` knows who is there and how the accounts stand to each other; each of its methods is one
thing that a client does, and returns what every resource is to see: an `Outlook`. Accounts are
numbers, in words letters: 0 is A.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal, NamedTuple

from conformance.rfc6121.subscriptions import (
    Event,
    Exchange,
    Kind,
    Need,
    Rules,
    View,
    Visit,
    in_order,
)

Aspect = Literal[
    "states",
    "approvals",
    "stanzas",
    "audience",
    "pushes",
    "order",
    "presence",
    "presence-order",
    "requests",
    "leaks",
]
"""What a difference is about: rosters; the mark of an approval in advance in them; subscription
stanzas at resources that are available and interested; stanzas and pushes at other resources;
roster pushes; their order behind stanzas; presence that a subscription opens or ends; its order
before and behind stanzas; requests that wait for who comes online; presence that nobody had
granted."""

Key = tuple[int, str]
"""A resource: its account, and its name there."""


class Resource(NamedTuple):
    """A connected resource (section 2.2)."""

    available: bool = True
    interested: bool = True
    versioned: bool = False  # it asks for the roster with the version that the account knows
    priority: int = 0


class Expect(NamedTuple):
    """Something that a resource may see, in the words of `conformance.player.news`."""

    word: str
    need: Need
    aspect: Aspect
    often: bool = False  # more than once is no fault


@dataclass
class Outlook:
    """What is to be seen of one step. `visible`: (observer, account) pairs with a subscription
    before or after it: what presence passes between them otherwise is the business of section 4."""

    expects: dict[Key, list[Expect]] = field(default_factory=dict)
    orders: list[tuple[Key, Aspect, str, str]] = field(default_factory=list)
    visible: set[tuple[int, int]] = field(default_factory=set)
    visits: list[Visit] = field(default_factory=list)


def letter(account: int) -> str:
    """The account's name in words."""
    return chr(ord("A") + account)


class Model:
    """Accounts 0 to `accounts` - 1."""

    def __init__(self, accounts: int, rules: Rules) -> None:
        self.accounts = range(accounts)
        self.rules = rules
        self.resources: dict[Key, Resource] = {}
        self._views: dict[tuple[int, int], View] = {}
        self._kept: dict[int, list[str]] = {}  # what may be kept for who is offline

    def view(self, owner: int, contact: int) -> View:
        """How one account sees another."""
        return self._views.get((owner, contact), View())

    def roster(self, owner: int) -> dict[str, str]:
        """The account's roster: contact -> item in short."""
        items = {letter(contact): self.view(owner, contact).item for contact in self.accounts}
        return {contact: item for contact, item in items.items() if item}

    def say(self, by: int, to: int, kind: Kind) -> Outlook:
        """A client of the first account sends a subscription stanza to the second."""
        exchange = Exchange(self.view(by, to), self.view(to, by), self.rules)
        return self._done(by, to, exchange.send(kind))

    def list_item(self, by: int, to: int) -> Outlook:
        """A client puts a contact into its roster."""
        exchange = Exchange(self.view(by, to), self.view(to, by), self.rules)
        return self._done(by, to, exchange.list_item())

    def enter(self, key: Key, resource: Resource) -> Outlook:
        """A client logs in, asks for the roster if it is `interested`, and sends presence if it
        is `available`."""
        self.resources[key] = resource._replace(available=False)
        return self.turn(key, resource.available)

    def ask(self, key: Key, *, versioned: bool) -> Outlook:
        """A client asks for the roster."""
        resource = self.resources[key]
        self.resources[key] = resource._replace(interested=True, versioned=versioned)
        return self._outlook()

    def turn(self, key: Key, available: bool) -> Outlook:
        """A client sends available or unavailable presence."""
        comes = available and not self.resources[key].available
        self.resources[key] = self.resources[key]._replace(available=available)
        outlook = self._outlook()
        for contact in self.accounts:
            state = self.view(key[0], contact).state
            if state.into and comes:
                for resource in self._of(key[0]):
                    need: Need = "MUST" if resource == key else "SHOULD NOT"
                    word = f"subscribe from {letter(contact)}"
                    outlook.expects[resource].append(Expect(word, need, "requests"))
            if state.out and comes:
                self._resent(outlook, key[0], contact)
        if comes:
            kept = self._kept.pop(key[0], [])
            for resource in self._of(key[0]):
                for word in kept:
                    outlook.expects[resource].append(Expect(word, "MAY", "audience"))
        return outlook

    def _resent(self, outlook: Outlook, user: int, contact: int) -> None:
        """A request that is not answered may be sent again when a resource comes (section 3.1.2),
        and then may have what the first one had, but for its delivery."""
        item = self.view(user, contact).item
        for key in self._of(user):
            receipt = Expect(f"unavailable from {letter(contact)}", "MAY", "presence", often=True)
            push = Event("push", 0, "MAY", item)
            outlook.expects[key] += [receipt, *self._seen(push, key, contact)]
        for key in self._of(contact):
            outlook.expects[key] += self._seen(
                Event("stanza", 0, "SHOULD NOT", "subscribe"), key, user
            )

    def forget(self) -> None:
        """The accounts are strangers again."""
        self._views.clear()
        self._kept.clear()

    def leave(self, key: Key) -> Outlook:
        """A client ends its stream."""
        del self.resources[key]
        return self._outlook()

    def _done(self, by: int, to: int, exchange: Exchange) -> Outlook:
        outlook = self._outlook()
        self._views[by, to], self._views[to, by] = exchange.views
        outlook.visible |= self._outlook().visible
        outlook.visits = exchange.visits
        for account, other, side in ((by, to, 0), (to, by, 1)):
            events = [event for event in exchange.events if event.side == side]
            for key in self._of(account):
                seen = [(event, list(self._seen(event, key, other))) for event in events]
                outlook.expects[key] += [expect for _, expects in seen for expect in expects]
                outlook.orders += [
                    (key, _order_of(first, second), earlier.word, later.word)
                    for (first, ones), (second, others) in combinations(seen, 2)
                    if in_order(first, second)
                    for earlier in ones
                    for later in others
                ]
            self._keep(account, other, events)
        return outlook

    def _seen(self, event: Event, key: Key, other: int) -> Iterator[Expect]:
        """What this resource sees of an event between its account and another one."""
        resource, name = self.resources[key], letter(other)
        if event.what == "push":
            word = f"push {name} {event.text}"
            if resource.interested:
                yield Expect(word, event.need, "approvals" if event.mark else "pushes")
            else:  # section 2.2 says who gets pushes, but not that nobody else may
                yield Expect(word, "SHOULD NOT", "audience")
        elif event.what == "stanza":
            usual = resource.available and resource.interested
            need = _need(event, resource)
            yield Expect(f"{event.text} from {name}", need, "stanzas" if usual else "audience")
        elif event.what == "receipt":
            yield Expect(f"unavailable from {name}", event.need, "presence", often=True)
        else:
            kind = "available" if event.what == "show" else "unavailable"
            need = event.need if resource.available else "SHOULD NOT"
            for _, slot in self._of(other, available=True):
                yield Expect(f"{kind} from {name}/{slot}", need, "presence", often=True)

    def _keep(self, account: int, other: int, events: Iterable[Event]) -> None:
        """The notes of sections 3.1.6, 3.2.3 and 3.3.3: an account without an available resource
        may be told later."""
        if not self._of(account, available=True):
            self._kept.setdefault(account, []).extend(
                f"{event.text} from {letter(other)}"
                for event in events
                if event.what == "stanza" and event.text != "subscribe"
            )

    def _of(self, account: int, *, available: bool = False) -> list[Key]:
        return [
            key
            for key, resource in self.resources.items()
            if key[0] == account and (resource.available or not available)
        ]

    def _outlook(self) -> Outlook:
        return Outlook(
            {key: [] for key in self.resources},
            visible={pair for pair, view in self._views.items() if view.state.to},
        )


def _order_of(first: Event, second: Event) -> Aspect:
    presence = {"show", "withdraw"} & {first.what, second.what}
    return "presence-order" if presence else "order"


def _need(event: Event, resource: Resource) -> Need:
    """Requests go to available resources (section 3.1.3), answers to interested ones (3.1.6, 3.2.3,
    3.3.3); whether an answer may go to an available one besides is not said."""
    if event.text == "subscribe":
        return event.need if resource.available else "SHOULD NOT"
    if resource.interested:
        return event.need
    return "MAY" if event.need == "MUST" and resource.available else "SHOULD NOT"
