"""The subscription states of RFC 6121 appendix A, as rules. Pure.

What one account's server knows of another account is a `View`. `outbound` is what a stanza that
the account sends does to it (appendix A.2), `inbound` what one that arrives does (A.3). `Exchange`
follows one stanza through both views and every reply that it sets off.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

Kind = Literal["subscribe", "unsubscribe", "subscribed", "unsubscribed"]
Need = Literal["MUST", "MAY", "SHOULD NOT", "MUST NOT"]
"""How much a server owes what may be seen. MAY: either is right; SHOULD NOT: tolerated."""

KINDS: tuple[Kind, ...] = ("subscribe", "unsubscribe", "subscribed", "unsubscribed")


class State(NamedTuple):
    """A state of appendix A.1: both directions of presence, each open, asked for or neither."""

    to: bool = False  # the user sees the contact's presence
    sends: bool = False  # "from": the contact sees the user's presence
    out: bool = False  # pending: the user has asked
    into: bool = False  # pending: the contact has asked

    @property
    def subscription(self) -> str:
        """The roster item's attribute."""
        names = {(False, False): "none", (True, False): "to", (False, True): "from"}
        return names.get((self.to, self.sends), "both")

    def __str__(self) -> str:
        pending = ("-pending" if self.out or self.into else "") + "-out" * self.out
        return self.subscription + pending + "-in" * self.into


NONE = State()
STATES = {
    str(state): state
    for state in (
        NONE,
        State(out=True),
        State(into=True),
        State(out=True, into=True),
        State(to=True),
        State(to=True, into=True),
        State(sends=True),
        State(sends=True, out=True),
        State(to=True, sends=True),
    )
}
"""By name, in the order of appendix A.1; "none-pending-out-in" is "None + Pending Out+In"."""


class Cell(NamedTuple):
    """One cell of a table of appendix A."""

    passes: Need  # whether the stanza is routed, or delivered
    state: State  # afterwards
    push: bool  # whether the roster item changes
    reply: Kind | None = None  # what the server answers on the user's behalf
    preapproves: bool = False


def outbound(state: State, kind: Kind) -> Cell:
    """What a stanza of the user does (appendix A.2)."""
    after, passes = state, True
    if kind == "subscribe":
        after = state._replace(out=not state.to)
    elif kind == "unsubscribe":
        after = state._replace(to=False, out=False)
    elif kind == "subscribed":
        passes = state.into
        after = state._replace(sends=state.sends or state.into, into=False)
    else:
        passes = state.sends or state.into
        after = state._replace(sends=False, into=False)
    avoided: Need = "MUST NOT" if kind == "subscribed" else "SHOULD NOT"
    return Cell(
        "MUST" if passes else avoided,
        after,
        _changes(state, after),
        preapproves=kind == "subscribed" and not passes and not state.sends,
    )


def inbound(state: State, kind: Kind) -> Cell:
    """What a stanza of the contact does (appendix A.3)."""
    after, reply = state, None
    if kind == "subscribe":
        after = state._replace(into=not state.sends)
        reply = "subscribed" if state.sends else None
    elif kind == "unsubscribe":
        after = state._replace(sends=False, into=False)
        reply = "unsubscribed" if after != state else None
    elif kind == "subscribed":
        after = state._replace(to=state.to or state.out, out=False)
    else:
        after = state._replace(to=False, out=False)
    passes: Need = "MUST" if after != state else "SHOULD NOT"
    return Cell(passes, after, _changes(state, after), reply)  # type: ignore[arg-type]


def _changes(before: State, after: State) -> bool:
    """Whether the roster shows the change: a request that has come in does not show."""
    return before._replace(into=False) != after._replace(into=False)


class View(NamedTuple):
    """What the server of one account knows of another one."""

    state: State = NONE
    listed: bool = False  # an item in the roster
    approved: bool = False  # in advance (section 3.4)

    @property
    def item(self) -> str:
        """The roster item in short, such as "none ask approved"; empty: not in the roster."""
        marks = [self.state.subscription, "ask" * self.state.out, "approved" * self.approved]
        return " ".join(filter(None, marks)) if self.listed else ""


class Rules(NamedTuple):
    """What the text leaves to the server."""

    preapproval: bool = True  # whether it is offered (section 3.4)
    keeps_approval: bool = True  # whether an approval is remembered after its use (section 3.4.2)


class Visit(NamedTuple):
    """That a cell of a table was used. As text e.g. "out-subscribe-none-pending-in"."""

    direction: Literal["out", "in"]
    kind: Kind
    state: State

    def __str__(self) -> str:
        return f"{self.direction}-{self.kind}-{self.state}"


def cells() -> Iterator[Visit]:
    """All 72 cells, in the order of the tables."""
    for direction in ("out", "in"):
        for kind in KINDS:
            for state in STATES.values():
                yield Visit(direction, kind, state)


class Event(NamedTuple):
    """What one of the two accounts may notice. `side` is 0 for who began, 1 for the other.

    "push": of the roster item `text`; "stanza": of the kind `text` from the other; "show" and
    "withdraw": available or unavailable presence of each of the other's resources; "receipt": bare
    unavailable presence, by which a server may confirm a request (section 3.1.3).
    """

    what: Literal["push", "stanza", "show", "withdraw", "receipt"]
    side: int
    need: Need
    text: str = ""
    mark: bool = False  # of a push: the mark of an approval in advance is all that changes


