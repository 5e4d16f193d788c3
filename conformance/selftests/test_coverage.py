"""Cells of tables that a run counts: all that there are, each with a case that is after it."""

from __future__ import annotations

import pytest

from conformance.coverage import TABLES, Table, coverage
from conformance.inventory import collect
from conformance.rfc6121.subscriptions import cells
from harness.record.verdicts import CaseResult

BY_TITLE = {table.title: table for table in TABLES}
OUT_OF_REACH = {"in-subscribed-none", "in-subscribed-none-pending-in", "in-subscribed-from"}


@pytest.fixture(scope="module")
def names() -> set[str]:
    """The parameters of all cases, the kind of a message cell before them."""
    bound, _ = collect()
    found = {name.partition("::")[2].rstrip("]") for cases in bound.values() for name in cases}
    return {name.removeprefix("test_").removeprefix("cell[").replace("[", "-") for name in found}


def case(*covered: str) -> CaseResult:
    return CaseResult(case="x", requirements=["x"], verdict="PASS", covered=list(covered))


def test_message_cells_are_those_of_the_table_in_the_text() -> None:
    assert len(BY_TITLE["messages"].cells) == 13 * 4


def test_all_cells_of_the_state_tables_are_reached_but_three() -> None:
    assert {*map(str, cells())} - {*BY_TITLE["subscription states"].cells} == OUT_OF_REACH


@pytest.mark.parametrize("table", [pytest.param(table, id=table.section) for table in TABLES])
def test_each_cell_has_its_case(table: Table, names: set[str]) -> None:
    assert set(table.cells) - names == set()


def test_cells_are_counted_once_and_the_others_named() -> None:
    first, second, *rest = BY_TITLE["messages"].cells
    (found,) = coverage([case(first, "in-nonsense"), case(first, second)])
    assert (found.table, found.cells, found.covered) == ("messages", 52, 2)
    assert found.missing == rest


def test_a_run_about_other_things_counts_nothing() -> None:
    assert coverage([case("something")]) == []
