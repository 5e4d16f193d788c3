"""Plans of arrivals: when each operation is due, in seconds after the start of the load.

A plan is an iterator of times that never fall; it knows nothing of clocks, servers or loops. The
whole run has one plan, and each worker takes its part of it (`share`), so that any number of
workers do exactly what one would.

    constant:200              200 a second, evenly
    poisson:200               200 a second on average, independent of each other
    ramp:10..500/60           from 10 to 500 a second within 60 s, then 500
    steps:100x30,200x30       100 a second for 30 s, then 200 for 30 s, then the end
    trace:FILE                one time in seconds on each line of the file, rising
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from harness.errors import HarnessError

_NUMBER = r"(\d+(?:\.\d+)?)"
_RATE = re.compile(_NUMBER)
_RAMP = re.compile(rf"{_NUMBER}\.\.{_NUMBER}/{_NUMBER}")
_STEP = re.compile(rf"{_NUMBER}x{_NUMBER}")
KINDS = "constant:R, poisson:R, ramp:R..R/S, steps:RxS,RxS or trace:FILE"


def plan(spec: str, seed: int | str = 0) -> Iterator[float]:
    """The plan of that description. Raises HarnessError for one that makes no sense."""
    kind, _, rest = spec.partition(":")
    if kind in ("constant", "poisson") and (found := _RATE.fullmatch(rest)):
        rate = _positive(spec, found[1])
        return constant(rate) if kind == "constant" else poisson(rate, Random(seed))
    if kind == "ramp" and (found := _RAMP.fullmatch(rest)):
        first, last = float(found[1]), float(found[2])
        if not first + last:
            raise _wrong(spec)
        return ramp(first, last, _positive(spec, found[3]))
    if kind == "steps" and all(_STEP.fullmatch(part) for part in rest.split(",")):
        parts = [part.split("x") for part in rest.split(",")]
        return steps([(float(rate), _positive(spec, length)) for rate, length in parts])
    if path := file_of(spec):
        return iter(trace(path))
    raise _wrong(spec)


def file_of(spec: str) -> Path | None:
    """The file that a plan is read from; None for a plan that stands for itself."""
    kind, _, rest = spec.partition(":")
    return Path(rest) if kind == "trace" and rest else None


def share(times: Iterator[float], worker: int, workers: int) -> Iterator[float]:
    """What worker number `worker` (from 0) of so many does of the plan."""
    return itertools.islice(times, worker, None, workers)


def constant(rate: float) -> Iterator[float]:
    """`rate` a second, evenly; the first at 0."""
    return (number / rate for number in itertools.count())


def poisson(rate: float, random: Random) -> Iterator[float]:
    """`rate` a second on average; the gaps are independent and exponential."""
    return itertools.accumulate(random.expovariate(rate) for _ in itertools.repeat(None))


def ramp(first: float, last: float, seconds: float) -> Iterator[float]:
    """From `first` to `last` a second within `seconds`, then `last`.

    Arrival n is due when the area under the rate has reached n.
    """
    within = (first + last) / 2 * seconds
    growth = (last - first) / seconds
    for number in itertools.count():
        if number < within:
            yield _when(first, growth, number)
        elif last:
            yield seconds + (number - within) / last
        else:
            return


def _when(first: float, growth: float, number: int) -> float:
    """The root of first * t + growth * t^2 / 2 = number that comes first; stable near growth 0."""
    if not number:
        return 0.0
    return 2 * number / (first + math.sqrt(max(first * first + 2 * growth * number, 0.0)))


def steps(parts: Sequence[tuple[float, float]]) -> Iterator[float]:
    """(rate, seconds) one after the other, then the end. A rate of 0 is a pause."""
    begin = 0.0
    for rate, seconds in parts:
        for number in itertools.count():
            if not rate or number / rate >= seconds:
                break
            yield begin + number / rate
        begin += seconds


def trace(path: Path) -> list[float]:
    """The times of a file. Raises HarnessError that names the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise HarnessError(f"cannot read the trace {path}: {error}") from error
    times: list[float] = []
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            time = float(text)
        except ValueError:
            raise HarnessError(f"{path} line {number}: {text!r} is no time in seconds") from None
        if not math.isfinite(time) or time < (times[-1] if times else 0.0):
            raise HarnessError(f"{path} line {number}: times must be 0 or more and must not fall")
        times.append(time)
    if not times:
        raise HarnessError(f"the trace {path} holds no times: write one on each line, in seconds")
    return times


def _positive(spec: str, text: str) -> float:
    if not (value := float(text)):
        raise _wrong(spec)
    return value


def _wrong(spec: str) -> HarnessError:
    return HarnessError(f"arrivals {spec!r} are no plan: write {KINDS}, with numbers above 0")
