"""Reads a file of limits. Whatever is wrong in it is a HarnessError that says what is allowed."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import HarnessError
from reports.limits.metrics import METRICS

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": lambda measured, limit: math.isclose(measured, limit, rel_tol=1e-9),
}
_LIMIT = re.compile(r"([<>=!]+)\s*([0-9]+(?:\.[0-9]+)?)\s*(\S*)")


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One limit; `value` is in `unit`."""

    metric: str
    operator: str
    value: float
    unit: str

    @property
    def factor(self) -> float:
        """How many of the metric's own unit (the first of its units) one `unit` is."""
        return METRICS[self.metric].units[self.unit]

    def holds(self, measured: float) -> bool:
        """Whether a value in the metric's own unit keeps the limit."""
        return OPERATORS[self.operator](measured, self.value * self.factor)

    def __str__(self) -> str:
        return f"{self.operator} {written(self.value, self.unit)}"


class Limits(msgspec.Struct, frozen=True):
    """The limits of a file, in its order."""

    limits: list[Limit]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    limits: dict[str, Any]


def load(path: Path) -> Limits:
    """The limits of a TOML file with one table, `limits`.

    Raises HarnessError, naming file and key, for a file that cannot be read, is not TOML or has
    no limits, and for a metric, operator or unit that does not exist or does not fit.
    """
    try:
        file = msgspec.toml.decode(path.read_bytes(), type=_File)
    except OSError as error:
        raise HarnessError(f"cannot read the limits {path}: {error.strerror}") from error
    except msgspec.ValidationError as error:
        raise HarnessError(f"{path}: {error}: it must have one table, [limits]") from error
    except ValueError as error:  # msgspec's own, or the decoder of UTF-8
        raise HarnessError(f"{path} is not TOML: {error}") from error
    limits = [_parse(str(path), key, value) for key, value in _flat(file.limits)]
    if not limits:
        raise HarnessError(f'{path}: [limits] is empty: add a line such as "lost" = "== 0"')
    return Limits(limits)


def parse(key: str, text: str) -> Limit:
    """One limit such as ("lost", "== 0"). Raises HarnessError when it makes no sense."""
    return _parse("limit", key, text)


def written(value: float, unit: str, digits: int = 15) -> str:
    """A value in a unit, in at most so many significant digits."""
    rounded = float(f"{value:.{digits}g}")
    text = f"{rounded:,.0f}" if rounded.is_integer() else f"{rounded:,.9f}".rstrip("0").rstrip(".")
    return text + ("" if unit in ("", "/s") else " ") + unit


def _flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Keys that were written without quotes are tables to TOML: login.p99 is p99 in login."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _parse(where: str, key: str, value: object) -> Limit:
    def wrong(what: str) -> HarnessError:
        return HarnessError(f"{where}: {key!r}: {what}")

    metric = METRICS.get(key)
    if metric is None:
        near = get_close_matches(key, METRICS, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise wrong(f"unknown metric: {hint}there are {_names()}")
    example = f'"< 5{_gap(next(iter(metric.units)))}"'
    if not isinstance(value, str):
        raise wrong(f"{value!r} is not text: write a limit such as {example}")
    match = _LIMIT.fullmatch(value.strip())
    if match is None:
        raise wrong(f"{value!r} is no limit: write an operator and a number, such as {example}")
    sign, number, unit = match.groups()
    if sign not in OPERATORS:
        raise wrong(f"unknown operator {sign!r}: there are {' '.join(OPERATORS)}")
    if unit not in metric.units:
        given = f"the unit {unit!r} does not fit" if unit else "a unit is missing"
        raise wrong(f"{given}: this metric is {_allowed(metric.units)}, such as {example}")
    return Limit(metric=key, operator=sign, value=float(number), unit=unit)


def _allowed(units: dict[str, float]) -> str:
    names = [unit for unit in units if unit]
    return f"measured in {' or '.join(names)}" if names else "a number without a unit"


def _gap(unit: str) -> str:
    return unit if unit in ("", "/s") else f" {unit}"


def _names() -> str:
    """All metrics; those that end alike are written once."""
    ends: dict[str, list[str]] = {}
    for name in METRICS:
        prefix, _, end = name.rpartition(".")
        ends.setdefault(prefix, []).append(end)
    prefixes: dict[str, list[str]] = {}
    for prefix, found in ends.items():
        prefixes.setdefault(_choice(found), []).append(prefix)
    return ", ".join(
        f"{_choice(found)}.{end}" if all(found) else end.strip("{}").replace(",", ", ")
        for end, found in prefixes.items()
    )


def _choice(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{{{','.join(names)}}}"
