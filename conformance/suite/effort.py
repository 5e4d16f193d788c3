"""How generated cases are fed: how many examples, and what these depend on: the seed alone."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.internal.conjecture.providers import HypothesisProvider
from hypothesis.internal.constants_ast import Constants

EXAMPLES = {"dev": 4, "ci": 10, "nightly": 200}
_KEPT = ".hypothesis/examples"  # of nightly runs: what failed once is tried first


def load(effort: str) -> None:
    """Set Hypothesis up for the cases; to be called before they are collected.

    The same seed gives every server the same inputs. Hypothesis would stir in two things more:
    where the variable `CI` is set it ignores the seed, and it tries the constants that it finds
    in the modules loaded so far, which differ with the target.
    """
    vars(HypothesisProvider)["_local_constants"].func = lambda _: Constants()
    settings.register_profile(
        "conformance",
        max_examples=EXAMPLES[effort],
        derandomize=False,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        database=DirectoryBasedExampleDatabase(Path(_KEPT)) if effort == "nightly" else None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    )
    settings.load_profile("conformance")


def fewer(divisor: int) -> settings:
    """For a case whose examples are long: so many times fewer than the effort of the run asks
    for, but one at least. To be called when cases are collected, since then the effort is known."""
    profile = settings.default
    return settings(max_examples=max(1, (profile.max_examples if profile else 1) // divisor))
