"""How two accounts of one server come into every state, and which cells of appendix A are used
on the way. Pure.

Both accounts are on one server, and it keeps both views in step. So cells that need views which
contradict each other (an approval that nobody asked for) are out of reach.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from conformance.rfc6121.subscriptions import (
    KINDS,
    Exchange,
    Kind,
    Rules,
    View,
    Visit,
)


class Move(NamedTuple):
    """Account `by` (0 or 1) sends a stanza of this kind to the other, or lists it in its roster."""

    by: int
    kind: Kind | None  # None: a roster set


Joint = tuple[View, View]
"""How account 0 sees account 1, and the other way round."""

Path = tuple[Move, ...]


def after(joint: Joint, move: Move, rules: Rules) -> tuple[Joint, list[Visit]]:
    """The joint state afterwards, and the cells that were used."""
    exchange = Exchange(joint[move.by], joint[1 - move.by], rules)
    if move.kind is None:
        exchange.list_item()
    else:
        exchange.send(move.kind)
    own, other = exchange.views
    return ((own, other) if move.by == 0 else (other, own)), exchange.visits


STRANGERS: Joint = (View(), View())


@cache
def reachable(rules: Rules, start: Joint = STRANGERS) -> dict[Joint, Path]:
    """Every joint state that can be reached, with a shortest way there, the nearest first."""
    found: dict[Joint, Path] = {start: ()}
    waiting = deque(found)
    while waiting:
        joint = waiting.popleft()
        for move in _moves():
            reached, _ = after(joint, move, rules)
            if reached not in found:
                found[reached] = (*found[joint], move)
                waiting.append(reached)
    return found


@cache
def ways(rules: Rules, start: Joint = STRANGERS) -> dict[Visit, Path]:
    """Every cell that can be reached, with a shortest sequence whose last move, one of account 0,
    uses it: outbound as its own, inbound as what follows from it."""
    found: dict[Visit, Path] = {}
    for joint, path in reachable(rules, start).items():
        for kind in KINDS:
            move = Move(0, kind)
            for visit in after(joint, move, rules)[1]:
                found.setdefault(visit, (*path, move))
    return found


def visits_of(path: Path, rules: Rules, start: Joint = STRANGERS) -> list[Visit]:
    """The cells that the last move of a path uses, in their order."""
    joint = start
    visits: list[Visit] = []
    for move in path:
        joint, visits = after(joint, move, rules)
    return visits


def _moves() -> Iterator[Move]:
    for kind in (*KINDS, None):
        for by in (0, 1):
            yield Move(by, kind)
