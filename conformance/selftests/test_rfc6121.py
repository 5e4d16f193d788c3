"""RFC 6121 in the catalogue: the features of its section 12, and what stands beneath them."""

from __future__ import annotations

from conformance import catalogue
from conformance.inventory import collect
from harness.record.verdicts import Requirement

FEATURES = 17  # counted in section 12 of the text
REQUIREMENTS = 90  # besides features, at least


def _entries() -> list[Requirement]:
    return [entry for entry in catalogue.load().values() if entry.document == "RFC 6121"]


def test_all_features_are_there_and_tested() -> None:
    bound, _ = collect()
    features = [entry.id for entry in _entries() if entry.feature]
    assert len(features) == FEATURES
    assert [identifier for identifier in features if not bound.get(identifier)] == []


def test_the_text_is_cut_fine() -> None:
    assert sum(not entry.feature for entry in _entries()) >= REQUIREMENTS
