"""What every plot shares: its description and the parts of a plotly figure.

Figures are plain dictionaries in plotly's JSON. Colours are written `var(--name)` and resolved
by the page, which knows whether it is dark, light or printed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from harness.record.reader import Run
from reports.series import Axis
from reports.wording import amount

Trace = dict[str, Any]
TIME_TITLE = "time since the start of the run (s)"
_GAP = 0.1  # between panels, as a share of the plot's height


class Chart(msgspec.Struct):
    """A plot with its title, and a text that says in words what the plot shows."""

    id: str
    title: str
    text: str
    data: list[Trace]
    layout: dict[str, Any]
    height: int  # CSS pixels
    wide: bool = False


def line(
    name: str,
    x: Sequence[float],
    y: Sequence[float | None],
    color: str,
    *,
    dash: str = "solid",
    panel: int = 1,
    unit: str = "",
    width: float = 1.75,
    shape: str = "hv",
) -> Trace:
    """One series. None in `y` leaves a gap.

    Over time a value holds for its whole step (`shape` "hv"; the page adds the step's end):
    a slope between two seconds would show rates that nobody measured.
    """
    axis = "" if panel == 1 else str(panel)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(x),
        "y": [None if value is None else round(value, 4) for value in y],
        "line": {"color": f"var(--{color})", "width": width, "dash": dash, "shape": shape},
        "hovertemplate": f"%{{y:,.4~g}}{unit}",
        "yaxis": f"y{axis}",
    }


def layout(x_title: str, *y_axes: dict[str, Any], shapes: Sequence[Any] = ()) -> dict[str, Any]:
    """A layout with one panel per y axis, from top to bottom, over one common x axis."""
    share = (1 - _GAP * (len(y_axes) - 1)) / len(y_axes)
    result: dict[str, Any] = {
        "xaxis": _axis({"title": {"text": x_title}, "anchor": f"y{_suffix(len(y_axes))}"}),
        "shapes": list(shapes),
        "showlegend": True,
        "hovermode": "x unified",
    }
    for number, y_axis in enumerate(y_axes, start=1):
        top = 1 - (number - 1) * (share + _GAP)
        bottom = 0.0 if number == len(y_axes) else top - share
        result[f"yaxis{_suffix(number)}"] = _axis({**y_axis, "domain": [bottom, top]})
    return result


def y_axis(title: str) -> dict[str, Any]:
    """A value axis that starts at zero."""
    return {"title": {"text": title}, "rangemode": "tozero"}


def log_axis(title: str, *series: Iterable[float | None]) -> dict[str, Any]:
    """A logarithmic value axis for these series, ticked at 1, 2 and 5 where there is room."""
    exponents = [math.log10(v) for values in series for v in values if v is not None and v > 0]
    lowest, highest = min(exponents, default=0), max(exponents, default=0)
    steps = (1, 2, 5) if highest - lowest <= 2.5 else (1,)
    decades = range(math.floor(lowest), math.ceil(highest) + 1)
    ticks = [step * 10.0**decade for decade in decades for step in steps]
    return {
        "title": {"text": title},
        "type": "log",
        "tickvals": ticks,
        "ticktext": [f"{tick:,.6g}" for tick in ticks],
    }


def bands(seconds: Sequence[int]) -> list[dict[str, Any]]:
    """A shaded band over each stretch of these seconds, across all panels."""
    stretches: list[list[int]] = []
    for t in seconds:
        if stretches and stretches[-1][1] == t:
            stretches[-1][1] = t + 1
        else:
            stretches.append([t, t + 1])
    return [
        {
            "type": "rect",
            "xref": "x",
            "yref": "paper",
            "x0": start,
            "x1": end,
            "y0": 0,
            "y1": 1,
            "fillcolor": "var(--band)",
            "line": {"width": 0},
            "layer": "below",
        }
        for start, end in stretches
    ]


def edges(run: Run) -> list[dict[str, Any]]:
    """Dotted lines where the measured part starts and ends, as far as the outcome says."""
    outcome = run.outcome
    if outcome is None or outcome.load_start_t is None:
        return []
    end = None if outcome.load_s is None else outcome.load_start_t + outcome.load_s
    return [_mark(t) for t in (outcome.load_start_t, end) if t is not None]


def measured_part(run: Run) -> str:
    """The sentence that explains `edges`; empty when there are none."""
    return " Dotted lines: the measured part starts and ends." if edges(run) else ""


def step(on: Axis, how: str) -> str:
    """The sentence that says how several seconds became one point; empty when none did."""
    return "" if on.step == 1 else f" Each point covers {on.step} s ({how})."


def top(values: Iterable[float | None]) -> str:
    """The largest known value, for a sentence."""
    most = max((value for value in values if value is not None), default=None)
    return f"{most:,.0f}" if most is not None and most == int(most) else amount(most)


def _mark(t: float) -> dict[str, Any]:
    return {
        "type": "line",
        "xref": "x",
        "yref": "paper",
        "x0": t,
        "x1": t,
        "y0": 0,
        "y1": 1,
        "line": {"color": "var(--muted)", "width": 1, "dash": "dot"},
    }


def _axis(own: dict[str, Any]) -> dict[str, Any]:
    return {
        "gridcolor": "var(--grid)",
        "linecolor": "var(--rule)",
        "zerolinecolor": "var(--rule)",
        "automargin": True,
        **own,
    }


def _suffix(number: int) -> str:
    return "" if number == 1 else str(number)
