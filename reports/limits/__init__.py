"""Limits that a run must keep: written in a TOML file, checked on a record.

    [limits]
    "delivery.p99" = "< 50 ms"
    "lost" = "== 0"

`METRICS` names everything that a limit may be set for.
"""

from __future__ import annotations

from harness.record.checks import Check
from reports.limits.checks import evaluate, text
from reports.limits.junitxml import junit
from reports.limits.metrics import METRICS
from reports.limits.parsing import Limit, Limits, load, parse

__all__ = ["METRICS", "Check", "Limit", "Limits", "evaluate", "junit", "load", "parse", "text"]
