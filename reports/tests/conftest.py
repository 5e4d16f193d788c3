"""Runs to report on: a usual one, and the awkward ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.record.reader import Run
from harness.record.writer import RunWriter
from reports import differential, render, render_matrix
from reports.compare import compare
from reports.compare import render as render_compared
from reports.tests import capacity_searches, compare_runs, conformance_runs, runs
from reports.tests.compare_runs import Plan

SERVERS = ("ejabberd", "prosody", "embedded")
PAGES = ("load", "login", "side", "compare", "capacity", "conformance", "matrix", "differential")


@pytest.fixture(scope="session")
def directories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Run directories by kind. Read them only."""
    root = tmp_path_factory.mktemp("runs")
    embedded = runs.target(name="embedded", server=None, version=None, tls="off")
    RunWriter(root / "empty", runs.manifest())
    return {
        "usual": runs.write(root / "usual"),
        "busy": runs.write(
            root / "busy",
            runs.Recipe(busy_seconds=(33, 34), floor=True, clocks=True, statistics=True),
        ),
        "truncated": runs.write(root / "truncated", runs.Recipe(truncated=True, seconds=20)),
        "login": runs.write(root / "login", runs.Recipe(messages_per_s=0, lost=0)),
        "presence": runs.write(root / "presence", runs.Recipe(op="presence", seconds=15)),
        "embedded": runs.write(root / "embedded", runs.Recipe(seconds=10, workers=1), embedded),
        "empty": root / "empty",
    }


KINDS = ("usual", "busy", "truncated", "login", "presence", "embedded", "empty")


@pytest.fixture(params=KINDS)
def directory(request: pytest.FixtureRequest, directories: dict[str, Path]) -> Path:
    """Each kind of run directory in turn."""
    return directories[request.param]


@pytest.fixture
def run(directory: Path) -> Run:
    """Each kind of run in turn."""
    return Run(directory)


@pytest.fixture(scope="session")
def conformance(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Run directories of conformance runs by name. Read them only."""
    root = tmp_path_factory.mktemp("conformance")
    recipe = conformance_runs.Recipe
    embedded = {"PASS": 90, "NON-STRICT": 4, "FAIL": 1, "ABSENT": 5}
    recipes = {
        "ejabberd": recipe(),
        "prosody": recipe(target="prosody", server="Prosody", version="0.12.3", seed=2),
        "embedded": recipe(
            target="embedded",
            server="xmpp-harness",
            version="0.2.0",
            seed=3,
            known=1.0,
            weights=embedded,
        ),
        "cut": recipe(target="openfire", server="Openfire", version=None, truncated=True, seed=5),
    }
    return {name: conformance_runs.write(root / name, of) for name, of in recipes.items()}


@pytest.fixture(scope="session")
def pages(
    tmp_path_factory: pytest.TempPathFactory,
    directories: dict[str, Path],
    conformance: dict[str, Path],
) -> dict[str, str]:
    """The text of each kind of page by name."""
    from reports.tests.test_side import invent

    root = tmp_path_factory.mktemp("pages")
    a = compare_runs.write(root / "a", Plan(seconds=20, wander=0.05))
    b = compare_runs.write(root / "b", Plan(seconds=20, wander=0.05, median_ms=3, seed=2))
    found = differential.differential([conformance["ejabberd"], conformance["prosody"]])
    return {
        "load": render(directories["busy"], "html"),
        "login": render(directories["login"], "html"),
        "side": render(invent(root / "side"), "html"),
        "compare": render_compared(compare([a, b, a]), "html"),
        "capacity": render(
            capacity_searches.write(root / "capacity", capacity_searches.search()), "html"
        ),
        "conformance": render(conformance["ejabberd"], "html"),
        "matrix": render_matrix([conformance[name] for name in SERVERS]),
        "differential": differential.render(found, "html"),
    }
