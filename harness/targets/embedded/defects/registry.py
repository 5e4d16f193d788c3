"""What a defect is, and how it changes the server."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

_NOTHING = object()


class Patches:
    """Changes of modules, classes and tables, which can be undone."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def set(self, owner: Any, name: str, value: Any) -> Any:
        """Give a module or class another attribute; returns the one that it had."""
        stored = vars(owner).get(name, _NOTHING)
        before = getattr(owner, name)
        setattr(owner, name, value)
        if stored is _NOTHING:  # it was inherited
            self._undo.append(lambda: delattr(owner, name))
        else:
            self._undo.append(lambda: setattr(owner, name, stored))
        return before

    def put(self, table: MutableMapping[Any, Any], key: Any, value: Any) -> Any:
        """Give a table another entry; returns the one that it had, None without."""
        before = table.get(key)
        had = key in table
        table[key] = value
        self._undo.append(lambda: table.update({key: before}) if had else table.pop(key))
        return before

    def after(self, owner: Any, name: str, change: Callable[[Any], Any]) -> None:
        """Have the result of a function changed."""
        before: Any

        def patched(*args: Any, **options: Any) -> Any:
            return change(before(*args, **options))

        before = self.set(owner, name, patched)

    def undo(self) -> None:
        """Take everything back, the last change first."""
        while self._undo:
            self._undo.pop()()


@dataclass(frozen=True)
class Defect:
    """`breaks` are ids of the catalogue, `summary` says what the server does, in one line.

    `tolerated`: it goes against recommendations alone, so that a suite grades it NON-STRICT.
    """

    name: str
    breaks: tuple[str, ...]
    summary: str
    patch: Callable[[Patches], None]
    tolerated: bool = False


DEFECTS: dict[str, Defect] = {}


def defect(
    name: str, *, breaks: Sequence[str], tolerated: bool = False
) -> Callable[[Callable[[Patches], None]], Callable[[Patches], None]]:
    """Make a defect of a function; its docstring is the summary."""

    def register(patch: Callable[[Patches], None]) -> Callable[[Patches], None]:
        assert name not in DEFECTS, f"there are two defects {name!r}"
        summary = (patch.__doc__ or "").strip()
        DEFECTS[name] = Defect(name, tuple(breaks), summary, patch, tolerated)
        return patch

    return register
