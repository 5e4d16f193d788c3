"""The rules of subscriptions, cell by cell against the tables of RFC 6121 appendix A."""

# The tables are wider than prose may be.
# ruff: noqa: E501

from __future__ import annotations

import pytest

from conformance.rfc6121.subscriptions import (
    KINDS,
    STATES,
    Cell,
    Exchange,
    Rules,
    View,
    cells,
    inbound,
    outbound,
)
from harness.targets.embedded import store
from harness.targets.embedded import subscriptions as reference

# One line for each state. Each column is a table: "yes" (MUST), "SN", "MN"; what the state
# becomes, "=" for the same; "push" where the roster item changes; "> kind" for the automatic reply.
OUTBOUND = """
state               | subscribe                     | unsubscribe              | subscribed                      | unsubscribed
none                | yes none-pending-out push     | yes =                    | MN = pre-approval               | SN =
none-pending-out    | yes =                         | yes none push            | MN = pre-approval               | SN =
none-pending-in     | yes none-pending-out-in push  | yes =                    | yes from push                   | yes none
none-pending-out-in | yes =                         | yes none-pending-in push | yes from-pending-out push       | yes none-pending-out
to                  | yes =                         | yes none push            | MN = pre-approval               | SN =
to-pending-in       | yes =                         | yes none-pending-in push | yes both push                   | yes to
from                | yes from-pending-out push     | yes =                    | MN =                            | yes none push
from-pending-out    | yes =                         | yes from push            | MN =                            | yes none-pending-out push
both                | yes =                         | yes from push            | MN =                            | yes to push
"""
INBOUND = """
state               | subscribe               | unsubscribe                            | subscribed              | unsubscribed
none                | yes none-pending-in     | SN =                                   | SN =                    | SN =
none-pending-out    | yes none-pending-out-in | SN =                                   | yes to push             | yes none push
none-pending-in     | SN =                    | yes none > unsubscribed                | SN =                    | SN =
none-pending-out-in | SN =                    | yes none-pending-out > unsubscribed    | yes to-pending-in push  | yes none-pending-in push
to                  | yes to-pending-in       | SN =                                   | SN =                    | yes none push
to-pending-in       | SN =                    | yes to > unsubscribed                  | SN =                    | yes none-pending-in push
from                | SN = > subscribed       | yes none push > unsubscribed           | SN =                    | SN =
from-pending-out    | SN = > subscribed       | yes none-pending-out push > unsubscribed | yes both push         | yes from push
both                | SN = > subscribed       | yes to push > unsubscribed             | SN =                    | yes from push
"""
NEEDS = {"yes": "MUST", "SN": "SHOULD NOT", "MN": "MUST NOT"}


def table(text: str, direction: str) -> dict[tuple[str, str, str], str]:
    head, *lines = [line.split("|") for line in text.strip().splitlines()]
    kinds = [kind.strip() for kind in head[1:]]
    return {
        (direction, kind, line[0].strip()): cell.strip()
        for line in lines
        for kind, cell in zip(kinds, line[1:], strict=True)
    }


TABLES = table(OUTBOUND, "out") | table(INBOUND, "in")


def written(state: str, cell: Cell) -> str:
    """A cell in the words of the tables above."""
    (passes,) = [word for word, need in NEEDS.items() if need == cell.passes]
    after = "=" if str(cell.state) == state else str(cell.state)
    words = [passes, after]
    words += ["push"] if cell.push else []
    words += ["pre-approval"] if cell.preapproves else []
    words += [f"> {cell.reply}"] if cell.reply else []
    return " ".join(words)


def test_there_are_72_cells() -> None:
    assert len(STATES) == 9
    assert {(c.direction, c.kind, str(c.state)) for c in cells()} == set(TABLES)
    assert len(TABLES) == len(list(cells())) == 72


@pytest.mark.parametrize("cell", [pytest.param(key, id="-".join(key)) for key in TABLES])
def test_cell(cell: tuple[str, str, str]) -> None:
    direction, kind, state = cell
    rules = {"out": outbound, "in": inbound}[direction]
    assert written(state, rules(STATES[state], kind)) == TABLES[cell]


