"""How the outcome of a case is said and graded."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from harness.record.verdicts import Verdict


class Finding(AssertionError):  # noqa: N818 - a verdict
    """FAIL: the server did not do what the requirement says."""

    def __init__(self, expected: str, observed: str) -> None:
        super().__init__(f"expected {expected}; observed {observed}")
        self.expected = expected
        self.observed = observed


class Absent(Exception):  # noqa: N818 - a verdict
    """ABSENT: the server does not offer the feature."""


class Unknown(Exception):  # noqa: N818 - a verdict
    """UNKNOWN: what was to be looked at did not come about."""


@dataclass(frozen=True)
class Allowed:
    """The allowed outcomes of a provocation, each with its grade; everything else fails.

    Outcomes are `conformance.player.describe`'s short forms, and patterns of them ("*", "?").
    `words` says what is expected, for people.
    """

    words: str
    strict: tuple[str, ...]
    lenient: tuple[str, ...] = ()

    def grade(self, observed: str) -> Verdict:
        """The verdict on an outcome."""
        if any(fnmatchcase(observed, pattern) for pattern in self.strict):
            return "PASS"
        if any(fnmatchcase(observed, pattern) for pattern in self.lenient):
            return "NON-STRICT"
        return "FAIL"


def stream_error(*conditions: str, lenient: tuple[str, ...] = ()) -> Allowed:
    """A stream error with one of these conditions; `lenient` ones, or any for "*", tolerated."""
    names = " or ".join(f"<{condition}/>" for condition in conditions)
    return Allowed(
        words=f"a stream error {names}",
        strict=tuple(f"*stream error {condition}" for condition in conditions),
        lenient=tuple(f"*stream error {condition}" for condition in lenient),
    )