class Exchange:
    """One stanza, and what it sets off. Afterwards `views`, `events` and `visits` tell.

    Events of one side are in the order that the text has, where it has one (see `in_order`).
    """

    def __init__(self, own: View, other: View, rules: Rules) -> None:
        self.views = [own, other]
        self.events: list[Event] = []
        self.visits: list[Visit] = []
        self._rules = rules

    def send(self, kind: Kind) -> Exchange:
        """Side 0 sends a stanza of this kind to side 1."""
        self.visits.append(Visit("out", kind, self.views[0].state))
        self._out(0, kind)
        return self

    def list_item(self) -> Exchange:
        """Side 0 puts the other into its roster (section 2.3)."""
        self.views[0] = self.views[0]._replace(listed=True)
        self._note("push", 0, "MUST", self.views[0].item)
        return self

    def _out(self, side: int, kind: Kind) -> None:
        before = self.views[side]
        cell = outbound(before.state, kind)
        self._become(side, cell.state, self._approval(before, cell, kind))
        if kind == "unsubscribed" and before.state.sends:
            self._note("withdraw", 1 - side, "MUST")
        elif kind == "unsubscribed" and before.state.into:
            # Rule 3 of section 3.2.2 has denials too, what follows it only those who see presence.
            self._note("withdraw", 1 - side, "SHOULD NOT")
        if kind != "subscribed" or cell.passes == "MUST" or cell.preapproves:
            # Sections 3.1.2 and 3.3.2 have a push whether or not the item changes.
            again: Need = "MAY" if kind in ("subscribe", "unsubscribe") else "SHOULD NOT"
            self._push(side, before, again)
        if cell.passes == "MUST":
            self._in(1 - side, kind)
            if kind == "subscribed":
                self._note("show", 1 - side, "MUST")
        elif cell.passes == "SHOULD NOT" and not before.approved:
            self._note("stanza", 1 - side, "SHOULD NOT", kind)

    def _approval(self, before: View, cell: Cell, kind: Kind) -> bool:
        if kind == "unsubscribed":
            return False
        if kind == "subscribed" and cell.passes == "MUST":
            return before.approved and self._rules.keeps_approval
        return before.approved or (cell.preapproves and self._rules.preapproval)

    def _in(self, side: int, kind: Kind) -> None:
        before = self.views[side]
        cell = inbound(before.state, kind)
        self.visits.append(Visit("in", kind, before.state))
        if kind == "subscribe":
            self._requested(side, before, cell)
            return
        self._become(side, cell.state, before.approved)
        self._note("stanza", side, self._delivery(before, cell, kind), kind)
        if cell.passes == "MUST":
            self._push(side, before)
        if kind == "unsubscribe" and before.state.sends:
            self._note("withdraw", 1 - side, "MUST")
        if cell.reply:
            self._in(1 - side, cell.reply)

    def _requested(self, side: int, before: View, cell: Cell) -> None:
        self._note("receipt", 1 - side, "MAY")
        self._become(side, cell.state, before.approved)
        if before.approved and cell.passes == "MUST":
            self._out(side, "subscribed")
            return
        self._note("stanza", side, cell.passes, "subscribe")
        self._push(side, before)
        if cell.reply:
            self._in(1 - side, cell.reply)
            self._note("show", 1 - side, "MAY")

    @staticmethod
    def _delivery(before: View, cell: Cell, kind: Kind) -> Need:
        """Who withdraws a request that is in no roster: section 3.3.3 has the record removed and
        nothing more, appendix A.3.2 has the stanza delivered."""
        withdrawn = kind == "unsubscribe" and before.state.into and not before.listed
        return "MAY" if withdrawn else cell.passes

    def _become(self, side: int, state: State, approved: bool) -> None:
        shows = state.subscription != "none" or state.out or approved
        self.views[side] = View(state, self.views[side].listed or shows, approved)

    def _push(self, side: int, before: View, again: Need = "SHOULD NOT") -> None:
        """`again`: whether there is to be one of an item that has not changed. A push is about an
        item that has (section 2.1.6), so others are tolerated at best."""
        item = self.views[side].item
        if item != before.item:
            mark = before.item.removesuffix(" approved") == item.removesuffix(" approved")
            self.events.append(Event("push", side, "MUST", item, mark))
        elif item or before.state.into:
            self._note("push", side, again if item else "SHOULD NOT", item or "remove")

    def _note(
        self,
        what: Literal["push", "stanza", "show", "withdraw", "receipt"],
        side: int,
        need: Need,
        text: str = "",
    ) -> None:
        self.events.append(Event(what, side, need, text))


_ORDERED = {("stanza", "push"), ("push", "push"), ("withdraw", "stanza"), ("stanza", "show")}


def in_order(first: Event, second: Event) -> bool:
    """Whether the text wants two events of one side in the order in which they stand: the stanza
    before the push that it causes (sections 3.1.6, 3.2.3, 3.3.3), unavailable presence while the
    subscription still stands (3.2.2), available presence behind the approval (3.1.5)."""
    return (
        (first.what, second.what) in _ORDERED
        and first.side == second.side
        and "SHOULD NOT" not in (first.need, second.need)
    )
