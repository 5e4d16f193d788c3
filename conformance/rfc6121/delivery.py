"""Section 8 as a table: what may become of a stanza, by its kind, its address and who is there.

    cell = CELLS["message"]["many-bare-chat"]
    allowed(cell, priorities=(5, 5, -1), named=None).grade("delivered to all non-negative")

A row of the table is an address together with the state of the account behind it; a column is one
of the 17 kinds of stanzas. A cell holds letters, one for each outcome that the text allows; a
small one stands for an outcome that it tolerates:

    S  nothing happens: silently ignored
    O  kept until the recipient next becomes available
    E  a stanza error, which should be <service-unavailable/>
    F  a stanza error, which must be <service-unavailable/>
    Y  a stanza error of any condition
    D  delivered to the resource that the address names
    M  delivered to the most available ones, by whatever measure
    A  delivered to every resource with a non-negative priority
    B  the same for who cannot opt in: tolerated unless all of them are equally available
    P  delivered to every available resource, whatever its priority
    C  delivered to a resource that is connected but not available
    U  answered on behalf of the account: not subscribed
    H  answered by presence of any type
    X  answered by a result or an error

The section has M and A for the table in 8.5.4, and that table is part of `_MESSAGES`: 13 rows
without the connected ones and the domain, 4 columns without errors. Where the table and the prose
differ, or this document and RFC 6120, the catalogue says what is held to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from conformance.suite import Allowed

Priorities = tuple[int | None, ...]
"""Of each connected resource of the recipient, the priority; None: it is not available."""


class Who(Enum):
    """The state of the account that is addressed."""

    SERVER = "domain"  # no account: the domain itself
    NOBODY = "nobody"  # there is no such account
    ABSENT = "absent"  # no resource is connected
    CONNECTED = "connected"  # resources, none of which is available
    NEGATIVE = "negative"  # available ones, all of negative priority
    ONE = "one"  # exactly one available resource of non-negative priority, and others
    MANY = "many"  # several of them


class Form(Enum):
    """The form of the address."""

    DOMAIN = ""
    BARE = "bare"
    MATCH = "match"  # a full JID, and that resource is connected
    NO_MATCH = "no-match"


KINDS: dict[str, tuple[str, ...]] = {
    "message": ("normal", "chat", "groupchat", "headline", "error"),
    "presence": (
        "available",
        "unavailable",
        "subscribe",
        "subscribed",
        "unsubscribe",
        "unsubscribed",
        "probe",
        "error",
    ),
    "iq": ("get", "set", "result", "error"),
}
"""The columns: the types of each kind of stanza; "available" is presence without a type."""

_MESSAGES = {
    "domain": "SY SY SY SY S",
    "nobody-bare": "SF SF Fs Sf S",
    "nobody-no-match": "SF SF SF SF S",
    "absent-bare": "OE OE E S S",
    "absent-no-match": "SEo OE SE SE S",
    "connected-bare": "OEsc OEsc E Sc S",
    "connected-match": "D D D D D",
    "connected-no-match": "SEoc OEsc SE SEc S",
    "negative-bare": "OEs OEs E S S",
    "negative-match": "D D D D D",
    "negative-no-match": "SEo OEs SE SE S",
    "one-bare": "A A E A S",
    "one-match": "D D D D D",
    "one-no-match": "SEa A SE SEa S",
    "many-bare": "MA MB E Am S",
    "many-match": "D Da D D D",
    "many-no-match": "SEma MB SE SEma S",
}
_PRESENCE = {
    "domain": "SH SH SH SH SH SH SH S",
    "nobody-bare": "S S SYu S S S SU S",
    "nobody-no-match": "S S SYu S S S SU S",
    "absent-bare": "Soh Soh O S S S SU S",
    "absent-no-match": "S S Os S S S SU S",
    "connected-bare": "Sc Sc O S S S SU Sc",
    "connected-match": "D D Od S S S SU D",
    "connected-no-match": "S S Os S S S SU S",
    "negative-bare": "P P P S S S SU SP",
    "negative-match": "D D Pd S S S SU D",
    "negative-no-match": "S S Ps S S S SU Sp",
    "one-bare": "P P P S S S SU SP",
    "one-match": "D D Pd S S S SU D",
    "one-no-match": "S S Ps S S S SU Sp",
    "many-bare": "P P P S S S SU SP",
    "many-match": "D D Pd S S S SU D",
    "many-no-match": "S S Ps S S S SU Sp",
}
_IQ = {
    "domain": "X X S S",
    "nobody-bare": "F F Sf S",
    "nobody-no-match": "F F Sf S",
    "absent-bare": "F F S S",
    "absent-no-match": "F F Sf S",
    "connected-bare": "F F S S",
    "connected-match": "Ed Ed D D",
    "connected-no-match": "F F Sf S",
    "negative-bare": "F F S S",
    "negative-match": "Ed Ed D D",
    "negative-no-match": "F F Sf S",
    "one-bare": "F F S S",
    "one-match": "Ed Ed D D",
    "one-no-match": "F F Sf S",
    "many-bare": "F F S S",
    "many-match": "Ed Ed D D",
    "many-no-match": "F F Sf S",
}
_TABLES = {"message": _MESSAGES, "presence": _PRESENCE, "iq": _IQ}

_WORDS: dict[str, tuple[str, ...]] = {
    "S": ("nothing",),
    "O": ("kept",),
    "E": ("{} error service-unavailable",),
    "F": ("{} error service-unavailable",),
    "Y": ("{} error *",),
    "D": ("delivered to the named resource",),
    "M": ("delivered to the highest", "delivered to some non-negative"),
    "A": ("delivered to all non-negative",),
    "P": ("delivered to all available",),
    "C": ("delivered to a resource without presence",),
    "U": ("presence unsubscribed",),
    "H": ("presence*",),
    "X": ("iq result", "iq error *"),
}


class Cell(NamedTuple):
    """One cell: the row (who, form), the column (kind, type), and its letters."""

    who: Who
    form: Form
    kind: str
    type: str
    letters: str

    @property
    def row(self) -> str:
        """The name of its row."""
        return "-".join(filter(None, (self.who.value, self.form.value)))

    @property
    def name(self) -> str:
        """Its name among the cells of its kind."""
        return f"{self.row}-{self.type}"


def _cells(kind: str) -> dict[str, Cell]:
    cells = {}
    for row, columns in _TABLES[kind].items():
        who, _, form = row.partition("-")
        for type_, letters in zip(KINDS[kind], columns.split(), strict=True):
            cell = Cell(Who(who), Form(form), kind, type_, letters)
            cells[cell.name] = cell
    return cells


CELLS = {kind: _cells(kind) for kind in KINDS}
"""Every cell, by the kind of the stanza and its name."""


def allowed(cell: Cell, priorities: Priorities = (), named: int | None = None) -> Allowed:
    """The outcomes (of `outcome`) that a cell allows for these resources."""
    strict: list[str] = []
    lenient: list[str] = []
    for letter in cell.letters:
        words = strict if letter.isupper() else lenient
        if letter == "a" and cell.form is Form.MATCH and named not in _willing(priorities):
            continue  # it is not among "all"
        if letter == "B":
            words = strict if len(_highest(priorities)) == len(_willing(priorities)) else lenient
            letter = "A"
        words += [word.format(cell.kind) for word in _WORDS[letter.upper()]]
        if letter == "E":
            lenient.append(f"{cell.kind} error *")
    if named is not None and _audience(cell.kind, priorities) == {named}:
        # All of them are the one that is named.
        for words in (strict, lenient):
            if {"delivered to all available", "delivered to all non-negative"} & set(words):
                words.append("delivered to the named resource")
    return Allowed(" or ".join(strict), tuple(strict), tuple(lenient))


def outcome(
    kind: str,
    priorities: Priorities,
    named: int | None,
    got: Mapping[int, int],
    answer: str,
    kept: int,
) -> str:
    """What became of a stanza, in few words that depend on nothing random.

    `got`: how many copies came to each resource that got any, by its number; `answer`: what the
    sender got (`conformance.player.describe`); `kept`: how many copies came when the recipient
    next became available.
    """
    parts = [_delivered(kind, priorities, named, got)] if got else []
    parts += ["kept"] if kept == 1 else ["kept more than once"] if kept else []
    parts += [answer] if answer != "ignored" else []
    return " and ".join(parts) or "nothing"


def _delivered(kind: str, priorities: Priorities, named: int | None, got: Mapping[int, int]) -> str:
    reached = set(got)
    if Counter(got).most_common(1)[0][1] > 1:
        return "delivered more than once"
    audience = _audience(kind, priorities)
    crowd = "non-negative" if kind == "message" else "available"
    if reached == {named}:
        return "delivered to the named resource"
    if reached == audience:
        return f"delivered to all {crowd}"
    if kind == "message" and reached == _highest(priorities):
        return "delivered to the highest"
    if reached <= audience:
        return f"delivered to some {crowd}"
    if any(priorities[number] is None for number in reached):
        return "delivered to a resource without presence"
    return "delivered to a negative resource"


def _audience(kind: str, priorities: Priorities) -> set[int]:
    """The resources that may get what is sent to the bare JID."""
    if kind == "message":
        return _willing(priorities)
    return {number for number, priority in enumerate(priorities) if priority is not None}


def _willing(priorities: Priorities) -> set[int]:
    return {n for n, priority in enumerate(priorities) if priority is not None and priority >= 0}


def _highest(priorities: Priorities) -> set[int]:
    willing = _willing(priorities)
    top = max((priorities[number] or 0 for number in willing), default=0)
    return {number for number in willing if (priorities[number] or 0) == top}


def requirements(cell: Cell) -> tuple[str, ...]:
    """The ids in the catalogue that say what a cell says."""
    return _IDS[cell.kind](cell)


def _message_ids(cell: Cell) -> tuple[str, ...]:
    who, form, type_ = cell.who.value, cell.form, cell.type
    if form is Form.DOMAIN:
        return ("delivery-local-domain",)
    if cell.who is Who.NOBODY:
        return ("delivery-missing-account-message",)
    if form is Form.MATCH:
        return ("delivery-match-message",)
    if form is Form.NO_MATCH:
        if type_ == "chat":
            return (f"delivery-no-match-chat-{'absent' if who == 'connected' else who}",)
        return ("delivery-no-match-error" if type_ == "error" else "delivery-no-match-message",)
    if cell.who is Who.ABSENT:
        absent = {"groupchat": "groupchat", "headline": "headline", "error": "headline"}
        return (f"delivery-absent-{absent.get(type_, 'message')}",)
    if type_ in ("groupchat", "error"):
        return (f"delivery-bare-{type_}",)
    if cell.who is Who.CONNECTED:
        return ("delivery-bare-connected",)
    negative = ("delivery-negative-never",) if cell.who is Who.NEGATIVE else ()
    return (f"delivery-bare-{type_}-{who}", *negative)


_SUBSCRIPTIONS = ("subscribe", "subscribed", "unsubscribe", "unsubscribed")


def _presence_ids(cell: Cell) -> tuple[str, ...]:
    if cell.form is Form.DOMAIN:
        return ("delivery-local-domain",)
    what = "subscription" if cell.type in _SUBSCRIPTIONS else "presence"
    what = {"probe": "probe", "error": "presence-error"}.get(cell.type, what)
    if what == "presence-error":
        return ("delivery-presence-error",)
    if cell.who is Who.NOBODY:
        return (f"delivery-missing-account-{what}",)
    if cell.form is Form.NO_MATCH and what == "subscription":
        what = "subscribe" if cell.type == "subscribe" else "subscription-answer"
    if cell.form is Form.BARE and cell.who is Who.ABSENT:
        return (f"delivery-absent-{what}",)
    return (f"delivery-{cell.form.value}-{what}",)


def _iq_ids(cell: Cell) -> tuple[str, ...]:
    request = cell.type in ("get", "set")
    if cell.form is Form.DOMAIN:
        return ("delivery-local-domain",)
    if cell.who is Who.NOBODY:
        return ("delivery-missing-account-iq",)
    if cell.form is Form.NO_MATCH:
        return ("delivery-no-match-iq",)
    if cell.form is Form.MATCH:
        return ("delivery-match-request" if request else "delivery-match-answer",)
    if cell.who is Who.ABSENT:
        return ("delivery-absent-iq",)
    return ("delivery-bare-iq-unknown", "delivery-bare-iq") if request else ("delivery-bare-iq",)


_IDS = {"message": _message_ids, "presence": _presence_ids, "iq": _iq_ids}
