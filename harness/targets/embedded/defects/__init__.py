"""Defects: ways in which the reference server can be wrong, each for tests of the suite.

A defect is a function that patches modules and classes of the server when its process starts;
the server itself holds no switches. It names the requirements that it breaks, by their ids in
the conformance catalogue, and its docstring says in one line what the server then does:

    @defect("closing-tag-unanswered", breaks=["stream-close-reply"], tolerated=True)
    def _(patches: Patches) -> None:
        \"\"\"The client's closing tag is not answered by one of ours.\"\"\"
        ...

Each file holds those of one concern, and a new file is found by itself.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from harness.errors import HarnessError
from harness.targets.embedded.defects.registry import DEFECTS, Defect, Patches

__all__ = ["DEFECTS", "Defect", "applied", "chosen", "switch_on"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


def chosen(names: Iterable[str]) -> list[Defect]:
    """The defects of these names. Raises HarnessError for one that there is not."""
    found = []
    for name in names:
        if name not in DEFECTS:
            raise HarnessError(f"unknown defect {name!r}: choose of {', '.join(sorted(DEFECTS))}")
        found.append(DEFECTS[name])
    return found


def switch_on(names: Iterable[str]) -> Patches:
    """Make the server of this process have these defects. Raises HarnessError."""
    patches = Patches()
    for defect in chosen(names):
        defect.patch(patches)
    return patches


@contextmanager
def applied(*names: str) -> Iterator[None]:
    """The same for the servers that run within this context."""
    patches = switch_on(names)
    try:
        yield
    finally:
        patches.undo()
