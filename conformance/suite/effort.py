"""How many examples a generated case gets."""

from __future__ import annotations

from hypothesis import settings


def fewer(divisor: int) -> settings:
    """For a case whose examples are long: so many times fewer than the effort of the run asks
    for, but one at least. To be called when cases are collected, since then the effort is known."""
    profile = settings.default
    return settings(max_examples=max(1, (profile.max_examples if profile else 1) // divisor))
