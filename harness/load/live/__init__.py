"""The figures of a run while it goes on: for the dashboard, the terminal and Prometheus."""

from harness.load.live.figures import Snapshot
from harness.load.live.live import Live

__all__ = ["Live", "Snapshot"]
