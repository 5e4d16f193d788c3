"""Figures from a page in the text format of OpenMetrics or Prometheus.

Of the page only the lines of the wanted metrics are parsed: it may have thousands of others.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Collection
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

from harness.errors import HarnessError
from harness.statistics.said import Said
from harness.targets.probe import tls_context
from harness.targets.sources import OpenMetrics

_LARGEST = 16 * 1024 * 1024  # bytes of a page


class Reader:
    """Asks for the page on a connection that is kept."""

    def __init__(self, source: OpenMetrics, timeout_s: float) -> None:
        self._source = source
        parts = urlsplit(source.url)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host, port = parts.hostname or "", parts.port
        self._http: http.client.HTTPConnection
        if parts.scheme == "https":
            context: ssl.SSLContext = tls_context(source.ca, source.verify)
            self._http = http.client.HTTPSConnection(host, port, timeout=timeout_s, context=context)
        else:
            self._http = http.client.HTTPConnection(host, port, timeout=timeout_s)

    def __call__(self) -> Said:
        source = self._source
        wanted = {*source.sessions, *source.figures.values()}
        totals = sums(self._page(), wanted)
        sessions = next((totals[name] for name in source.sessions if name in totals), None)
        if sessions is None and not totals:
            raise HarnessError(
                f"{source.url} has none of the metrics {', '.join(sorted(wanted))}: name the one "
                "that counts sessions as observe.sessions in the profile"
            )
        return Said(
            0.0,
            sessions=None if sessions is None else round(sessions),
            figures={name: totals[at] for name, at in source.figures.items() if at in totals},
        )

    def _page(self) -> str:
        try:
            self._http.request("GET", self._path, headers={"Accept": "text/plain"})
            response = self._http.getresponse()
            body = response.read(_LARGEST)
        except http.client.HTTPException as error:
            raise HarnessError(f"{self._source.url}: {type(error).__name__}") from None
        if response.status != http.client.OK:
            raise HarnessError(f"{self._source.url} answered {response.status} {response.reason}")
        return body.decode("utf-8", "replace")


def sums(page: str, wanted: Collection[str]) -> dict[str, float]:
    """The sum of each wanted metric over its labels; those that are not there are left out.

    Raises ValueError for a line that cannot be understood.
    """
    found: dict[str, float] = {}
    for line in page.splitlines():
        name = line.partition("{")[0].partition(" ")[0]
        if name not in wanted:
            continue
        sample = line.partition(" # ")[0]  # without its exemplar
        for family in text_string_to_metric_families(f"{sample}\n"):
            for one in family.samples:
                found[name] = found.get(name, 0.0) + one.value
    return found
