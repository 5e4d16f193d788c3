"""The highest load that meets an objective: growing steps, then bisection, then repeats.

Each step is a run of `harness.bench` in a directory of its own.
"""

from __future__ import annotations

from harness.capacity.run import Ask, run

__all__ = ["Ask", "run"]
