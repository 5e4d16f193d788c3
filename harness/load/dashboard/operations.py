"""The operations of a run as a table of Locust's, and as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

from harness.load.live import Snapshot

KEY = "xmpp-operations"
_COLUMNS = {
    "op": "Operation",
    "started": "# begun",
    "count": "# done",
    "errors": "# errors",
    "since": "Latency from",
    "p50": "p50 (ms)",
    "p99": "p99 (ms)",
    "p999": "p99.9 (ms)",
    "max": "Max (ms)",
}
STRUCTURE = [{"key": key, "title": title} for key, title in _COLUMNS.items()]


def rows(snapshot: Snapshot) -> list[dict[str, Any]]:
    """One for each operation of the run; milliseconds to the microsecond."""

    def ms(us: int | None) -> float | None:
        return None if us is None else us / 1000

    return [
        {
            "op": operation.op,
            "started": operation.started,
            "count": operation.latency.count,
            "errors": operation.errors,
            "since": "plan" if operation.planned else "begin",
            "p50": ms(operation.latency.p50_us),
            "p99": ms(operation.latency.p99_us),
            "p999": ms(operation.latency.p999_us),
            "max": ms(operation.latency.max_us),
        }
        for operation in snapshot.operations
    ]


def as_csv(snapshot: Snapshot) -> str:
    """The same, with a line of titles."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS.values())
    writer.writerows([row[key] for key in _COLUMNS] for row in rows(snapshot))
    return text.getvalue()
