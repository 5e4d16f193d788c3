"""What clients do in the cases of subscriptions: steps, and sequences of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

from hypothesis import strategies as st

from conformance.rfc6121.subscription_model import Resource, letter
from conformance.rfc6121.subscription_paths import Path, reachable
from conformance.rfc6121.subscriptions import KINDS, Kind, Rules

SLOTS = ("desk", "phone", "pad", "car")  # names of an account's resources
USUAL = Resource()
UNINTERESTED = Resource(interested=False)
UNAVAILABLE = Resource(available=False)
CONNECTED = Resource(available=False, interested=False)
UNUSUAL = (UNINTERESTED, UNAVAILABLE, CONNECTED, Resource(versioned=True))


@dataclass(frozen=True)
class Enter:
    """A client logs in."""

    account: int
    slot: str = SLOTS[0]
    resource: Resource = USUAL

    def __str__(self) -> str:
        return "login"


@dataclass(frozen=True)
class Leave:
    """A client ends its stream."""

    account: int
    slot: str

    def __str__(self) -> str:
        return "logout"


@dataclass(frozen=True)
class Turn:
    """A client sends available or unavailable presence."""

    account: int
    slot: str
    available: bool

    def __str__(self) -> str:
        return "presence" if self.available else "unavailable presence"


@dataclass(frozen=True)
class Ask:
    """A client asks for the roster."""

    account: int
    slot: str
    versioned: bool = False

    def __str__(self) -> str:
        return "roster get"


@dataclass(frozen=True)
class Say:
    """A client sends a subscription stanza; `via`: which of the account's clients; `resource`: of
    the address, if it is to be a full JID."""

    by: int
    to: int
    kind: Kind
    via: int = 0
    inner: str = ""
    resource: str = ""

    def __str__(self) -> str:
        return f"{letter(self.by)} {self.kind} {letter(self.to)}"


@dataclass(frozen=True)
class ListItem:
    """A client puts a contact into its roster."""

    by: int
    to: int
    via: int = 0

    def __str__(self) -> str:
        return "roster set"


Step = Enter | Leave | Turn | Ask | Say | ListItem

EVENTS = 20  # of a sequence, besides those that bring about its first state
_VIA = st.integers(0, len(SLOTS) - 1)
_SLOT = st.sampled_from(SLOTS)
_RESOURCE = st.one_of(st.just(USUAL), st.sampled_from(UNUSUAL))


def steps_of(path: Path, pair: tuple[int, int] = (0, 1), via: int = 0) -> list[Step]:
    """The moves of a path, made by clients of these accounts."""
    steps: list[Step] = []
    for by, kind in path:
        user, contact = pair[by], pair[1 - by]
        steps.append(Say(user, contact, kind, via) if kind else ListItem(user, contact, via))
    return steps


def sequences(accounts: int, turn: int = 0) -> st.SearchStrategy[list[Step]]:
    """Clients log in, some accounts come into some state, and then things happen. Steps that are
    not possible when they come up are to be passed over, so that a sequence can be shortened
    anywhere. `turn`: with the same seed, another number gives other sequences.
    """
    pairs = list(permutations(range(accounts), 2))
    parts = (
        st.tuples(*(st.builds(Enter, st.just(n), resource=_RESOURCE) for n in range(accounts))),
        *(_ways(pair) for pair in pairs[: accounts - 1]),
        st.tuples(*[_seldom_nothing(_events(accounts, pairs, turn))] * EVENTS),
    )
    return st.tuples(*parts).map(lambda found: [step for part in found for step in part if step])


def _events(accounts: int, pairs: list[tuple[int, int]], turn: int) -> st.SearchStrategy[Step]:
    anyone, two = st.integers(0, accounts - 1), st.sampled_from(pairs)
    kinds = st.sampled_from([*KINDS[turn % 4 :], *KINDS[: turn % 4]])
    saying = st.builds(lambda pair, kind, via: Say(pair[0], pair[1], kind, via), two, kinds, _VIA)
    others: st.SearchStrategy[Step] = st.one_of(
        st.builds(Enter, anyone, _SLOT, _RESOURCE),
        st.builds(Turn, anyone, _SLOT, st.booleans()),
        st.builds(Leave, anyone, _SLOT),
        st.builds(Ask, anyone, _SLOT, st.booleans()),
        st.builds(lambda pair, via: ListItem(pair[0], pair[1], via), two, _VIA),
    )
    return st.integers(0, 3).flatmap(lambda number: others if number == 3 else saying)


def _seldom_nothing(steps: st.SearchStrategy[Step]) -> st.SearchStrategy[Step | None]:
    """Lists would be short as a rule; of steps that may be left out few are, until shrinking
    leaves out all that it can."""
    return st.integers(0, 9).flatmap(lambda number: steps if number else st.none())


def _ways(pair: tuple[int, int]) -> st.SearchStrategy[list[Step]]:
    """To each state of these two accounts that can be reached, nearer ones being simpler."""
    return st.sampled_from([steps_of(path, pair) for path in reachable(Rules()).values()])
