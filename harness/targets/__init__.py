"""Targets by folder name."""

from __future__ import annotations

import importlib
import pkgutil
from typing import cast

from harness.errors import HarnessError
from harness.targets import containers
from harness.targets.base import Target


def names() -> list[str]:
    """Every known target, in alphabetical order."""
    found = {module.name for module in pkgutil.iter_modules(__path__) if module.ispkg}
    return sorted(found - {"containers"})


def load(name: str, via: str | None = None) -> type[Target]:
    """The target class of that name; `via` docker, in a container.

    Raises HarnessError when there is none."""
    if via is not None and (name in names() or name in containers.IMAGES):
        return containers.target(name, via)
    if name in containers.IMAGES and name not in names():
        raise HarnessError(f"{name} runs from its image only: add --via docker")
    if name not in names():
        raise HarnessError(f"unknown target {name!r}: choose one of {', '.join(names())}")
    return cast(type[Target], importlib.import_module(f"{__name__}.{name}").TARGET)