@pytest.mark.parametrize("state", STATES)
def test_names_say_what_the_roster_says(state: str) -> None:
    found = STATES[state]
    assert state.split("-")[0] == found.subscription
    assert ("out" in state.split("-")) == found.out
    assert ("in" in state.split("-")) == found.into


@pytest.mark.parametrize("cell", [pytest.param(key, id="-".join(key)) for key in TABLES])
def test_the_reference_server_has_the_same_tables(cell: tuple[str, str, str]) -> None:
    direction, kind, state = cell
    tables = {"out": reference.OUTBOUND, "in": reference.INBOUND}
    name = state.replace("-pending", "").replace("-", "_").upper()
    passes, after = tables[direction][store.State[name]][reference.TYPES.index(kind)]
    rules = {"out": outbound, "in": inbound}[direction]
    ours = rules(STATES[state], kind)
    assert passes == (ours.passes == "MUST")
    assert str(ours.state) == after.name.lower().replace("_", "-").replace(
        "-out", "-pending-out"
    ).replace("e-in", "e-pending-in").replace("to-in", "to-pending-in")


def events(own: View, other: View, kind: str, rules: Rules = Rules()) -> list[str]:  # noqa: B008
    found = Exchange(own, other, rules).send(kind).events  # type: ignore[arg-type]
    return [" ".join(map(str, (e.side, e.what, e.text, e.need))) for e in found]


def view(state: str, *, listed: bool = True, approved: bool = False) -> View:
    return View(STATES[state], listed, approved)


def test_a_request_and_its_approval() -> None:
    assert events(View(), View(), "subscribe") == [
        "0 push none ask MUST",
        "0 receipt  MAY",
        "1 stanza subscribe MUST",
    ]
    assert events(
        view("none-pending-in", listed=False), view("none-pending-out"), "subscribed"
    ) == [
        "0 push from MUST",
        "1 stanza subscribed MUST",
        "1 push to MUST",
        "1 show  MUST",
    ]


def test_a_cancellation_withdraws_presence_first() -> None:
    assert events(view("from"), view("to"), "unsubscribed")[:2] == [
        "1 withdraw  MUST",
        "0 push none MUST",
    ]
    assert "1 withdraw  SHOULD NOT" in events(
        view("none-pending-in", listed=False), view("none-pending-out"), "unsubscribed"
    )
    assert events(view("to"), view("from"), "unsubscribed") == [
        "0 push to SHOULD NOT",
        "1 stanza unsubscribed SHOULD NOT",
    ]


def test_unsubscribing_brings_unavailable_presence_and_an_answer() -> None:
    assert events(view("both"), view("both"), "unsubscribe") == [
        "0 push from MUST",
        "1 stanza unsubscribe MUST",
        "1 push to MUST",
        "0 withdraw  MUST",
        "0 stanza unsubscribed SHOULD NOT",
    ]


@pytest.mark.parametrize("keeps", [True, False])
def test_an_approval_in_advance(keeps: bool) -> None:
    rules = Rules(keeps_approval=keeps)
    assert events(View(), View(), "subscribed", rules) == ["0 push none approved MUST"]
    mark = " approved" * keeps
    assert events(View(), view("none", approved=True), "subscribe", rules) == [
        "0 push none ask MUST",
        "0 receipt  MAY",
        f"1 push from{mark} MUST",
        "0 stanza subscribed MUST",
        "0 push to MUST",
        "0 show  MUST",
    ]
    assert events(view("none", approved=True), View(), "unsubscribed", rules) == [
        "0 push none MUST"
    ]


def test_without_the_feature_nothing_is_approved_in_advance() -> None:
    rules = Rules(preapproval=False)
    assert events(View(), View(), "subscribed", rules) == []
    assert events(view("none"), View(), "subscribed", rules) == ["0 push none SHOULD NOT"]


def test_a_repeated_request_is_answered_without_being_delivered() -> None:
    found = Exchange(view("to"), view("from"), Rules()).send("subscribe")
    assert [str(visit) for visit in found.visits] == [
        "out-subscribe-to",
        "in-subscribe-from",
        "in-subscribed-to",
    ]
    assert not [e for e in found.events if e.need == "MUST"]


def test_kinds_are_those_of_the_text() -> None:
    assert KINDS == ("subscribe", "unsubscribe", "subscribed", "unsubscribed")
