"""The catalogue and the cases fit together."""

from __future__ import annotations

from conformance import catalogue
from conformance.inventory import collect


def test_every_case_has_its_requirement_and_every_requirement_its_case() -> None:
    bound, loose = collect()
    assert not loose
    assert catalogue.problems(catalogue.load(), bound) == []


def test_all_observable_features_are_tested() -> None:
    bound, _ = collect()
    missing = [
        entry.id
        for entry in catalogue.load().values()
        if entry.feature and catalogue.observable(entry) and not bound.get(entry.id)
    ]
    assert missing == []
