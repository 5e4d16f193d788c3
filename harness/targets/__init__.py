"""Targets by folder name."""

from __future__ import annotations

import importlib
import pkgutil
from typing import cast

from harness.errors import HarnessError
from harness.targets.base import Target


def names() -> list[str]:
    """Every known target, in alphabetical order."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)


def load(name: str) -> type[Target]:
    """The target class of that name. Raises HarnessError when there is none."""
    if name not in names():
        raise HarnessError(f"unknown target {name!r}: choose one of {', '.join(names())}")
    return cast(type[Target], importlib.import_module(f"{__name__}.{name}").TARGET)
